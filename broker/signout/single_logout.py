"""Signing out with upstreams: over SAML in both directions, at the others outwards.

Out: after sessions have ended here, their browser visits one upstream after another, each with its own signed request,
and then leaves for where it was going. What remains is kept sealed under a name that travels as RelayState; the
name alone neither goes on with the journey nor uses it up: that takes its own browser, or the upstream's answer.
An OpenID provider and WS-Federation send the browser back without an answer of their own: it goes on by its cookie.
In: an upstream's signed request ends every session of that (tenant, IdP, subject), whichever browser has it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from broker import policy
from broker.audit import new_reference
from broker.connectors import Connectors, SingleLogout
from broker.connectors.saml.logout import Answered, Asked
from broker.errors import AccessDenied, AssertionRejected, UpstreamUnavailable
from broker.model import (
    AuditEvent,
    Callback,
    Configuration,
    Identity,
    IdentityProvider,
    PostForm,
    Redirect,
    Session,
    serial,
)
from broker.signout.ending import SignOut
from broker.store import Store, Transaction

KIND = "logout"  # a journey that its browser goes on with
AWAITED = "logout_answer"  # one that only the upstream's answer moves on
SECONDS = 600  # that a browser may take at one upstream
MOST = 2000  # sessions that one request ends; the rest is said to be left
AT_ONCE = 100  # in one transaction

Action = Redirect | PostForm


@dataclass(frozen=True, slots=True)
class Left:
    """The browser has been everywhere; `leave_for`: where it wants to go, None for our own page."""

    leave_for: str | None
    client_id: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """An upstream's request was carried out: answer it, once the browser has loaded `frames`."""

    action: Action | None
    frames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """One upstream session to end. known: `Identity.logout`; source: `policy.upstream_of` at the time."""

    tenant: str
    idp: str
    source: str
    known: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Journey:
    """What is left to do; `asked`: the id of the request whose answer is awaited, at the first of `stops`.

    name: public; browser: what only its browser knows beside it.
    """

    stops: tuple[str, ...]
    name: str
    browser: str
    reference: str
    leave_for: str | None
    client_id: str | None
    asked: str | None = None


@dataclass(frozen=True, slots=True)
class SetOut:
    """The browser goes to `url` and brings `browser` along, under `name`."""

    url: str
    name: str
    browser: str


