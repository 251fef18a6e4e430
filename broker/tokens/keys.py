"""The signing keys of this process: what signs, what is published, what verifies. One ring per worker."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Generic, Protocol

from broker import jose
from broker.errors import StoreError
from broker.tokens.rotation import JWKS_MAX_AGE, PURPOSE, Key, KeyShelf, Make, ensure

RELOAD_AFTER = 5  # seconds: a rotation elsewhere is known here no later
RELOAD_AT_LEAST = 1  # seconds between two reloads that unknown key ids ask for
STRAGGLERS = 60  # seconds: clocks of other nodes, and workers that have not yet heard of a rotation
MOST_RETIRED = 32  # retired keys that still verify hints


class _Shelves(Protocol[Key]):
    @property
    def deployment(self) -> KeyShelf[Key]: ...


class _KeyStore(Protocol[Key]):
    """The part of the store that the ring reads and, once, writes."""

    @property
    def deployment(self) -> KeyShelf[Key]: ...
    def transaction(self) -> AbstractContextManager[_Shelves[Key]]: ...


@dataclass(frozen=True, slots=True)
class Published:
    """The JWKS document and its entity tag (without quotes)."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class _Loaded:
    """One reading of the store."""

    at: float
    active: Mapping[str, jose.SigningKey] = field(repr=False)
    published: Published
    verifying: jose.KeySet  # what the JWKS lists
    hinting: jose.KeySet  # and the retired keys that the store still has
    kids: frozenset[str]


class KeyRing(Generic[Key]):
    """Thread-safe. `longest`: seconds that the longest-lived token lives; a retired key stays published so long."""

    def __init__(
        self,
        store: _KeyStore[Key],
        make: Make[Key],
        *,
        algorithms: Iterable[str],
        longest: int,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._make = make
        self._algorithms = tuple(algorithms)
        self._overlap = longest + JWKS_MAX_AGE + STRAGGLERS
        self._clock = clock
        self._reloading = threading.Lock()
        self._signing: dict[str, jose.SigningKey] = {}
        self._loaded: _Loaded | None = None

    def ensure(self) -> None:
        """Make the keys that are missing: on first start, or for an algorithm that is new. Any number of workers."""
        with self._store.transaction() as transaction:
            ensure(transaction.deployment, self._make, self._algorithms, int(self._clock()))

    def signing(self, alg: str) -> jose.SigningKey:
        """The active key. Raises StoreError("no_key") where `ensure` never ran for this algorithm."""
        key = self._current().active.get(alg)
        if key is None:
            raise StoreError("no_key", detail=f"no active {alg} key")
        return key

    def jwks(self) -> Published:
        """next, active, and retired keys whose tokens may still live (contract section 2)."""
        return self._current().published

    def verifying(self, kid: str | None) -> jose.KeySet:
        """The published keys; read again at once when `kid` is not among them."""
        return self._knowing(kid).verifying

    def hinting(self, kid: str | None) -> jose.KeySet:
        """The published and all retired keys: an id_token_hint may be old (contract section 2, Logout)."""
        return self._knowing(kid).hinting

    def _knowing(self, kid: str | None) -> _Loaded:
        loaded = self._current()
        if kid in loaded.kids or self._clock() - loaded.at < RELOAD_AT_LEAST:
            return loaded
        return self._reload(loaded)

    def _current(self) -> _Loaded:
        loaded = self._loaded
        if loaded is not None and self._clock() - loaded.at < RELOAD_AFTER:
            return loaded
        return self._reload(loaded)

    def _reload(self, before: _Loaded | None) -> _Loaded:
        """Read the store; one thread at a time, while the others go on with what they have."""
        if not self._reloading.acquire(blocking=before is None) and before is not None:
            return before
        try:
            if self._loaded is not before and self._loaded is not None:
                return self._loaded
            self._loaded = self._read()
            return self._loaded
        except StoreError:
            if before is None:
                raise
            return before  # the store is away; known keys stay good, and readiness says so
        finally:
            self._reloading.release()

    def _read(self) -> _Loaded:
        now = self._clock()
        keys = self._store.deployment.keys(PURPOSE)
        listed = [key for key in keys if self._is_published(key, now)]
        retired = sorted((key for key in keys if not self._is_published(key, now)), key=lambda key: key.retired_at or 0)
        body = _jwks(listed)
        return _Loaded(
            at=now,
            active={key.alg: self._signing_key(key) for key in keys if key.state == "active"},
            published=Published(body, hashlib.sha256(body).hexdigest()[:32]),
            verifying=jose.parse_jwks(body),
            hinting=jose.parse_jwks(_jwks([*listed, *retired[-MOST_RETIRED:]])),
            kids=frozenset(key.kid for key in keys),
        )

    def _is_published(self, key: Key, now: float) -> bool:
        return key.retired_at is None or now < key.retired_at + self._overlap

    def _signing_key(self, key: Key) -> jose.SigningKey:
        """Decoded once per process and kid."""
        known = self._signing.get(key.kid)
        if known is None:
            known = self._signing[key.kid] = jose.load(key.kid, key.alg, key.private)
        return known


def _jwks(keys: Iterable[Key]) -> bytes:
    members = sorted((json.loads(key.public) for key in keys), key=lambda jwk: str(jwk["kid"]))
    return json.dumps({"keys": members}, separators=(",", ":")).encode()
