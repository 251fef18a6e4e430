"""DPoP: a request is signed with a key of its sender, and the tokens that it brings are good with that key only.

RFC 9449. A proof is for one method at one address, at one moment, once; its nonce, where we ask for one, is ours.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from broker import jose
from broker.clients.assertion import Once
from broker.clients.claims import moment, token_id
from broker.errors import InvalidDpopProof, TokenRejected, UseDpopNonce
from broker.jose.compact import encode
from broker.seal import Seal

ALGORITHMS = ("ES256", "EdDSA", "PS256", "RS256")
TYPE = "dpop+jwt"
AHEAD, BACK = 15, 60  # seconds that `iat` may be from now: after it, before it
WINDOW = 300  # seconds; a nonce is good in its own window and in the next one
_DEFAULT_PORT = {"https": 443, "http": 80}

Claims = Mapping[str, object]


class Nonces:
    """Made of the time under a key that all processes share: nothing is stored, and nobody else can make one."""

    def __init__(self, seal: Seal, clock: Callable[[], float]) -> None:
        self._seal = seal
        self._clock = clock

    def fresh(self) -> str:
        return self._of(self._window())

    def good(self, nonce: object) -> bool:
        if not isinstance(nonce, str) or not nonce.isascii():
            return False
        return any(hmac.compare_digest(nonce, self._of(self._window() - ago)) for ago in (0, 1))

    def _window(self) -> int:
        return int(self._clock()) // WINDOW

    def _of(self, window: int) -> str:
        return encode(self._seal.mac("dpop nonce", str(window).encode())[:18])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a proof has to be for. url: ours, as the configuration says it, whatever Host the request named."""

    method: str
    url: str
    nonce: bool = False  # one of ours must be in it
    access_token: str | None = None  # it must be for this token (§7)
    algorithms: tuple[str, ...] = ALGORITHMS


class Proofs:
    def __init__(self, nonces: Nonces, once: Once, clock: Callable[[], float]) -> None:
        self.nonces = nonces
        self._once = once
        self._clock = clock

    def verify(self, unverified: str, wanted: Wanted) -> str:
        """The thumbprint of the key that the sender holds (`jkt`).

        Raises InvalidDpopProof: dpop_ before a reason of `jose.verified_by_own_key`, htm, htu, ath, iat, exp, nbf, jti,
        replay. UseDpopNonce: dpop_nonce.
        """
        try:
            parts, jkt = jose.verified_by_own_key(unverified, wanted.algorithms, types=(TYPE,))
            _require_same_request(parts.claims, wanted)
            _require_same_token(parts.claims, wanted.access_token)
            ends = self._require_recent(parts.claims)
            self._require_nonce(parts.claims, wanted)
            self._require_unused(parts.claims, jkt, ends)
        except TokenRejected as refused:
            raise InvalidDpopProof(f"dpop_{refused.reason}", _public(refused), detail=refused.detail) from refused
        return jkt

    def _require_recent(self, claims: Claims) -> int:
        """Until when the proof could be sent again."""
        now, issued = self._clock(), moment(claims, "iat")
        if issued is None or not now - BACK <= issued <= now + AHEAD:
            raise TokenRejected("iat", "The DPoP proof's `iat` is not now: check the clock.")
        expires, begins = moment(claims, "exp"), moment(claims, "nbf")
        if expires is not None and expires <= now - AHEAD:
            raise TokenRejected("exp", "The DPoP proof has expired.")
        if begins is not None and begins > now + AHEAD:
            raise TokenRejected("nbf", "The DPoP proof is not valid yet: check the clock.")
        return int(issued) + BACK + 1

    def _require_nonce(self, claims: Claims, wanted: Wanted) -> None:
        """§8: one that was sent must be good, whether we had asked for one or not."""
        nonce = claims.get("nonce")
        if (wanted.nonce or nonce is not None) and not self.nonces.good(nonce):
            raise UseDpopNonce("dpop_nonce", self.nonces.fresh())

    def _require_unused(self, claims: Claims, jkt: str, ends: int) -> None:
        name = token_id(claims)
        if name is None:
            raise TokenRejected("jti", "The DPoP proof has no `jti`.")
        if not self._once(f"dpop {jkt} {name}", ends):
            raise TokenRejected("replay", "The DPoP proof was used before: sign a new one for every request.")


def _require_same_request(claims: Claims, wanted: Wanted) -> None:
    """§4.3: the method, and the address without query and fragment."""
    if claims.get("htm") != wanted.method:
        raise TokenRejected("htm", f"The DPoP proof's `htm` must be {wanted.method}.")
    sent = claims.get("htu")
    if not isinstance(sent, str) or _normal(sent) != _normal(wanted.url):
        raise TokenRejected("htu", f"The DPoP proof's `htu` must be {wanted.url}")


def _require_same_token(claims: Claims, access_token: str | None) -> None:
    if access_token is None:
        return
    if claims.get("ath") != encode(hashlib.sha256(access_token.encode()).digest()):
        raise TokenRejected("ath", "The DPoP proof's `ath` must be the hash of the access token.")


def _normal(url: str) -> tuple[str, str, int | None, str] | None:
    """RFC 3986 §6.2.2, §6.2.3: scheme, host, port, path. None: not an address."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORT.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port, parts.path or "/"


def _public(refused: TokenRejected) -> str | None:
    """What `claims` says of an assertion is true of a proof as well, under its own name."""
    if refused.public == TokenRejected.public:
        return None
    return refused.public.replace("The assertion", "The DPoP proof").replace("the assertion", "the DPoP proof")