class SingleLogouts:
    def __init__(
        self, issuer: str, store: Store, connectors: Connectors, signout: SignOut, clock: Callable[[], float]
    ) -> None:
        self._issuer = issuer
        self._store = store
        self._connectors = connectors
        self._signout = signout
        self._clock = clock

    def begin(
        self, configuration: Configuration, ended: Sequence[Session], leave_for: str | None, client_id: str | None
    ) -> SetOut | None:
        """Where the browser goes to sign out upstream as well; None: nowhere. `leave_for`: where it goes afterwards."""
        stops = [stop for session in ended if (stop := _stop(configuration, session)) is not None]
        if not stops:
            return None
        name, browser = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        journey = Journey(tuple(stops), name, browser, new_reference(), leave_for, client_id)
        self._keep(serial.loads(Stop, stops[0]).tenant, journey)
        return SetOut(f"{self._issuer}/logout/upstream?name={name}", name, browser)

    def go_on(self, configuration: Configuration, name: str, browser: str) -> Action | Left:
        """The next upstream that can be asked. A journey that is unknown, or another browser's, is our own page."""
        found = self._store.deployment.take(KIND, f"{name} {browser}")
        return Left(None, None) if found is None else self._next(configuration, serial.loads(Journey, found[1]))

    def hear(self, configuration: Configuration, idp: IdentityProvider, callback: Callback) -> Told | Action | Left:
        """An upstream's message. Raises AssertionRejected, AccessDenied, UpstreamUnavailable; then nothing changed."""
        policy.usable_provider(configuration, idp.tenant, idp.id)
        logout = self._connectors.single_logout(idp)
        if logout is None:
            raise AccessDenied("idp_unknown")
        heard = logout.hear(callback)
        if isinstance(heard, Answered):
            return self._answered(configuration, idp, heard)
        return self._asked(configuration, idp, logout, heard)

    def _asked(self, configuration: Configuration, idp: IdentityProvider, logout: SingleLogout, asked: Asked) -> Told:
        """Where a SessionIndex is named, one of the person's sessions must have it; then all of them end."""
        named = self._store.of(idp.tenant).sessions_named(idp.id, asked.upstream, sid=None, sub=asked.person)
        known = not asked.session_indexes or any(one.upstream_sid in asked.session_indexes for one in named)
        ending = named[:MOST] if known else ()
        frames: list[str] = []
        before: Callable[[Transaction], None] | None = _once(idp, asked)
        for start in range(0, max(1, len(ending)), AT_ONCE):
            some = ending[start : start + AT_ONCE]
            frames += self._signout.end(configuration, some, reason="upstream_logout", before=before)
            before = None
        if not ending:
            return Told(logout.answer(asked, ("Requester", "UnknownPrincipal")), ())
        codes = ("Success",) if len(ending) == len(named) else ("Responder", "PartialLogout")
        return Told(logout.answer(asked, codes), tuple(frames))

    def _answered(self, configuration: Configuration, idp: IdentityProvider, answered: Answered) -> Action | Left:
        """The handle is looked up under the path's tenant, and must be waiting for this very answer of this IdP."""
        if answered.relay_state is None:
            raise AssertionRejected("unsolicited", detail="a LogoutResponse without RelayState")
        kept = self._store.of(idp.tenant).take(AWAITED, answered.relay_state)
        if kept is None:
            raise AssertionRejected("unsolicited", detail="nobody waits for this LogoutResponse")
        journey = serial.loads(Journey, kept)
        stop = serial.loads(Stop, journey.stops[0])
        if (stop.idp, journey.asked) != (idp.id, answered.in_response_to):
            self._keep(idp.tenant, journey)
            raise AssertionRejected("in_response_to", detail="answers another LogoutRequest")
        self._record(journey, stop, "status" if answered.failure else None, answered.failure)
        return self._next(configuration, replace(journey, stops=journey.stops[1:], asked=None))

    def _next(self, configuration: Configuration, journey: Journey) -> Action | Left:
        """An upstream that cannot be asked is passed over: here the sessions have ended in any case."""
        for number, text in enumerate(journey.stops):
            stop = serial.loads(Stop, text)
            try:
                _, idp = policy.usable_provider(configuration, stop.tenant, stop.idp)
                same = policy.upstream_of(idp) == stop.source
                begun = self._connectors.sign_out(idp, stop.known, journey.name) if same else None
            except (AccessDenied, UpstreamUnavailable) as error:
                self._record(journey, stop, error.reason)
                continue
            if begun is None:
                self._record(journey, stop, "logout_unsupported")
                continue
            asked = begun.memory.get("request_id")  # without one the browser comes back, but with no answer
            if asked is None:
                self._record(journey, stop, None)
            left = journey.stops[number if asked else number + 1 :]
            self._keep(stop.tenant, replace(journey, stops=left, asked=asked))
            return begun.action
        return Left(journey.leave_for, journey.client_id)

    def _keep(self, tenant: str, journey: Journey) -> None:
        own = self._store.of(tenant)
        until, kept = int(self._clock()) + SECONDS, serial.dumps(journey)
        if journey.asked is None:
            own.put(KIND, f"{journey.name} {journey.browser}", kept, until)
        else:
            own.put(AWAITED, journey.name, kept, until)

    def _record(self, journey: Journey, stop: Stop, reason: str | None, status: str | None = None) -> None:
        event = AuditEvent(
            "logout.upstream",
            "success" if reason is None else "failure",
            journey.reference,
            tenant=stop.tenant,
            client_id=journey.client_id,
            idp=stop.idp,
            reason=reason,
            detail={} if status is None else {"status": status},
        )
        with self._store.transaction() as transaction:
            transaction.record(event)


def _stop(configuration: Configuration, session: Session) -> str | None:
    """None: the IdP's configuration does not say that signing out here signs out there."""
    tenant = configuration.tenants.get(session.home_tenant)
    idp = tenant.identity_providers.get(session.idp) if tenant else None
    settings = None if idp is None else idp.saml or idp.wsfed or idp.oidc
    if idp is None or settings is None or settings.logout != "upstream":
        return None
    known = serial.loads(Identity, session.identity).logout
    return serial.dumps(Stop(session.home_tenant, idp.id, session.source, known))


def _once(idp: IdentityProvider, asked: Asked) -> Callable[[Transaction], None]:
    """A request that comes again ends no session that began since."""

    def remember(transaction: Transaction) -> None:
        if not transaction.of(idp.tenant).remember_once(f"{idp.id} {asked.replay_key}", asked.replay_until):
            raise AssertionRejected("replay")

    return remember
