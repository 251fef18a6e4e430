"""Sign with our keys; verify with keys that the caller chose. A token never chooses its own key or algorithm."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from broker.errors import TokenRejected
from broker.jose.compact import Peeked, encode, peek
from broker.jose.keys import ALGORITHMS, SigningKey
from broker.jose.keyset import KeySet, PublicKey


def sign(claims: Mapping[str, object], key: SigningKey, typ: str, more: Mapping[str, str] | None = None) -> str:
    """A compact JWS of `claims`; the header holds `alg`, `kid`, `typ`, and `more` (a certificate's thumbprint)."""
    header = {"alg": key.alg, "kid": key.kid, "typ": typ, **(more or {})}
    signing_input = f"{_part(header)}.{_part(claims)}"
    signature = ALGORITHMS[key.alg].sign(signing_input.encode("ascii"), key.private)
    return f"{signing_input}.{encode(signature)}"


def verify(
    token: str, keys: KeySet, algorithms: Collection[str], *, types: Collection[str | None]
) -> dict[str, object]:
    """The claims of a well-formed, well-signed token; what they say (iss, aud, exp …) is for the caller to check.

    types: accepted `typ` headers in lower case, without `application/`; None: may be absent (RFC 8725 §3.11).
    Raises TokenRejected: size, unsupported, malformed, json, alg, crit, typ, key (none fits), signature.
    """
    return verified(token, keys, algorithms, types=types).claims


def verified(token: str, keys: KeySet, algorithms: Collection[str], *, types: Collection[str | None]) -> Peeked:
    """`verify`, with the header as well."""
    parts = peek(token)
    require_algorithm(parts, algorithms)
    require_type(parts, types)
    _require_signature(parts, _candidates(parts, keys))
    return parts


def left_half_hash(alg: str, text: str) -> str:
    """`at_hash`, `c_hash` (OpenID Connect Core §3.1.3.6) for a token signed with `alg`. KeyError: unknown `alg`."""
    digest = _HASHES[alg](text.encode("utf-8")).digest()
    return encode(digest[: len(digest) // 2])


_HASHES = {"ES256": hashlib.sha256, "RS256": hashlib.sha256, "PS256": hashlib.sha256, "EdDSA": hashlib.sha512}


def _part(members: Mapping[str, object]) -> str:
    return encode(json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode("utf-8"))


def require_algorithm(parts: Peeked, algorithms: Collection[str]) -> None:
    """RFC 8725 §3.1: only what the caller listed, and only what this door knows."""
    if parts.algorithm not in algorithms or parts.algorithm not in ALGORITHMS:
        raise TokenRejected("alg", detail="the algorithm is not one of " + " ".join(sorted(algorithms)))


def require_type(parts: Peeked, types: Collection[str | None]) -> None:
    typ = parts.header.get("typ")
    name = typ.lower().removeprefix("application/") if isinstance(typ, str) else typ
    if name not in types:
        raise TokenRejected("typ", detail="the token is of another type")


def _candidates(parts: Peeked, keys: KeySet) -> tuple[PublicKey, ...]:
    """Keys come from `keys` alone; jwk, jku, x5u and x5c of the header are never looked at (RFC 8725 §3.10)."""
    kid, x5t = parts.header.get("kid"), parts.header.get("x5t")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= 256 and kid.isprintable()):
        raise TokenRejected("key", detail="the key id is not a short printable text")
    found = keys.find(kid, parts.algorithm, x5t if isinstance(x5t, str) else None)
    if not found:
        raise TokenRejected("key", detail="the issuer publishes no such key for this algorithm")
    return found


def _require_signature(parts: Peeked, candidates: tuple[PublicKey, ...]) -> None:
    algorithm = ALGORITHMS[parts.algorithm]
    if not any(algorithm.verify(parts.signing_input, candidate.key, parts.signature) for candidate in candidates):
        raise TokenRejected("signature", detail="the signature is not good")
