"""An access token of ours that comes back, at userinfo, introspection or exchange: does it stand, and for whom?"""

from __future__ import annotations

from dataclasses import dataclass

from broker import policy
from broker.errors import AccessDenied, InvalidGrant
from broker.grants import operators, revoked, standing
from broker.grants.request import People
from broker.model import Client, Configuration, Entitlement, Session, Terms
from broker.store import Store, Transaction
from broker.store.records import Grant
from broker.tokens.access import AccessToken


@dataclass(frozen=True, slots=True)
class Person:
    """Behind a token: the grant, whose client may be another than the token's, and what may be said now."""

    grant: Grant
    session: Session
    entitlement: Entitlement  # towards the token's client

    @property
    def terms(self) -> Terms:
        return self.grant.terms


@dataclass(frozen=True, slots=True)
class Desk:
    """Where tokens are looked up. `store`: the whole, or one transaction of it."""

    store: Store | Transaction
    people: People
    configuration: Configuration
    now: int

    def standing(self, token: AccessToken) -> Person | policy.Service | None:
        """Who is behind it; None: a workload that speaks for no tenant.

        Raises InvalidGrant: token_revoked, client_unknown, those of `standing`, `operators`, and of the guard.
        """
        if revoked.is_revoked(self.store.deployment, token):
            raise InvalidGrant("token_revoked")
        if token.workload:
            return self._service(token)
        return self._person(token, str(token.tenant))

    def refreshing(self, refresh_token: str) -> Grant:
        """The grant of a refresh token that would be redeemed now.

        Raises InvalidGrant: refresh_unknown, refresh_expired, refresh_reuse (it was used before), those of `standing`.
        """
        tenant = self.store.deployment.owner_of_refresh(refresh_token)
        use = self.store.of(tenant).peek_refresh(refresh_token) if tenant is not None else None
        if tenant is None or use is None:
            raise InvalidGrant("refresh_unknown")
        if use.state != "fresh":
            raise InvalidGrant("refresh_reuse" if use.state == "used" else "refresh_expired")
        store = self.store.of(tenant)
        found = store.grant(use.grant_id)
        client = self._client(found.client_id if found else "")
        grant = standing.require_standing(found, client, self.now)
        session = standing.session_behind(grant, store, self.people, self.configuration)
        standing.entitled(self.people, self.configuration, session, client)
        return grant

    def _service(self, token: AccessToken) -> policy.Service | None:
        """The workload whose token it is, not who exchanged it."""
        if token.sub not in self.configuration.clients:
            raise InvalidGrant("client_unknown")
        if token.tenant is None:
            return None
        try:
            return policy.admit_workload(self.configuration, token.sub, token.tenant)
        except AccessDenied as refused:
            raise InvalidGrant(refused.reason) from refused

    def _person(self, token: AccessToken, tenant: str) -> Person:
        store = self.store.of(tenant)
        found = store.grant(token.grant_id)
        grant = standing.require_standing(found, self._client(found.client_id if found else token.client_id), self.now)
        session = standing.session_behind(grant, store, self.people, self.configuration)
        if grant.client_id != token.client_id:  # it was exchanged: both must still be allowed
            standing.entitled(self.people, self.configuration, session, self._client(grant.client_id))
        client = self._client(token.client_id)
        person = Person(grant, session, standing.entitled(self.people, self.configuration, session, client))
        if grant.terms.operator_sid is not None:
            self._require_operator(person, store.session(grant.terms.operator_sid), client)
        return person

    def _require_operator(self, person: Person, operator: Session | None, client: Client) -> None:
        """Whoever acts for the person is still signed in, and still may."""
        session = standing.living(operator, self.people, self.configuration)
        allowed = operators.require(self.people, self.configuration, session, client)
        operators.require_subject(allowed, person.entitlement)

    def _client(self, client_id: str) -> Client:
        client = self.configuration.clients.get(client_id)
        if client is None:
            raise InvalidGrant("client_unknown")
        return client
