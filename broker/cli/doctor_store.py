"""The store for a verb that looks without touching: where there is none yet, none is made, and no key either."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from broker.connectors import Documents
from broker.model import Deployment
from broker.seal import Seal, load_key
from broker.store import Store

_SQLITE = "sqlite:///"


class Readable:
    """Documents that can be read and not written."""

    def __init__(self, documents: Documents | None) -> None:
        self._documents = documents

    def load(self, tenant: str, idp: str, kind: str) -> tuple[bytes, int] | None:
        return None if self._documents is None else self._documents.load(tenant, idp, kind)

    def save(self, tenant: str, idp: str, kind: str, body: bytes, fetched_at: int) -> None:
        pass


@contextmanager
def found_store(deployment: Deployment, environ: Mapping[str, str]) -> Iterator[Store | None]:
    """None: a SQLite database that nobody has made. Raises StoreError (another version's schema), KeyRefused."""
    url = deployment.database_url
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).is_file():
        yield None
        return
    store = Store(url, Seal(load_key(environ, url).key), time.time)
    try:
        store.require_head()
        yield store
    finally:
        store.close()
