"""Sign-ins that begin at the IdP's own portal, where its configuration allows them (SAML Profiles §4.1.5).

The verified answer opens a session, and nothing else: no code is issued that no application asked for. The browser is
sent to the application's `initiate_login_uri` (OIDC Core §4), which begins an ordinary sign-in that finds the session.
So whoever plants an answer in somebody's browser gets no code into an application. The answer is parked and its
browser comes back by GET, as after any cross-site POST.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from broker import policy
from broker.audit import new_reference
from broker.connectors import Begins, Connectors, Target
from broker.enrichment import Enrichment
from broker.errors import AccessDenied, AssertionRejected, BrokerError
from broker.model import AuditEvent, AuthRequest, Callback, Configuration, Identity, IdentityProvider, Session, serial
from broker.policy import Address, Admitted
from broker.sessions import Sessions
from broker.signin.correlation import Correlation, Fault, lost
from broker.store import Store

KIND = "portal"
SECONDS = 120  # from the POST to the GET after it
FAULTS = {
    **dict.fromkeys(("missing", "unknown", "tenant", "browser"), "unsolicited"),
    "expired": "request_expired",
    "consumed": "request_consumed",
}
Cookies = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Parked:
    """The answer was good; the browser gets this cookie and comes back by GET."""

    name: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Landed:
    """Send the browser to the application; `browser` is the new value of its session cookie."""

    location: str
    session: Session
    browser: str


@dataclass(frozen=True, slots=True)
class Landing:
    """What is kept between the two, sealed by the store."""

    request: str
    identity: str
    source: str  # `policy.upstream_of` at the time
    link: str | None


class Portal:
    def __init__(
        self,
        *,
        issuer: str,
        store: Store,
        connectors: Connectors,
        sessions: Sessions,
        correlation: Correlation,
        enrichment: Enrichment,
        clock: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._store = store
        self._connectors = connectors
        self._sessions = sessions
        self._correlation = correlation
        self._enrichment = enrichment
        self._clock = clock

    def receive(
        self, configuration: Configuration, idp: IdentityProvider, callback: Callback, ip: Address
    ) -> Parked | None:
        """None: the answer belongs to a request, or nobody may begin here; `SignIn.answer` says which."""
        connector = self._connectors.of(idp)
        if not isinstance(connector, Begins):
            return None
        request = None
        try:
            target = connector.target(callback)
            if target is None:
                return None
            request = self._request(idp, target)
            self._admit(configuration, request, ip)
            identity = connector.unsolicited(callback, self._connectors.callback_url(idp))
            return self._park(request, identity, idp, target)
        except BrokerError as error:
            _about(error, f"{connector.event}.rejected", idp, request)
            raise

    def land(
        self,
        configuration: Configuration,
        idp: IdentityProvider,
        name: str,
        cookies: Cookies,
        browser: str | None,
        ip: Address,
    ) -> Landed:
        """The GET after it: the same browser, the same upstream, once."""
        request = None
        try:
            fault = self._correlation.fault(name, idp.tenant, idp.id, cookies(name), self._clock())
            if fault is not None:
                raise lost(FAULTS, fault)
            kept = self._store.of(idp.tenant).take(KIND, name)
            if kept is None:
                raise lost(FAULTS, Fault.CONSUMED)
            landing = serial.loads(Landing, kept)
            request = serial.loads(AuthRequest, landing.request)
            if landing.source != policy.upstream_of(idp):
                raise AssertionRejected("upstream_changed")
            return self._open(self._admit(configuration, request, ip), request, landing, browser)
        except BrokerError as error:
            _about(error, "sign_in.denied", idp, request)
            raise

    def _request(self, idp: IdentityProvider, target: Target) -> AuthRequest:
        """What an application would have asked, as far as anybody can: it has no redirect URI, so it gets no code."""
        now = int(self._clock())
        return AuthRequest(
            id=self._correlation.new_name(idp.tenant, idp.id, now + SECONDS),
            client_id=target.client_id,
            redirect_uri="",
            scope=(),
            created_at=now,
            tenant=idp.tenant,
            home_tenant=idp.tenant,
            idp=idp.id,
            reference=new_reference(),
        )

    def _admit(self, configuration: Configuration, request: AuthRequest, ip: Address) -> Admitted:
        tenant, idp, now = request.tenant or "", request.idp or "", self._clock()
        admitted = policy.admit(configuration, request.client_id, tenant, idp, now=now, ip=ip)
        if admitted.client.initiate_login_uri is None:
            raise AccessDenied("unsolicited_target", "This application cannot be started from another organisation's.")
        return admitted

    def _park(self, request: AuthRequest, identity: Identity, idp: IdentityProvider, target: Target) -> Parked:
        landing = Landing(serial.dumps(request), serial.dumps(identity), policy.upstream_of(idp), target.link)
        with self._store.transaction() as transaction:
            tenant = transaction.of(idp.tenant)
            key = identity.replay_key
            if key is not None and not tenant.remember_once(key, identity.replay_until):
                raise AssertionRejected("replay", "This answer of your identity provider has been used before.")
            tenant.put(KIND, request.id, serial.dumps(landing), request.created_at + SECONDS)
            if target.ignored:
                transaction.record(_event("saml.relaystate_ignored", request))
            transaction.record(_event("saml.accepted", request))
        return Parked(request.id, self._correlation.cookie(request.id))

    def _open(self, admitted: Admitted, request: AuthRequest, landing: Landing, browser: str | None) -> Landed:
        identity = self._enrichment(admitted, serial.loads(Identity, landing.identity), request.reference)
        cookie = secrets.token_urlsafe(32)
        with self._store.transaction() as transaction:
            if browser is not None:
                transaction.deployment.move_browser(browser, cookie)
            session = self._sessions.open(transaction, admitted, request, identity, cookie)
            transaction.record(_event("sign_in.completed", request, session))
        query = {"iss": self._issuer} | ({"target_link_uri": landing.link} if landing.link else {})
        start = admitted.client.initiate_login_uri or ""
        return Landed(f"{start}{'&' if '?' in start else '?'}{urlencode(query)}", session, cookie)


def _about(error: BrokerError, event: str, idp: IdentityProvider, request: AuthRequest | None) -> None:
    known = {} if request is None else {"reference": request.reference, "client_id": request.client_id}
    error.about(event=event, tenant=idp.tenant, idp=idp.id, **known)


def _event(event: str, request: AuthRequest, session: Session | None = None) -> AuditEvent:
    return AuditEvent(
        event,
        "success",
        request.reference,
        tenant=request.tenant,
        client_id=request.client_id,
        idp=request.idp,
        sub=session.sub if session else None,
        sid=session.sid if session else None,
        detail={"began": "upstream"},
    )
