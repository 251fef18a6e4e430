"""Pairwise subjects (OpenID Connect Core §8.1): every sector knows a person, and a session, by another name.

A name is our own, encrypted deterministically for one sector (RFC 5297) under a key that is made once and never
rotated: nobody but us can read it back or compare it with another sector's, and no table has to be kept.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from broker.errors import StoreError, TokenRejected
from broker.model import Actor, Authorization, Client
from broker.tokens.rotation import Key, KeyShelf, Make

PURPOSE = "pairwise"
ALG = "A256SIV"
KEY_BITS = 512
SUBJECT_TYPES = ("public", "pairwise")
SUB, SID = "sub", "sid"


class _KeyStore(Protocol[Key]):
    @property
    def deployment(self) -> KeyShelf[Key]: ...


def ensure(shelf: KeyShelf[Key], make: Make[Key], now: int) -> None:
    """The one key; whoever comes second finds it made. Another one would rename everybody."""
    shelf.lock(PURPOSE)
    if shelf.keys(PURPOSE):
        return
    key = make(
        kid=secrets.token_urlsafe(12),
        purpose=PURPOSE,
        alg=ALG,
        state="active",
        private=AESSIV.generate_key(KEY_BITS),
        public="",
        created_at=now,
        published_at=now,
        activated_at=now,
    )
    shelf.add_key(key)


def stored(store: _KeyStore[Key]) -> Callable[[], bytes]:
    """Reads the key of `ensure`. Raises StoreError: no_key."""

    def read() -> bytes:
        for key in store.deployment.keys(PURPOSE):
            return key.private
        raise StoreError("no_key", detail="no key for pairwise subjects")

    return read


class Pairwise:
    """Between our own names and those that a client knows; a client without a sector knows ours.

    read: the key, asked for when it is first needed.
    """

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._loaded: AESSIV | None = None

    def outward(self, client: Client, kind: str, name: str) -> str:
        """kind: SUB or SID, so that no name of one is ever one of the other."""
        if client.sector is None:
            return name
        return _text(self._cipher().encrypt(name.encode(), _context(kind, client.sector)))

    def inward(self, client: Client, kind: str, unverified_name: str) -> str:
        """Raises TokenRejected `sub` or `sid`: this sector never knew anybody by that name."""
        if client.sector is None:
            return unverified_name
        try:
            raw = _bytes(unverified_name)
            return self._cipher().decrypt(raw, _context(kind, client.sector)).decode()
        except (InvalidTag, ValueError) as stranger:  # ValueError: not base64url, or too short to be one of ours
            raise TokenRejected(kind) from stranger

    def seen_by(self, client: Client, authorization: Authorization) -> Authorization:
        """As the client's sector may know who it is about, and who acts. A workload is its client_id to everybody."""
        if client.sector is None:
            return authorization
        sub = authorization.sub if authorization.workload else self.outward(client, SUB, authorization.sub)
        sid = None if authorization.sid is None else self.outward(client, SID, authorization.sid)
        actors = tuple(self._seen_actor(client, actor) for actor in authorization.actors)
        return replace(authorization, sub=sub, sid=sid, actors=actors)

    def _seen_actor(self, client: Client, actor: Actor) -> Actor:
        return replace(actor, sub=self.outward(client, SUB, actor.sub)) if actor.person else actor

    def _cipher(self) -> AESSIV:
        if self._loaded is None:
            self._loaded = AESSIV(self._read())
        return self._loaded


def _context(kind: str, sector: str) -> list[bytes]:
    return [kind.encode(), sector.encode()]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Of the one spelling that `_text` gives. Raises ValueError."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if _text(raw) != text:
        raise ValueError("another spelling")
    return raw
