"""Sessions end together with their grants and audit events; who must learn of it is read in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from broker.audit import new_reference
from broker.model import AuditEvent, Configuration, Session
from broker.sessions import Sessions
from broker.signout.channels import Notice, frame
from broker.signout.delivery import Deliveries
from broker.store import Store, Transaction
from broker.tokens.pairwise import Pairwise


class SignOut:
    def __init__(
        self, issuer: str, pairwise: Pairwise, store: Store, sessions: Sessions, deliveries: Deliveries
    ) -> None:
        self._issuer = issuer
        self._pairwise = pairwise
        self._store = store
        self._sessions = sessions
        self._deliveries = deliveries

    def end(
        self,
        configuration: Configuration,
        ending: Sequence[Session],
        *,
        reason: str | None = None,
        before: Callable[[Transaction], None] | None = None,
    ) -> tuple[str, ...]:
        """End them all, or none; then tell every client that redeemed a code of theirs and still exists.

        The back channel is only begun here. Answers the addresses that the browser must load in frames.
        reason: why, for the audit event, where nobody asked for it here. before: runs first, in the same transaction,
        and may refuse by raising.
        """
        if not ending and before is None:
            return ()
        reference = new_reference()
        with self._store.transaction() as transaction:
            if before is not None:
                before(transaction)
            notices = [
                notice
                for session in sorted(ending, key=lambda session: session.sid)  # one order: no two requests deadlock
                for notice in self._end(transaction, configuration, session, reference, reason)
            ]
        self._deliveries.put([notice for notice in notices if notice.client.backchannel_logout_uri is not None])
        frames = (frame(self._issuer, self._pairwise, notice) for notice in notices)
        return tuple(address for address in frames if address is not None)

    def expel(self, configuration: Configuration, session: Session, reason: str, at: int) -> None:
        """The upstream lets this person in no more: the session ends, and what was to outlive it ends too."""

        def revoke(transaction: Transaction) -> None:
            transaction.of(session.tenant).revoke_every_grant(session.sid, at)
            transaction.of(session.tenant).forget_upstream(session.sid)

        self.end(configuration, [session], reason=reason, before=revoke)

    def _end(
        self,
        transaction: Transaction,
        configuration: Configuration,
        session: Session,
        reference: str,
        reason: str | None,
    ) -> list[Notice]:
        tenant = transaction.of(session.tenant)
        transaction.deployment.lock(f"session {session.sid}")
        if tenant.session(session.sid) is None:
            return []  # another request ended it first, and told everybody
        told = tenant.clients_of(session.sid)
        self._sessions.end(transaction, session)
        transaction.record(
            AuditEvent(
                "session.ended",
                "success",
                reference,
                tenant=session.tenant,
                idp=session.idp,
                reason=reason,
                sub=session.sub,
                sid=session.sid,
            )
        )
        return [
            Notice(configuration.clients[client_id], session.tenant, session.idp, session.sub, session.sid, reference)
            for client_id in told
            if client_id in configuration.clients
        ]
