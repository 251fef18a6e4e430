"""What operators should hear of, kept by the store: said once by all workers together."""

from __future__ import annotations

from dataclasses import replace

from broker.audit import new_reference
from broker.model import AuditEvent
from broker.store import Store


class StoreNotices:
    def __init__(self, store: Store) -> None:
        self._store = store

    def once(self, tenant: str, key: str, until: int) -> bool:
        return self._store.of(tenant).remember_once(f"notice {key}", until)

    def record(self, event: AuditEvent) -> None:
        with self._store.transaction() as transaction:
            transaction.record(replace(event, reference=event.reference or new_reference()))
