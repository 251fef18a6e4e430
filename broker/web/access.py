"""GET and POST /access: an application without tenant claims asks which tenants and roles a user of its has.

The bearer is the application's own access token of the person; or, in a POST with `sub`, its token for itself, about
somebody who has signed in to it. The answer is `{"sub": …, "tenants": [{"tenant": …, "roles": […]}]}`, by what is live
now, and of the application's tenants only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, request

from broker.audit import new_reference
from broker.errors import (
    BrokerError,
    InsufficientScope,
    InvalidGrant,
    InvalidRequest,
    InvalidToken,
    OAuthError,
    TokenRejected,
)
from broker.grants import People
from broker.grants.access import places, standing_with
from broker.grants.own_token import Desk, Person
from broker.model import AuditEvent, Client, Configuration
from broker.oauth2.parameters import one
from broker.store import Store
from broker.tokens.access import AccessToken, OwnTokens
from broker.tokens.pairwise import SUB, Pairwise
from broker.web.cors import Cors, asked_by
from broker.web.senders import Senders
from broker.web.userinfo import presented


@dataclass(frozen=True, slots=True)
class AccessEndpoint:
    live: Callable[[], Configuration]
    store: Store
    people: People
    tokens: OwnTokens
    pairwise: Pairwise
    senders: Senders
    cors: Cors
    record: Callable[[AuditEvent], None]
    clock: Callable[[], float]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("access", __name__)
        self.cors.register(routes)
        routes.add_url_rule("/access", "access", self.access, methods=["GET", "POST"])
        return routes

    def access(self) -> Response:
        try:
            return self._access()
        except BrokerError as refused:
            raise refused.about(event="access.rejected") from refused.__cause__

    def _access(self) -> Response:
        configuration = self.live()
        scheme, unverified = presented()
        token = self.tokens.access_token(unverified, configuration)
        client = configuration.clients[token.client_id]
        asked_by(client)
        try:
            self.senders.require_holder(request, client, scheme, unverified, token.cnf)
            _require_asking(client)
            person = self._asked_about(token, client, configuration)
        except OAuthError as refused:
            raise refused.about(client_id=client.client_id, tenant=token.tenant) from refused.__cause__
        found = places(configuration, self.store, self.people, client, person)
        tenants = [{"tenant": place.tenant, "roles": list(place.roles)} for place in found]
        response = jsonify(sub=self.pairwise.outward(client, SUB, person.session.sub), tenants=tenants)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _asked_about(self, token: AccessToken, client: Client, configuration: Configuration) -> Person:
        sub = one({name: tuple(values) for name, values in request.form.lists()}, "sub")
        if sub is None:
            person = self._person(token, configuration)
            _require_undelegated(token, person)
            return person
        _require_own(token, client)
        now = int(self.clock())
        desk = Desk(self.store, self.people, configuration, now)
        try:
            desk.standing(token)
            known = self.tokens.subject(sub, client)
        except InvalidGrant as refused:
            raise InvalidToken(refused.reason) from None
        except TokenRejected:
            raise unknown() from None
        found = standing_with(configuration, self.store, self.people, client, known, now)
        if found is None:
            raise unknown()
        self.record(_asked(found, client))
        return found

    def _person(self, token: AccessToken, configuration: Configuration) -> Person:
        """Raises InvalidToken: workload, and the reasons of `Desk`."""
        try:
            behind = Desk(self.store, self.people, configuration, int(self.clock())).standing(token)
        except InvalidGrant as refused:
            raise InvalidToken(refused.reason) from None
        if not isinstance(behind, Person):
            raise InvalidToken("workload")
        return behind


def _require_asking(client: Client) -> None:
    """Whoever reads the tenant in its tokens is told of that one alone."""
    if client.tenant_claims:
        raise InsufficientScope("tenant_claims", "This is for clients with `tenant_claims: false`.")


def _require_undelegated(token: AccessToken, person: Person) -> None:
    """A token that somebody acts with, or that was exchanged for another client's, says nothing of other tenants."""
    if token.actors or person.grant.client_id != token.client_id:
        raise InsufficientScope("delegated", "Send the token of a person who signed in to this very application.")


def _require_own(token: AccessToken, client: Client) -> None:
    """Of the application itself, for no tenant: it could have had it without anybody's help (RFC 6749 §4.4)."""
    if not token.workload or token.sub != client.client_id or token.actors or token.tenant is not None:
        raise InsufficientScope("own_token", "Send `sub` with the token of the application itself, for no tenant.")


def unknown() -> InvalidRequest:
    """One answer for whoever never signed in, signed out, or is nobody at all."""
    return InvalidRequest("person_unknown", "Nobody of this `sub` is signed in to this application.")


def _asked(person: Person, client: Client) -> AuditEvent:
    session = person.session
    return AuditEvent(
        "access.told",
        "success",
        new_reference(),
        tenant=session.home_tenant,
        client_id=client.client_id,
        idp=session.idp,
        sub=session.sub,
    )
