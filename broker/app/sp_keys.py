"""Our key pairs as a SAML service provider: one for the deployment, and one for each IdP that asks for its own.

    (none) --announce--> next --promote--> active --promote of another--> retired --KEPT--> gone

There is a `next` key only while a rotation is under way: AD FS takes one encryption certificate of our metadata, so a
second one stands there no longer than it must. Every change runs in one store transaction that is alone with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.audit import new_reference
from broker.connectors import SpKey, SpKeys
from broker.errors import StoreError
from broker.model import IdentityProvider
from broker.store import DeploymentStore, Store, StoredKey
from broker.tokens.rotation import RotationRefused
from broker.xml.sp import common_name, make_key

PURPOSE = "sp"
PUBLISH_AHEAD = 2 * 86400  # seconds: AD FS and Shibboleth read our metadata once a day
KEPT = 30 * 86400  # seconds that a retired key still decrypts: some admins load a certificate by hand
RELOAD_AFTER = 5  # seconds: a rotation elsewhere is known here no later


def purpose(tenant: str | None = None, idp: str | None = None) -> str:
    """Under which name the store keeps the deployment's pairs, or those of one IdP."""
    return PURPOSE if tenant is None else f"{PURPOSE} {tenant}/{idp}"


@dataclass(frozen=True, slots=True)
class Rotated:
    """By kid. announced: published from now on. active: signs from now on, in place of `retired`."""

    announced: str | None = None
    active: str | None = None
    retired: str | None = None


def ensure(shelf: DeploymentStore, of: str, host: str, now: int) -> None:
    """An active pair, made once whatever the number of nodes."""
    shelf.lock(of)
    if not any(key.state == "active" for key in shelf.keys(of)):
        shelf.add_key(_made(of, host, "active", now))


def rotate(shelf: DeploymentStore, of: str, now: int, *, force: bool = False) -> Rotated:
    """The first call announces a new pair in our metadata, the second one lets it sign.

    Raises RotationRefused: no_keys; published_too_recently (unless `force`).
    """
    shelf.lock(of)
    keys = shelf.keys(of)
    active, waiting = _of(keys, "active"), _of(keys, "next")
    if active is None:
        raise RotationRefused("no_keys", "There is no such key pair yet; it is made when it is first needed.")
    if waiting is None:
        made = _made(of, common_name(active.public), "next", now)
        shelf.add_key(made)
        return Rotated(announced=made.kid)
    ready_at = waiting.published_at + PUBLISH_AHEAD
    if now < ready_at and not force:
        wait = f"Key {waiting.kid} may take over in {ready_at - now} s; identity providers may not know it yet."
        raise RotationRefused("published_too_recently", f"{wait} --force overrides.")
    shelf.change_key(active.kid, "retired", now, expires_at=now + KEPT)
    shelf.change_key(waiting.kid, "active", now)
    return Rotated(active=waiting.kid, retired=active.kid)


def retire(shelf: DeploymentStore, of: str, kid: str, now: int, *, force: bool = False) -> None:
    """Withdraw one key: it is not published, signs and decrypts nothing any more, from this moment on.

    Raises RotationRefused: key_unknown; key_signs (the active key, unless `force`: then the next or a new one signs).
    """
    shelf.lock(of)
    keys = shelf.keys(of)
    key = next((key for key in keys if key.kid == kid), None)
    if key is None:
        raise RotationRefused("key_unknown", "There is no such key pair; `broker keys list` shows them.")
    if key.state == "active":
        if not force:
            raise RotationRefused("key_signs", "This key signs. Rotate first, or --force to let another sign at once.")
        waiting = _of(keys, "next")
        if waiting is None:
            shelf.add_key(_made(of, common_name(key.public), "active", now))
        else:
            shelf.change_key(waiting.kid, "active", now)
    shelf.change_key(kid, "retired", now, expires_at=now)


class SpKeyRing:
    """Call it for our key pairs towards an IdP. Thread-safe; `host`: the name in new certificates."""

    def __init__(self, store: Store, host: str, clock: Callable[[], float]) -> None:
        self._store = store
        self._host = host
        self._clock = clock
        self._held: dict[str, tuple[float, SpKeys]] = {}

    def __call__(self, idp: IdentityProvider) -> SpKeys:
        """An IdP's own pair is made when it is first needed. Raises StoreError."""
        own = idp.saml is not None and idp.saml.own_key
        of = purpose(idp.tenant, idp.id) if own else purpose()
        held = self._held.get(of)
        if held is not None and self._clock() - held[0] < RELOAD_AFTER:
            return held[1]
        try:
            keys = self._read(of) or self._made(of)
        except StoreError:
            if held is None:
                raise
            return held[1]  # the store is away; known keys stay good, and readiness says so
        self._held[of] = (self._clock(), keys)
        return keys

    def _read(self, of: str) -> SpKeys | None:
        keys = self._store.deployment.keys(of)
        active, waiting = _of(keys, "active"), _of(keys, "next")
        if active is None:
            return None
        retired = sorted((key for key in keys if key.state == "retired"), key=lambda key: -(key.retired_at or 0))
        return SpKeys(_pair(active), None if waiting is None else _pair(waiting), tuple(map(_pair, retired)))

    def _made(self, of: str) -> SpKeys:
        with self._store.transaction() as transaction:
            ensure(transaction.deployment, of, self._host, int(self._clock()))
        made = self._read(of)
        if made is None:
            raise StoreError("no_key", detail="no SAML key pair")
        return made


def _of(keys: tuple[StoredKey, ...], state: str) -> StoredKey | None:
    return next((key for key in keys if key.state == state), None)


def _pair(key: StoredKey) -> SpKey:
    return SpKey(key.private.decode(), key.public)


def _made(of: str, host: str, state: str, now: int) -> StoredKey:
    private, certificate = make_key(host, now)
    return StoredKey(
        kid=f"sp-{new_reference()}",
        purpose=of,
        alg="RS256",
        state=state,
        private=private.encode(),
        public=certificate,
        created_at=now,
        published_at=now,
        activated_at=now if state == "active" else None,
    )
