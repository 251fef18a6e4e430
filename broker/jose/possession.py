"""A token that carries the key it is signed with: it proves that its sender holds that key, and nothing more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from broker.errors import TokenRejected
from broker.jose.compact import Peeked, encode, peek
from broker.jose.keys import ALGORITHMS
from broker.jose.keyset import PublicKey, public_key
from broker.jose.signing import require_algorithm, require_type

PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})  # RFC 7518 §6: members of private and shared keys
_NAMING = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


def verified_by_own_key(token: str, algorithms: Collection[str], *, types: Collection[str]) -> tuple[Peeked, str]:
    """What the token says, and the SHA-256 thumbprint of its key (RFC 7638, RFC 8037 §2).

    Raises TokenRejected: size, unsupported, malformed, json, alg, crit, typ, jwk (absent, private, not one for this
    algorithm), signature.
    """
    parts = peek(token)
    require_algorithm(parts, algorithms)
    require_type(parts, types)
    jwk, key = _own_key(parts)
    if not ALGORITHMS[parts.algorithm].verify(parts.signing_input, key.key, parts.signature):
        raise TokenRejected("signature", detail="the signature is not good")
    return parts, thumbprint(jwk)


def thumbprint(jwk: Mapping[str, object]) -> str:
    """Of a key that `public_key` could read: its naming members alone, in lexical order, without white space."""
    naming = {name: jwk[name] for name in _NAMING[str(jwk["kty"])]}
    return encode(hashlib.sha256(json.dumps(naming, separators=(",", ":")).encode()).digest())


def is_private(jwk: Mapping[str, object]) -> bool:
    return not PRIVATE.isdisjoint(jwk)


def _own_key(parts: Peeked) -> tuple[dict[str, object], PublicKey]:
    jwk = parts.header.get("jwk")
    if not isinstance(jwk, dict) or is_private(jwk):
        raise TokenRejected("jwk", detail="the header holds no public key")
    key = public_key(jwk)
    if key is None or parts.algorithm not in key.algorithms:
        raise TokenRejected("jwk", detail="the header's key is not one for this algorithm")
    return jwk, key
