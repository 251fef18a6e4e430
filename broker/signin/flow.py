"""The use case itself. Read `start`, `answer`, `arrive`, `resume` top to bottom: that is one sign-in.

Leg 1 ends with the browser at the IdP and one sealed row. Leg 2 verifies the answer and ends with a session, a code and
an audit event in one transaction. A cross-site POST (ACS) proves the identity, parks it, and arrives by a GET that can
read the browser's session cookie (contract section 2, Hosts and cookies).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from broker import policy
from broker.connectors import Connector, Connectors
from broker.errors import AssertionRejected, BrokerError, LoginRequired, OAuthError, ShownError
from broker.model import (
    AuditEvent,
    AuthRequest,
    Callback,
    Code,
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
from broker.signin.correlation import Correlation, Fault, lost
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
class Completed:
    """Send the browser to the client with `code`; `browser` is the new value of its session cookie, if it changed."""

    request: AuthRequest
    code: str
    session: Session
    browser: str | None


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
        lifetimes: Lifetimes,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._connectors = connectors
        self._sessions = sessions
        self._correlation = correlation
        self._lifetimes = lifetimes
        self._clock = clock

    def start(self, configuration: Configuration, request: AuthRequest, ip: Address) -> Started:
        """Leg 1: `request` names tenant, home tenant and IdP. Raises AccessDenied, UpstreamUnavailable."""
        admitted = self._admit(configuration, request, ip)
        expires_at = int(self._clock()) + self._lifetimes.sign_in
        name = self._correlation.new_name(admitted.home_tenant.id, admitted.idp.id, expires_at)
        request = replace(request, id=name)
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
    ) -> Completed | Answered:
        """Leg 2: the answer of `idp`, the one that the path names; all of it unverified until `finish` returns."""
        connector = self._connectors.of(idp)
        with _about(connector, idp):
            name = self._belongs(connector, idp, connector.correlate(callback), cookies)
            request = self._take_request(connector, idp, name)
            with _leaving(configuration, request):
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
    ) -> Completed:
        """The GET after a cross-site POST: the same guard, the same browser, the same upstream, once."""
        connector = self._connectors.of(idp)
        with _about(connector, idp):
            self._belongs(connector, idp, name, cookies)
            parked = self._store.of(idp.tenant).take("arrival", name)
            if parked is None:
                raise lost(connector.correlation, Fault.CONSUMED)
            arrival = serial.loads(Arrival, parked)
            request = serial.loads(AuthRequest, arrival.request)
            with _leaving(configuration, request):
                if arrival.source != policy.upstream_of(idp):
                    raise AssertionRejected("upstream_changed")
                identity = serial.loads(Identity, arrival.identity)
                return self._complete(configuration, request, identity, browser, ip)

    def resume(self, configuration: Configuration, request: AuthRequest, session: Session, ip: Address) -> Completed:
        """Single sign-on: a code on an existing session, if the current rules still allow this person."""
        admitted = self._admit(configuration, request, ip)
        entitlement = self._sessions.entitle(configuration, session, admitted.client)
        if not entitlement.allowed:
            raise policy.denied(entitlement)
        with self._store.transaction() as transaction:
            code = self._issue_code(transaction, request, session)
            transaction.record(_event("sign_in.resumed", request, session))
        self._sessions.touch(session)
        return Completed(request, code, session, None)

    def abandoned(self, expired: Sequence[tuple[str, str]]) -> tuple[AuditEvent, ...]:
        """The audit events of sign-ins that nobody finished, from the store's expired rows (kind, value).

        A row is one sign-in: the answer takes the request, and what it parks takes its place.
        """
        requests = (_request_of(kind, value) for kind, value in expired)
        return tuple(replace(_event("sign_in.abandoned", request), outcome="abandoned") for request in requests)

    def _admit(self, configuration: Configuration, request: AuthRequest, ip: Address) -> Admitted:
        if request.tenant is None or request.home_tenant is None or request.idp is None:
            raise ShownError("home_realm_undecided")
        admitted = policy.admit(
            configuration, request.client_id, request.tenant, request.idp, home_tenant_id=request.home_tenant, ip=ip
        )
        policy.require_return(configuration, admitted, request.redirect_uri)
        return admitted

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
    ) -> Completed:
        admitted = self._admit(configuration, request, ip)
        cookie = secrets.token_urlsafe(32)
        with self._store.transaction() as transaction:
            if browser is not None:
                transaction.deployment.move_browser(browser, cookie)
            session = self._sessions.open(transaction, admitted, request, identity, cookie)
            _require_hinted_person(request, session)
            code = self._issue_code(transaction, request, session)
            transaction.record(_event("sign_in.completed", request, session))
        return Completed(request, code, session, cookie)

    def _issue_code(self, transaction: Transaction, request: AuthRequest, session: Session) -> str:
        code = secrets.token_urlsafe(32)
        payload = Code(
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            scope=request.scope,
            tenant=session.tenant,
            sid=session.sid,
            reference=request.reference,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
        )
        expires_at = int(self._clock()) + self._lifetimes.code
        transaction.of(session.tenant).put("code", code, serial.dumps(payload), expires_at)
        return code


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


@contextmanager
def _about(connector: Connector, idp: IdentityProvider) -> Iterator[None]:
    """Audited where the answer arrived. A good answer that changes nothing (OAuthError) is no fault of the IdP's."""
    try:
        yield
    except BrokerError as error:
        denied = isinstance(error, OAuthError)
        error.about(event="sign_in.denied" if denied else f"{connector.event}.rejected", tenant=idp.tenant, idp=idp.id)
        raise


@contextmanager
def _leaving(configuration: Configuration, request: AuthRequest) -> Iterator[None]:
    """Client and redirect URI were proven before the trip to the IdP; if they still are, failures go back there."""
    try:
        yield
    except BrokerError as error:
        error.about(reference=request.reference, client_id=request.client_id)
        if policy.returns_to(configuration, request.client_id, request.redirect_uri, request.tenant or ""):
            error.leaving_by(request.redirect_uri, request.state)
        raise
