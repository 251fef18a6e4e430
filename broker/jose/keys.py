"""Our own signing keys, and the table of algorithms that anything here may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

ALGORITHMS: Mapping[str, Algorithm] = {
    "ES256": ECAlgorithm(ECAlgorithm.SHA256, ec.SECP256R1),
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
    "EdDSA": OKPAlgorithm(),
}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key as an object, loaded once: parsing one costs more than signing with it."""

    kid: str
    alg: str
    private: PrivateKey = field(repr=False)


def generate(alg: str) -> bytes:
    """A new private key as PKCS #8 DER. RSA takes tens of milliseconds. Raises ValueError for an unknown `alg`."""
    return _make(alg).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load(kid: str, alg: str, der: bytes) -> SigningKey:
    """The key of `generate`, which the store kept sealed. Raises ValueError where key and `alg` do not belong together.

    The arithmetic check of an RSA key (25 ms) is skipped: the seal vouches that these are the bytes we made.
    """
    private = serialization.load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(private, _KIND[alg]):
        raise ValueError(f"the key is not one for {alg}")
    return SigningKey(kid, alg, private)


def public_jwk(key: SigningKey) -> dict[str, object]:
    """The key as it stands in our JWKS (RFC 7517 §4): no private member, `use` and `alg` always there."""
    jwk: dict[str, object] = dict(ALGORITHMS[key.alg].to_jwk(key.private.public_key(), as_dict=True))
    jwk.pop("key_ops", None)
    return {**jwk, "use": "sig", "alg": key.alg, "kid": key.kid}


_KIND: Mapping[str, type[PrivateKey]] = {
    "ES256": ec.EllipticCurvePrivateKey,
    "RS256": rsa.RSAPrivateKey,
    "PS256": rsa.RSAPrivateKey,
    "EdDSA": ed25519.Ed25519PrivateKey,
}


def _make(alg: str) -> PrivateKey:
    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if alg in {"RS256", "PS256"}:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    raise ValueError(f"no such algorithm: {alg}")
