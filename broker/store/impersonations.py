"""Impersonations that wait for a second person, and where whoever is to be impersonated has signed in."""

from __future__ import annotations

from broker.model import Session
from broker.store import impersonation_statements as statements
from broker.store.link import Row
from broker.store.records import ImpersonationAsked
from broker.store.sealing import digest
from broker.store.upstream import UpstreamStore


class ImpersonationStore(UpstreamStore):
    """The part of `TenantStore` that operators of a help desk need."""

    def ask_impersonation(self, handle: str, asked: ImpersonationAsked, expires_at: int) -> None:
        """Keep it until somebody else approves it."""
        hashed = digest(handle)
        row = {
            "tenant": self._tenant,
            "handle": hashed,
            "client_id": asked.client_id,
            "operator": asked.operator,
            "subject": asked.subject,
            "reference": asked.reference,
            "sealed": self._sealing.close(asked.why, "impersonations", self._tenant, hashed),
            "approver": None,
            "expires_at": expires_at,
        }
        with self._connections.one() as link:
            link.run(statements.ASK_IMPERSONATION, row)

    def impersonation(self, handle: str) -> ImpersonationAsked | None:
        """None: there is none, its time is over, or it was used."""
        with self._connections.one() as link:
            return self._asked(link.row(statements.IMPERSONATION, self._handle(handle)))

    def approve_impersonation(self, handle: str, by: str) -> bool:
        """Once, in one statement, and by nobody for themselves."""
        with self._connections.one() as link:
            return link.row(statements.APPROVE_IMPERSONATION, {**self._handle(handle), "by": by}) is not None

    def take_impersonation(self, handle: str) -> ImpersonationAsked | None:
        """An approved one, once: read and deleted in one statement."""
        with self._connections.one() as link:
            return self._asked(link.row(statements.TAKE_IMPERSONATION, self._handle(handle)))

    def sessions_of_person(self, sub: str) -> tuple[Session, ...]:
        """Unexpired, in every browser and at every IdP; last seen first."""
        wanted = {"this_tenant": self._tenant, "this_sub": sub, "now": self._now()}
        with self._connections.one() as link:
            return tuple(self._sealing.session(row) for row in link.rows(statements.SESSIONS_OF_PERSON, wanted))

    def _handle(self, handle: str) -> dict[str, object]:
        return {"this_tenant": self._tenant, "this_handle": digest(handle), "now": self._now()}

    def _asked(self, row: Row | None) -> ImpersonationAsked | None:
        if row is None:
            return None
        why = self._sealing.open(row.sealed, "impersonations", self._tenant, row.handle)
        return ImpersonationAsked(row.client_id, row.operator, row.subject, why, row.reference, row.approver)
