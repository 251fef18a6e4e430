"""The store for verbs that need nothing else: BROKER_DATABASE_URL and the encryption key (contract section 4)."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from broker.errors import StoreError
from broker.seal import Seal, load_key
from broker.store import Store


@contextmanager
def open_store() -> Iterator[Store]:
    """Raises StoreError and seal.KeyRefused; a database out of reach in words for an operator, not for a browser."""
    url = os.environ.get("BROKER_DATABASE_URL")
    if not url:
        raise StoreError("database_unset", "Set BROKER_DATABASE_URL, for example to sqlite:///var/broker.db")
    key = load_key(os.environ, url)
    if key.made:
        print(f"broker: made the encryption key {key.path}; keep a copy of it", file=sys.stderr)
    store = Store(url, Seal(key.key), time.time)
    try:
        yield store
    except StoreError as error:
        if error.reason != "unreachable":
            raise
        wanted = "The database cannot be opened. Check BROKER_DATABASE_URL; `broker db upgrade` makes a new one."
        raise StoreError(error.reason, wanted, detail=error.detail) from error
    finally:
        store.close()
