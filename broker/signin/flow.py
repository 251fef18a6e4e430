"""The use case itself. Read `start`, `answer`, `arrive`, `resume` top to bottom: that is one sign-in.

Leg 1 ends with the browser at the IdP and one sealed row. Leg 2 verifies the answer and ends with a session, a code and
an audit event in one transaction. A cross-site POST (ACS) proves the identity, parks it, and arrives by a GET that can
read the browser's session cookie (contract section 2, Hosts and cookies).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from broker import assurance, policy
from broker.connectors import Connector, Connectors
from broker.enrichment import Enrichment
from broker.errors import AssertionRejected, LoginRequired
from broker.model import (
    AuditEvent,
    AuthRequest,
    Callback,
    Configuration,
    Identity,
    IdentityProvider,
    Lifetimes,
    PostForm,
    Redirect,
    Session,
    serial,
)
from broker.policy import Address, Admitted
from broker.sessions import Sessions
from broker.signin import leaving, sufficiency
from broker.signin.correlation import Correlation, Fault, lost
from broker.signin.issuing import Asking, Completed, Issuing, admit
from broker.signin.portal import Landing
from broker.store import Store, Transaction

Cookies = Callable[[str], str | None]  # a transaction's name -> what this browser sent for it


@dataclass(frozen=True, slots=True)
class Started:
    """Send the browser to the IdP and give it the transaction cookie."""

    action: Redirect | PostForm
    name: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The IdP's POST was good; the browser comes back by GET for the rest."""

    name: str
    idp: IdentityProvider


@dataclass(frozen=True, slots=True)
class Arrival:
    """A verified identity, parked between the POST and the GET; the store keeps it sealed."""

    request: str
    identity: str
    source: str  # `policy.upstream_of` at the time


