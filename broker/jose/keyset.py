"""Somebody else's JWK Set (RFC 7517 §5). What we would not trust is dropped while reading: it cannot be found later."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from broker.errors import TokenRejected
from broker.jose.certificate import sha1_thumbprint
from broker.model import strict_json

MOST_KEYS = 256  # read from one set
MOST_TRIED = 10  # signatures tried for one token that names no key
EXPONENTS = range(65537, 1 << 32, 2)  # of RSA keys: a stranger's long one makes one signature cost as much as a hundred

_Public = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    kid: str | None
    x5t: str | None
    algorithms: tuple[str, ...]  # those this key may verify
    key: _Public = field(repr=False)
    issuer: str | None = None  # Entra's member: the only issuer this key speaks for, or its template for many

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key itself, in lower-case hex: the same under another `kid`."""
        return hashlib.sha256(self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable signature keys of one issuer."""

    keys: tuple[PublicKey, ...]

    def find(self, kid: str | None, alg: str, x5t: str | None = None) -> tuple[PublicKey, ...]:
        """Candidates, at most MOST_TRIED: of that `kid`; else of that `x5t` (AD FS 2016 sends only this); else all.

        A name that nothing bears finds nothing: an unknown key is never replaced by a guess. Only keys without any
        name are tried for a thumbprint, which they might have.
        """
        fitting: Iterable[PublicKey] = (key for key in self.keys if alg in key.algorithms)
        if kid is not None:
            found = [key for key in fitting if key.kid == kid]
        elif x5t is not None:
            fitting = list(fitting)
            named = [key for key in fitting if x5t in {key.x5t, key.kid}]
            found = named or [key for key in fitting if key.x5t is None and key.kid is None]
        else:
            found = list(fitting)
        return tuple(found[:MOST_TRIED])

    def of_issuers(self, accepted: Collection[str | None]) -> KeySet:
        """Without the keys that speak for other issuers: a key for personal accounts proves nobody at work."""
        return KeySet(tuple(key for key in self.keys if key.issuer is None or key.issuer in accepted))


def parse_jwks(body: bytes, uses: Collection[str] = ("sig",)) -> KeySet:
    """Read a JWK Set. Raises TokenRejected `json` where it is none.

    Dropped: symmetric keys, a `use` not among `uses`, `key_ops` without verify, RSA below 2048 bits or with a weak
    exponent, points off their curve, other curves, key types that no algorithm of ours uses.
    """
    try:
        listed = strict_json.parse_object(body).get("keys")
    except ValueError:
        listed = None
    if not isinstance(listed, list):
        raise TokenRejected("json", detail="not a JWK Set")
    return KeySet(tuple(_usable(listed[:MOST_KEYS], uses)))


def _usable(listed: list[object], uses: Collection[str]) -> Iterator[PublicKey]:
    for jwk in listed:
        if isinstance(jwk, dict) and _may_verify(jwk, uses):
            key = public_key(jwk)
            if key is not None:
                yield key


def _may_verify(jwk: Mapping[str, object], uses: Collection[str]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") in uses and isinstance(operations, list) and "verify" in operations


def public_key(jwk: dict[str, object]) -> PublicKey | None:
    """One JWK; None: a key that nothing here may verify with."""
    reader = _READERS.get(str(jwk.get("kty")))
    if reader is None:
        return None
    read, algorithms = reader
    if "alg" in jwk:
        algorithms = tuple(alg for alg in algorithms if alg == jwk["alg"])
    try:
        key = read(jwk)
    except (InvalidKeyError, ValueError, TypeError, AttributeError, KeyError, OverflowError):
        return (
            None  # members of the wrong type, a point off its curve, a broken number: the set's other keys still count
        )
    if key is None or not algorithms:
        return None
    return PublicKey(_text(jwk.get("kid")), _thumbprint(jwk), algorithms, key, _text(jwk.get("issuer")))


def _thumbprint(jwk: Mapping[str, object]) -> str | None:
    """RFC 7517 §4.8, computed where only the certificate is there."""
    chain = jwk.get("x5c")
    if "x5t" in jwk or not (isinstance(chain, list) and chain and isinstance(chain[0], str)):
        return _text(jwk.get("x5t"))
    try:
        return sha1_thumbprint(b64decode(chain[0], validate=True))
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _rsa(jwk: dict[str, object]) -> _Public | None:
    key = RSAAlgorithm.from_jwk({name: jwk[name] for name in ("kty", "n", "e")})
    if not isinstance(key, rsa.RSAPublicKey) or not 2048 <= key.key_size <= 8192:
        return None
    return key if key.public_numbers().e in EXPONENTS else None


def _ec(jwk: dict[str, object]) -> _Public | None:
    if jwk.get("crv") != "P-256":
        return None
    key = ECAlgorithm.from_jwk({name: jwk[name] for name in ("kty", "crv", "x", "y")})
    return key if isinstance(key, ec.EllipticCurvePublicKey) else None


def _okp(jwk: dict[str, object]) -> _Public | None:
    if jwk.get("crv") != "Ed25519":
        return None
    key = OKPAlgorithm.from_jwk({name: jwk[name] for name in ("kty", "crv", "x")})
    return key if isinstance(key, ed25519.Ed25519PublicKey) else None


_Reader = Callable[[dict[str, object]], _Public | None]
_READERS: Mapping[str, tuple[_Reader, tuple[str, ...]]] = {
    "RSA": (_rsa, ("RS256", "PS256")),
    "EC": (_ec, ("ES256",)),
    "OKP": (_okp, ("EdDSA",)),
}
