"""What one request changes: code, replay mark, session, audit events. All of it is kept, or nothing."""

from __future__ import annotations

from collections.abc import Callable

from broker.model import AuditEvent
from broker.store import statements
from broker.store.deployment import DeploymentStore
from broker.store.devices import DeviceStore
from broker.store.engine import Together
from broker.store.link import Link
from broker.store.sealing import Sealing, event_row
from broker.store.tenant import TenantStore


class Transaction:
    """Use it from the thread that opened it, and nothing of the store outside it until it ends."""

    def __init__(self, link: Link, sealing: Sealing, clock: Callable[[], float]) -> None:
        self._link = link
        self._together = Together(link)
        self._sealing = sealing
        self._clock = clock
        self._events: list[dict[str, object]] = []

    def of(self, tenant: str) -> TenantStore:
        return TenantStore(tenant, self._together, self._sealing, self._clock)

    @property
    def deployment(self) -> DeploymentStore:
        return DeploymentStore(self._together, self._sealing, self._clock)

    @property
    def devices(self) -> DeviceStore:
        return DeviceStore(self._together, self._sealing, self._clock)

    def record(self, event: AuditEvent) -> None:
        """Written when the transaction ends."""
        self._events.append(event_row(event, int(self._clock())))

    def finish(self) -> None:
        """Called once by the store, before it commits."""
        for event in self._events:
            self._link.run(statements.RECORD, event)
