"""The key pair that proves us at one identity provider (RFC 7523): one pair a tenant and IdP, made when first asked.

A pair of our own per IdP is what makes an assertion for one of them worthless at any other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from broker import jose
from broker.connectors import RpKey
from broker.errors import StoreError
from broker.store import Store, StoredKey
from broker.tokens import rotation

RELOAD_AFTER = 5  # seconds: a rotation elsewhere is known here no later
ALGORITHM = "RS256"  # the pair is RSA: it signs PS256 as well


@dataclass(frozen=True, slots=True)
class _Held:
    at: float
    key: RpKey


class RpKeys:
    """Thread-safe: at worst two threads read the same keys."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._held: dict[tuple[str, str], _Held] = {}

    def active(self, tenant: str, idp: str) -> RpKey:
        """What signs now. Raises StoreError."""
        held = self._held.get((tenant, idp))
        if held is None or not 0 <= self._clock() - held.at < RELOAD_AFTER:
            held = self._held[tenant, idp] = _Held(self._clock(), self._read(tenant, idp, held))
        return held.key

    def jwks(self, tenant: str, idp: str) -> bytes:
        """next, active and lately retired: what an IdP may be asked to verify with."""
        members = [json.loads(key.public) for key in self._keys(tenant, idp)]
        return json.dumps({"keys": members}, separators=(",", ":")).encode()

    def _read(self, tenant: str, idp: str, held: _Held | None) -> RpKey:
        key = next((key for key in self._keys(tenant, idp) if key.state == "active"), None)
        if key is None:
            raise StoreError("no_key", detail="no active key for this identity provider")
        if held is not None and held.key.signing.kid == key.kid:
            return held.key
        public = json.loads(key.public)
        return RpKey(jose.load(key.kid, key.alg, key.private), public["x5t"], public["x5t#S256"])

    def _keys(self, tenant: str, idp: str) -> tuple[StoredKey, ...]:
        kind = rotation.relying_party(tenant, idp)
        keys = self._store.deployment.keys(kind.purpose)
        if {"active", "next"} <= {key.state for key in keys}:
            return keys
        made = rotation.missing(keys, StoredKey, [ALGORITHM], int(self._clock()), kind)
        with self._store.transaction() as transaction:
            rotation.adopt(transaction.deployment, made, kind)
        return self._store.deployment.keys(kind.purpose)
