"""Another active tenant for somebody who has signed in: the one way in which a session answers for two tenants.

What the other tenant asks of a sign-in, the existing one must have met; where it has not, the person's identity
provider is asked again. A switch is a session of its own, which lasts no longer than the one that it came from may.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from broker import policy
from broker.errors import AccessDenied, LoginRequired
from broker.model import AuditEvent, AuthRequest, Client, Configuration, Session
from broker.policy import Address
from broker.sessions import Sessions
from broker.signin.flow import SignIn
from broker.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class Offer:
    """A tenant that one of a browser's persons may be active in.

    source: the living session that proves them. there: what it would be with that tenant. step_up: why their IdP must
    be asked again; None: nothing is left to ask.
    """

    source: Session
    there: Session
    step_up: str | None

    @property
    def tenant(self) -> str:
        return self.there.tenant

    @property
    def own(self) -> bool:
        """It is a session of that tenant already."""
        return self.source.tenant == self.tenant


class Switching:
    def __init__(self, store: Store, sessions: Sessions, signin: SignIn, clock: Callable[[], float]) -> None:
        self._store = store
        self._sessions = sessions
        self._signin = signin
        self._clock = clock

    def offers(
        self, configuration: Configuration, request: AuthRequest, browser: str, ip: Address
    ) -> tuple[Offer, ...]:
        """One a tenant and person, that which asks for nothing first. The request may name tenant, IdP and person."""
        client, found = configuration.clients[request.client_id], dict[tuple[str, str, str, str], Offer]()
        for source in self._store.deployment.browser_sessions(browser):
            if request.id_token_hint_sub not in {None, source.sub}:
                continue
            if request.asked_idp is not None and _realm(source) != (request.asked_tenant, request.asked_idp):
                continue
            for offer in self._of(configuration, request, client, source, ip):
                person = (offer.tenant, source.home_tenant, source.idp, source.sub)
                if person not in found or _less_asked(offer, found[person]):
                    found[person] = offer
        return tuple(found.values())

    def switch(
        self, configuration: Configuration, request: AuthRequest, offer: Offer, browser: str, ip: Address
    ) -> Session:
        """The session that may answer for the offered tenant. Raises LoginRequired where the IdP must be asked again.

        AccessDenied: those of the guard, and guest_bound.
        """
        if offer.step_up is not None:
            raise LoginRequired(offer.step_up)
        if offer.own:
            return offer.source
        with self._store.transaction() as transaction:
            return self._open(transaction, configuration, towards(request, offer), offer.source, browser, ip)

    def _open(
        self,
        transaction: Transaction,
        configuration: Configuration,
        request: AuthRequest,
        source: Session,
        browser: str,
        ip: Address,
    ) -> Session:
        tenant = str(request.tenant)
        try:
            admitted = policy.admit(
                configuration,
                request.client_id,
                tenant,
                source.idp,
                now=self._clock(),
                home_tenant_id=source.home_tenant,
                ip=ip,
            )
            session = self._sessions.switch(transaction, admitted, source, browser)
        except AccessDenied as refused:
            raise refused.about(tenant=tenant) from None
        event = _event(request, source, session)
        transaction.record(event)
        transaction.record(replace(event, tenant=session.tenant))
        return session

    def _of(
        self, configuration: Configuration, request: AuthRequest, client: Client, source: Session, ip: Address
    ) -> list[Offer]:
        offers = []
        for tenant in self._sessions.reach(configuration, source):
            there = self._sessions.elsewhere(configuration, source, client, tenant, ip=ip)
            if there is None or request.asked_tenant not in {None, tenant}:
                continue
            if policy.returns_to(configuration, client.client_id, request.redirect_uri, tenant):
                offers.append(Offer(source, there, self._step_up(configuration, request, source, there)))
        return offers

    def _step_up(
        self, configuration: Configuration, request: AuthRequest, source: Session, there: Session
    ) -> str | None:
        if "login" in request.prompt:
            return "prompt_login"
        if not self._sessions.alive(configuration, there):
            return "session_limits"
        idp = configuration.tenants[source.home_tenant].identity_providers[source.idp]
        if idp.refresh is not None and source.tenant != there.tenant:
            return "upstream_unchecked"  # one upstream refresh token keeps one session
        return self._signin.shortcoming(configuration, request, there)


def _realm(session: Session) -> tuple[str, str]:
    return session.home_tenant, session.idp


def towards(request: AuthRequest, offer: Offer) -> AuthRequest:
    """The request with what the person chose."""
    return replace(request, tenant=offer.tenant, home_tenant=offer.source.home_tenant, idp=offer.source.idp)


def _less_asked(one: Offer, other: Offer) -> bool:
    return (one.step_up is not None, not one.own) < (other.step_up is not None, not other.own)


def _event(request: AuthRequest, source: Session, session: Session) -> AuditEvent:
    return AuditEvent(
        "session.switched",
        "success",
        request.reference,
        tenant=source.tenant,
        client_id=request.client_id,
        idp=session.idp,
        sub=session.sub,
        sid=session.sid,
        detail={"from": source.tenant, "active_tenant": session.tenant, "home_tenant": session.home_tenant},
    )
