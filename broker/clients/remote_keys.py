"""Key sets that others publish, kept a while: fetched when they are old, or when a token names a key not among them.

Age of our copy:   up to FRESH     used as it is
                   up to STALE     fetched again; where that fails, still used
                   older           fetched again; where that fails, nothing can be proven
After a failed fetch the publisher is left alone for RETRY seconds; for an unknown key it is asked once in COOL_DOWN.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from broker.errors import UpstreamUnavailable
from broker.jose import KeySet

FRESH = 900  # seconds
STALE = 86_400
COOL_DOWN = 60
RETRY = 30
PATIENCE = 1.0  # seconds that a thread waits for another one's fetch


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: KeySet | None = None
    fetched_at: float = 0.0
    failed_at: float | None = None


class RemoteKeys:
    """Thread-safe. `fetch` raises UpstreamUnavailable; an address comes from the configuration, never from a token."""

    def __init__(self, fetch: Callable[[str], KeySet], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def keyset(self, address: str, kid: str | None) -> KeySet:
        """Raises UpstreamUnavailable."""
        entry = self._entry(address)
        keys, age = entry.keys, self._clock() - entry.fetched_at
        if keys is not None and age <= FRESH and (age < COOL_DOWN or self._holds(keys, kid)):
            return keys
        usable = keys if age <= STALE else None
        return self._renewed(address, entry, usable)

    def _holds(self, keys: KeySet, kid: str | None) -> bool:
        return kid is None or any(key.kid == kid for key in keys.keys)

    def _entry(self, address: str) -> _Entry:
        with self._lock:
            return self._entries.setdefault(address, _Entry())

    def _renewed(self, address: str, entry: _Entry, usable: KeySet | None) -> KeySet:
        """One thread fetches; the others go on with the copy they have, or wait a moment for the first one."""
        began = entry.fetched_at
        if not entry.lock.acquire(timeout=0 if usable is not None else PATIENCE):
            return _or_unavailable(usable)
        try:
            if entry.keys is not None and entry.fetched_at != began:
                return entry.keys  # another thread's, while we waited
            if entry.failed_at is not None and self._clock() - entry.failed_at < RETRY:
                return _or_unavailable(usable)
            return self._fetched(address, entry, usable)
        finally:
            entry.lock.release()

    def _fetched(self, address: str, entry: _Entry, usable: KeySet | None) -> KeySet:
        try:
            keys = self._fetch(address)
        except UpstreamUnavailable:
            entry.failed_at = self._clock()
            if usable is None:
                raise
            return usable
        entry.keys, entry.fetched_at, entry.failed_at = keys, self._clock(), None
        return keys


def _or_unavailable(usable: KeySet | None) -> KeySet:
    if usable is None:
        raise UpstreamUnavailable("upstream_busy", detail="the keys could not be fetched a moment ago")
    return usable
