"""Does an upstream still let a session's person in? Asked before the session answers again, as often as configured.

    younger than `max_age`     nobody is asked
    older                      one caller asks, the others go on; a refusal ends the session and all that it gave
    no answer                  the session lives on, `outage` seconds beyond `max_age` at most

The upstream is asked outside any transaction of ours: a slow one holds up nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from broker import policy, telemetry
from broker.audit import new_reference
from broker.connectors import Connectors, Vouches
from broker.errors import AccessDenied, AssertionRejected, InvalidGrant, UpstreamUnavailable
from broker.model import AuditEvent, Configuration, IdentityProvider, Session, UpstreamRefresh
from broker.sessions import Sessions
from broker.store import Store, UpstreamHeld

# Seconds that one caller may take; after a failure, that nobody asks again. A vouching makes at most six requests of
# five seconds, each after a second of waiting: discovery and token, keys and their discovery, and those two once more.
BUSY = 60


class _End(Protocol):
    def __call__(self, configuration: Configuration, session: Session, reason: str, at: int) -> None: ...


class Renewal:
    """expel: ends a session and every grant of it (`signout.SignOut.expel`)."""

    def __init__(
        self, store: Store, connectors: Connectors, sessions: Sessions, expel: _End, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._connectors = connectors
        self._sessions = sessions
        self._expel = expel
        self._clock = clock

    def stands(self, configuration: Configuration, session: Session) -> bool:
        """Whether the session may answer again; False: it has just been ended."""
        idp = _asked_of(configuration, session)
        if idp is None or idp.refresh is None:
            return True
        here, now = self._store.of(session.tenant), int(self._clock())
        held = here.upstream(session.sid, policy.giver_of(idp)) or UpstreamHeld(session.created_at, None)
        if now - held.checked_at < idp.refresh.max_age:
            return True
        if held.refresh_token is None:
            return self._ended(configuration, session, "upstream_unchecked")
        claimed = here.claim_upstream(session.sid, policy.giver_of(idp), now - idp.refresh.max_age, now + BUSY)
        if claimed is None or claimed.refresh_token is None:
            return self._tolerated(configuration, session, idp.refresh, held.checked_at)
        try:
            self._ask(idp, session, claimed.refresh_token)
        except AssertionRejected as refused:
            return self._ended(configuration, session, f"upstream_{refused.reason}")
        except UpstreamUnavailable as failed:
            telemetry.report(failed.about(event="session.unchecked", tenant=session.tenant, idp=session.idp))
            return self._tolerated(configuration, session, idp.refresh, claimed.checked_at)
        with self._store.transaction() as transaction:
            transaction.of(session.tenant).checked_upstream(session.sid, int(self._clock()))
            transaction.record(_event(session))
        return True

    def before_refresh(self, configuration: Configuration, client_id: str, refresh_token: str) -> None:
        """What `/token` asks before it redeems one of ours. Raises InvalidGrant `upstream_ended`.

        A token that is not good is nobody's business here: the grant refuses it with its own reason.
        """
        tenant = self._store.deployment.owner_of_refresh(refresh_token)
        if tenant is None:
            return
        here = self._store.of(tenant)
        use = here.peek_refresh(refresh_token)
        grant = here.grant(use.grant_id) if use is not None and use.state == "fresh" else None
        if grant is None or grant.client_id != client_id or grant.revoked_at is not None:
            return
        if not self.stands(configuration, grant.session):
            raise InvalidGrant("upstream_ended").about(client_id=client_id, tenant=tenant)

    def _ask(self, idp: IdentityProvider, session: Session, refresh_token: str) -> None:
        """A refresh token that comes is kept at once: the old one is gone, whatever the rest of the answer is worth.

        Raises AssertionRejected, UpstreamUnavailable.
        """
        connector = self._connectors.of(idp)
        if not isinstance(connector, Vouches):
            raise AssertionRejected("unchecked", detail=f"protocol {idp.protocol} has no such question")
        keep = partial(self._store.of(session.tenant).rotated_upstream, session.sid, policy.giver_of(idp))
        connector.vouch(self._sessions.identity(session), refresh_token, keep)

    def _tolerated(
        self, configuration: Configuration, session: Session, limits: UpstreamRefresh, checked_at: int
    ) -> bool:
        """Somebody else is asking, or nobody answers."""
        if self._clock() - checked_at < limits.max_age + limits.outage:
            return True
        return self._ended(configuration, session, "upstream_unavailable")

    def _ended(self, configuration: Configuration, session: Session, reason: str) -> bool:
        self._expel(configuration, session, reason, int(self._clock()))
        return False


def _asked_of(configuration: Configuration, session: Session) -> IdentityProvider | None:
    """None: the guard refuses such a session anyway, and what one upstream gave is never shown to another."""
    try:
        _, idp = policy.usable_provider(configuration, session.home_tenant, session.idp)
    except AccessDenied:
        return None
    same = session.source == policy.upstream_of(idp) and policy.serves(idp, session.upstream)
    return idp if same else None


def _event(session: Session) -> AuditEvent:
    return AuditEvent(
        "session.checked",
        "success",
        new_reference(),
        tenant=session.tenant,
        idp=session.idp,
        sub=session.sub,
        sid=session.sid,
    )
