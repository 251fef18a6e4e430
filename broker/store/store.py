"""The store's front: one object for a process, shared by its threads; SQLite and PostgreSQL behave alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from broker.seal import Seal
from broker.store import schema, statements
from broker.store.deployment import DeploymentStore
from broker.store.devices import DeviceStore
from broker.store.engine import Database
from broker.store.sealing import Sealing
from broker.store.tenant import TenantStore
from broker.store.transaction import Transaction


class Store:
    """`url` as in engine.Database. Opens nothing until its first use: build it, fork, use it."""

    def __init__(self, url: str, seal: Seal, clock: Callable[[], float]) -> None:
        self._database = Database(url)
        self._sealing = Sealing(seal)
        self._clock = clock
        self.deployment = DeploymentStore(self._database, self._sealing, clock)
        self.devices = DeviceStore(self._database, self._sealing, clock)

    def of(self, tenant: str) -> TenantStore:
        return TenantStore(tenant, self._database, self._sealing, self._clock)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commits when the block ends, rolls back when it raises."""
        with self._database.several() as link:
            transaction = Transaction(link, self._sealing, self._clock)
            yield transaction
            transaction.finish()

    def upgrade(self) -> None:
        """Make or renew the schema; safe to call from several processes at once."""
        schema.upgrade(self._database)

    def require_head(self) -> None:
        """Raises StoreError `not_at_head`."""
        schema.require_head(self._database)

    def empty(self) -> bool:
        return schema.empty(self._database)

    def ping(self) -> None:
        """Raises StoreError when the database does not answer."""
        with self._database.one() as link:
            link.run(statements.PING)

    def close(self) -> None:
        """Close every connection; call it before forking if the store was used."""
        self._database.close()


class StoreDocuments:
    """The connectors' last-known-good documents, each in its tenant's part of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, tenant: str, idp: str, kind: str) -> tuple[bytes, int] | None:
        return self._store.of(tenant).load_document(idp, kind)

    def save(self, tenant: str, idp: str, kind: str, body: bytes, fetched_at: int) -> None:
        self._store.of(tenant).save_document(idp, kind, body, fetched_at)