class SignIn:
    def __init__(
        self,
        *,
        store: Store,
        connectors: Connectors,
        sessions: Sessions,
        correlation: Correlation,
        enrichment: Enrichment,
        lifetimes: Lifetimes,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._connectors = connectors
        self._sessions = sessions
        self._enrichment = enrichment
        self._correlation = correlation
        self._issuing = Issuing(lifetimes, clock)
        self._lifetimes = lifetimes
        self._clock = clock

    def start(self, configuration: Configuration, request: AuthRequest, ip: Address) -> Started:
        """Leg 1: `request` names tenant, home tenant and IdP. Raises AccessDenied, UpstreamUnavailable."""
        admitted = self._admit(configuration, request, ip)
        expires_at = int(self._clock()) + self._lifetimes.sign_in
        name = self._correlation.new_name(admitted.home_tenant.id, admitted.idp.id, expires_at)
        request = sufficiency.asked(replace(request, id=name), admitted)
        begun = self._connectors.of(admitted.idp).begin(request, self._connectors.callback_url(admitted.idp))
        request = replace(request, memory=begun.memory)
        with self._store.transaction() as transaction:
            transaction.of(admitted.home_tenant.id).put("auth_request", name, serial.dumps(request), expires_at)
            transaction.record(_event("sign_in.started", request))
        return Started(begun.action, name, self._correlation.cookie(name))

    def answer(
        self,
        configuration: Configuration,
        idp: IdentityProvider,
        callback: Callback,
        cookies: Cookies,
        browser: str | None,
        ip: Address,
    ) -> Completed | Asking | Answered:
        """Leg 2: the answer of `idp`, the one that the path names; all of it unverified until `finish` returns."""
        connector = self._connectors.of(idp)
        with leaving.about(connector, idp):
            name = self._belongs(connector, idp, connector.correlate(callback), cookies)
            request = self._take_request(connector, idp, name)
            with leaving.towards_client(configuration, request, self._store.deployment):
                self._admit(configuration, request, ip)
                identity = connector.finish(request, callback, self._connectors.callback_url(idp))
                if callback.method == "POST":
                    return self._park(connector, request, identity, idp)
                return self._complete(configuration, request, identity, browser, ip)

    def arrive(
        self,
        configuration: Configuration,
        idp: IdentityProvider,
        name: str,
        cookies: Cookies,
        browser: str | None,
        ip: Address,
    ) -> Completed | Asking:
        """The GET after a cross-site POST: the same guard, the same browser, the same upstream, once."""
        connector = self._connectors.of(idp)
        with leaving.about(connector, idp):
            self._belongs(connector, idp, name, cookies)
            parked = self._store.of(idp.tenant).take("arrival", name)
            if parked is None:
                raise lost(connector.correlation, Fault.CONSUMED)
            arrival = serial.loads(Arrival, parked)
            request = serial.loads(AuthRequest, arrival.request)
            with leaving.towards_client(configuration, request, self._store.deployment):
                if arrival.source != policy.upstream_of(idp):
                    raise AssertionRejected("upstream_changed")
                identity = serial.loads(Identity, arrival.identity)
                return self._complete(configuration, request, identity, browser, ip)

    def resume(
        self, configuration: Configuration, request: AuthRequest, session: Session, ip: Address
    ) -> Completed | Asking:
        """Single sign-on: a code on an existing session, if the current rules still allow this person."""
        admitted = self._admit(configuration, request, ip)
        sufficiency.require(configuration, request, session, self._sessions.identity(session), self._clock())
        entitlement = self._sessions.entitle(configuration, session, admitted.client)
        if not entitlement.allowed:
            raise policy.denied(entitlement)
        with self._store.transaction() as transaction:
            concluded = self._issuing.conclude(transaction, admitted.client, request, session, None)
            _record(transaction, "sign_in.resumed", request, session)
        self._sessions.touch(session)
        return concluded

    def shortcoming(self, configuration: Configuration, request: AuthRequest, session: Session) -> str | None:
        """Why the IdP must be asked again before the session answers; None: it may answer."""
        return sufficiency.shortcoming(configuration, request, session, self._sessions.identity(session), self._clock())

    def abandoned(self, expired: Sequence[tuple[str, str]]) -> tuple[AuditEvent, ...]:
        """The audit events of sign-ins that nobody finished, from the store's expired rows (kind, value).

        A row is one sign-in: the answer takes the request, and what it parks takes its place.
        """
        requests = (_request_of(kind, value) for kind, value in expired)
        return tuple(replace(_event("sign_in.abandoned", request), outcome="abandoned") for request in requests)

    def _admit(self, configuration: Configuration, request: AuthRequest, ip: Address) -> Admitted:
        return admit(configuration, request, ip, self._clock())

    def _belongs(self, connector: Connector, idp: IdentityProvider, name: str | None, cookies: Cookies) -> str:
        if name is None:
            raise lost(connector.correlation, Fault.MISSING)
        fault = self._correlation.fault(name, idp.tenant, idp.id, cookies(name), self._clock())
        if fault is not None:
            raise lost(connector.correlation, fault)
        return name

    def _take_request(self, connector: Connector, idp: IdentityProvider, name: str) -> AuthRequest:
        payload = self._store.of(idp.tenant).take("auth_request", name)
        if payload is None:
            raise lost(connector.correlation, Fault.CONSUMED)
        return serial.loads(AuthRequest, payload)

    def _park(self, connector: Connector, request: AuthRequest, identity: Identity, idp: IdentityProvider) -> Answered:
        expires_at = int(self._clock()) + self._lifetimes.sign_in
        arrival = Arrival(serial.dumps(request), serial.dumps(identity), policy.upstream_of(idp))
        with self._store.transaction() as transaction:
            _remember_once(transaction, identity)
            transaction.of(idp.tenant).put("arrival", request.id, serial.dumps(arrival), expires_at)
            transaction.record(_event(f"{connector.event}.accepted", request))
        return Answered(request.id, idp)

    def _complete(
        self,
        configuration: Configuration,
        request: AuthRequest,
        identity: Identity,
        browser: str | None,
        ip: Address,
    ) -> Completed | Asking:
        admitted = self._admit(configuration, request, ip)
        identity = self._enrichment(admitted, identity, request.reference)
        cookie = secrets.token_urlsafe(32)
        with self._store.transaction() as transaction:
            if browser is not None:
                transaction.deployment.move_browser(browser, cookie)
            session = self._sessions.open(transaction, admitted, request, identity, cookie)
            _require_hinted_person(request, session)
            sufficiency.require_essential(request, assurance.acrs_of(admitted.idp, identity))
            concluded = self._issuing.conclude(transaction, admitted.client, request, session, cookie)
            _record(transaction, "sign_in.completed", request, session)
        return concluded


def _request_of(kind: str, value: str) -> AuthRequest:
    match kind:
        case "arrival":
            value = serial.loads(Arrival, value).request
        case "portal":
            value = serial.loads(Landing, value).request
    return serial.loads(AuthRequest, value)


def _require_hinted_person(request: AuthRequest, session: Session) -> None:
    """OIDC Core §3.1.2.1, id_token_hint: no positive answer about anybody else."""
    if request.id_token_hint_sub not in {None, session.sub}:
        raise LoginRequired("id_token_hint_sub", "Somebody else signed in than the application asked for.")


def _remember_once(transaction: Transaction, identity: Identity) -> None:
    """SAML Profiles §4.1.4.5: an assertion is accepted once, whatever message carries it."""
    key = identity.replay_key
    if key is not None and not transaction.of(identity.tenant).remember_once(key, identity.replay_until):
        raise AssertionRejected("replay", "This answer of your identity provider has been used before. Start again.")


def _record(transaction: Transaction, event: str, request: AuthRequest, session: Session) -> None:
    """A guest's sign-in is the home tenant's, and the host learns of it too."""
    made = _event(event, request, session)
    transaction.record(made)
    if session.guest is not None:
        detail = {"home_tenant": session.home_tenant}
        transaction.record(replace(made, event="guest.admitted", tenant=session.tenant, detail=detail))


def _event(event: str, request: AuthRequest, session: Session | None = None) -> AuditEvent:
    return AuditEvent(
        event,
        "success",
        request.reference,
        tenant=request.home_tenant,
        client_id=request.client_id,
        idp=request.idp,
        sub=session.sub if session else None,
        sid=session.sid if session else None,
        detail={"active_tenant": request.tenant} if request.tenant and request.tenant != request.home_tenant else {},
    )
