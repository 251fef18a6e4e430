"""The life of a signing key: next (published, waiting) -> active (signs) -> retired (only verifies) -> withdrawn.

A key is published at least twice the JWKS `max-age` before it signs, so that no relying party meets an unknown `kid`
(contract section 3). Every function runs inside one store transaction that holds the kind's lock.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from broker import jose
from broker.errors import BrokerError

PURPOSE = "token"
JWKS_MAX_AGE = 300  # seconds
PUBLISH_AHEAD = 2 * JWKS_MAX_AGE
HINTS_FOR = 400 * 86400  # seconds that a retired key still verifies an id_token_hint; then the store forgets it


class KeyRecord(Protocol):
    """How the store keeps a key pair; `private` PKCS8 DER, `public` a JWK as JSON. Times are epoch seconds."""

    @property
    def kid(self) -> str: ...
    @property
    def alg(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def private(self) -> bytes: ...
    @property
    def public(self) -> str: ...
    @property
    def published_at(self) -> int: ...
    @property
    def retired_at(self) -> int | None: ...


Key = TypeVar("Key", bound=KeyRecord)


class KeyShelf(Protocol[Key]):
    """The part of the store's deployment view that keys need. `keys` leaves out those past `expires_at`."""

    def lock(self, name: str) -> None: ...
    def keys(self, purpose: str) -> tuple[Key, ...]: ...
    def add_key(self, key: Key) -> None: ...
    def change_key(self, kid: str, state: str, at: int, expires_at: int | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """Keys with one purpose and their pace, in seconds. `public`: what the world sees of a key made at that moment."""

    purpose: str
    publish_ahead: int = PUBLISH_AHEAD
    keep_retired: int = HINTS_FOR
    public: Callable[[jose.SigningKey, int], Mapping[str, object]] = lambda key, _: jose.public_jwk(key)


TOKENS = Kind(PURPOSE)


def relying_party(tenant: str, idp: str) -> Kind:
    """What we prove ourselves with at one IdP (RFC 7523). It needs a day's notice: an admin may have to upload it."""
    name = f"{tenant}/{idp}"
    return Kind(f"rp {name}", 86400, 3600, lambda key, now: jose.certified_jwk(key, f"broker {name}", now))


class RotationRefused(BrokerError):
    """An operator's act on a key that would break verification, or names no key."""

    code = "invalid_request"
    status = 409
    public = "The key cannot be changed now."


@dataclass(frozen=True, slots=True)
class Rotated:
    """One algorithm's rotation, by kid; `retired` None: there was no active key."""

    alg: str
    retired: str | None
    active: str
    next: str


Make = Callable[..., Key]


def ensure(shelf: KeyShelf[Key], make: Make[Key], algorithms: Iterable[str], now: int, kind: Kind = TOKENS) -> None:
    """An active and a next key for every algorithm; whoever comes second finds them made."""
    shelf.lock(kind.purpose)
    for key in missing(shelf.keys(kind.purpose), make, algorithms, now, kind):
        shelf.add_key(key)


def missing(
    keys: Iterable[Key], make: Make[Key], algorithms: Iterable[str], now: int, kind: Kind = TOKENS
) -> tuple[Key, ...]:
    """What `ensure` would add to these, made and not stored: an RSA pair takes long, a transaction must not."""
    states = {(key.alg, key.state) for key in keys}
    wanted = ((alg, state) for alg in algorithms for state in ("active", "next") if (alg, state) not in states)
    return tuple(_made(make, alg, state, now, kind) for alg, state in wanted)


def adopt(shelf: KeyShelf[Key], made: Iterable[Key], kind: Kind = TOKENS) -> None:
    """Store keys that were made before; another's in the same place win."""
    shelf.lock(kind.purpose)
    states = {(key.alg, key.state) for key in shelf.keys(kind.purpose)}
    for key in made:
        if (key.alg, key.state) not in states:
            shelf.add_key(key)


def rotate(
    shelf: KeyShelf[Key], make: Make[Key], now: int, *, force: bool = False, kind: Kind = TOKENS
) -> tuple[Rotated, ...]:
    """next -> active, active -> retired, and a new next, for every algorithm. All or nothing.

    Raises RotationRefused: no_keys, published_too_recently (unless `force`).
    """
    shelf.lock(kind.purpose)
    keys = shelf.keys(kind.purpose)
    if not keys:
        raise RotationRefused("no_keys", "There are no signing keys yet; they are made when the broker first starts.")
    waiting = [key for key in keys if key.state == "next"]
    for key in waiting:
        ready_at = key.published_at + kind.publish_ahead
        if now < ready_at and not force:
            wait = (
                f"Key {key.kid} may sign in {ready_at - now} s; relying parties may not know it yet. --force overrides."
            )
            raise RotationRefused("published_too_recently", wait)
    return tuple(_promote(shelf, make, key, keys, now, kind) for key in waiting)


def retire(
    shelf: KeyShelf[Key], make: Make[Key], kid: str, now: int, *, force: bool = False, kind: Kind = TOKENS
) -> None:
    """Withdraw one key: it leaves the JWKS at once and verifies nothing any more. Another takes its place.

    Raises RotationRefused: key_unknown; key_signs (the active key, unless `force`: then the next key signs at once).
    """
    shelf.lock(kind.purpose)
    keys = shelf.keys(kind.purpose)
    key = next((key for key in keys if key.kid == kid), None)
    if key is None:
        raise RotationRefused("key_unknown", "There is no such signing key; `broker keys list` shows them.")
    if key.state == "active":
        if not force:
            raise RotationRefused(
                "key_signs", "This key signs. Rotate first, or --force to let the next key sign at once."
            )
        for waiting in keys:
            if (waiting.alg, waiting.state) == (key.alg, "next"):
                _promote(shelf, make, waiting, keys, now, kind)
    elif key.state == "next":
        shelf.add_key(_made(make, key.alg, "next", now, kind))
    shelf.change_key(kid, "retired", now, expires_at=now)


def _promote(shelf: KeyShelf[Key], make: Make[Key], key: Key, keys: Iterable[Key], now: int, kind: Kind) -> Rotated:
    active = next((other for other in keys if (other.alg, other.state) == (key.alg, "active")), None)
    if active is not None:
        shelf.change_key(active.kid, "retired", now, expires_at=now + kind.keep_retired)
    shelf.change_key(key.kid, "active", now)
    new = _made(make, key.alg, "next", now, kind)
    shelf.add_key(new)
    return Rotated(key.alg, active.kid if active else None, key.kid, new.kid)


def _made(make: Make[Key], alg: str, state: str, now: int, kind: Kind) -> Key:
    """A fresh pair under a random `kid`: 96 bits, so none is ever given twice."""
    kid = secrets.token_urlsafe(12)
    private = jose.generate(alg)
    jwk = kind.public(jose.load(kid, alg, private), now)
    return make(
        kid=kid,
        purpose=kind.purpose,
        alg=alg,
        state=state,
        private=private,
        public=json.dumps(jwk, separators=(",", ":")),
        created_at=now,
        published_at=now,
        activated_at=now if state == "active" else None,
    )
