"""What a person may see of themselves and end: their sessions, and what applications may do for them.

Each session behind a browser opens what is of its own tenant and person, as far as the guard lets it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from broker.audit import new_reference
from broker.model import AuditEvent, Configuration, Consent, Session, Terms
from broker.policy import Address
from broker.sessions import Sessions
from broker.signout import SignOut
from broker.store import Grant, Store, TenantStore

BY_PERSON = "by_person"


@dataclass(frozen=True, slots=True)
class Allowed:
    scope: tuple[str, ...]
    terms: Terms


@dataclass(frozen=True, slots=True)
class Access:
    """What one application holds, or may ask for again unasked. since: the oldest of it."""

    client_id: str
    since: int
    allowed: tuple[Allowed, ...]


@dataclass(frozen=True, slots=True)
class Own:
    """A session behind the browser. stands: the guard is content; otherwise there is nothing beside the session.

    elsewhere: the person's other sessions.
    """

    session: Session
    stands: bool
    elsewhere: tuple[Session, ...] = ()
    accesses: tuple[Access, ...] = ()


class Account:
    def __init__(self, store: Store, sessions: Sessions, signout: SignOut, clock: Callable[[], float]) -> None:
        self._store = store
        self._sessions = sessions
        self._signout = signout
        self._clock = clock

    def of(self, configuration: Configuration, browser: str | None, ip: Address) -> tuple[Own, ...]:
        held = self._store.deployment.browser_sessions(browser) if browser is not None else ()
        return tuple(self._own(configuration, session, ip) for session in held)

    def end_session(self, configuration: Configuration, session: Session) -> None:
        """In another browser: what this one could load in frames means nothing to the applications there."""
        self._signout.end(configuration, [session], reason=BY_PERSON)

    def end_access(self, session: Session, client_id: str) -> None:
        """What it holds, offline too, and what it was allowed; an upstream's token that nothing needs is forgotten."""
        with self._store.transaction() as transaction:
            tenant = transaction.of(session.tenant)
            for sid in tenant.revoke_grants_to(client_id, session.sub, int(self._clock())):
                if tenant.session(sid) is None:
                    tenant.forget_upstream(sid)
            transaction.record(_event("grant.ended", session, client_id))
            if tenant.withdraw_consent(session.sub, client_id):
                transaction.record(_event("consent.withdrawn", session, client_id))

    def _own(self, configuration: Configuration, session: Session, ip: Address) -> Own:
        if not self._sessions.own(configuration, session, ip=ip):
            return Own(session, stands=False)
        tenant = self._store.of(session.tenant)
        others = (one for one in tenant.sessions_of(session.idp, session.sub) if one.sid != session.sid)
        return Own(
            session,
            stands=True,
            elsewhere=tuple(one for one in others if self._sessions.alive(configuration, one)),
            accesses=self._accesses(configuration, tenant, session.sub),
        )

    def _accesses(self, configuration: Configuration, tenant: TenantStore, sub: str) -> tuple[Access, ...]:
        held = dict[str, list[tuple[int, Allowed]]]()
        for grant in self._standing(configuration, tenant, sub):
            held.setdefault(grant.client_id, []).append((grant.created_at, Allowed(grant.scope, grant.terms)))
        for given in tenant.consents_of(sub):
            held.setdefault(given.client_id, []).append((given.given_at, _allowed(given.consent)))
        return tuple(
            Access(client_id, min(at for at, _ in several), tuple(allowed for _, allowed in several))
            for client_id, several in held.items()
        )

    def _standing(self, configuration: Configuration, tenant: TenantStore, sub: str) -> Iterator[Grant]:
        """A grant that is not offline is worth what its session is."""
        alive = dict[str, bool]()
        for grant in tenant.grants_of(sub):
            if not grant.offline and grant.sid not in alive:
                alive[grant.sid] = self._alive(configuration, tenant.session(grant.sid))
            if grant.offline or alive[grant.sid]:
                yield grant

    def _alive(self, configuration: Configuration, session: Session | None) -> bool:
        return session is not None and self._sessions.alive(configuration, session)


def _allowed(consent: Consent) -> Allowed:
    return Allowed(consent.scopes, Terms(resources=consent.resources, userinfo_claims=consent.claims))


def _event(event: str, session: Session, client_id: str) -> AuditEvent:
    return AuditEvent(
        event,
        "success",
        new_reference(),
        tenant=session.tenant,
        client_id=client_id,
        idp=session.idp,
        reason=BY_PERSON,
        sub=session.sub,
        sid=session.sid,
    )
