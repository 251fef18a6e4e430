"""A self-signed certificate around one of our keys: some providers know a client's key by its thumbprint only."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from broker.jose.compact import encode
from broker.jose.keys import SigningKey, public_jwk

TWO_YEARS = timedelta(days=730)  # the longest that Entra's portal suggests


def certified_jwk(key: SigningKey, name: str, now: float) -> dict[str, object]:
    """The public key with `x5c`, `x5t` and `x5t#S256` (RFC 7517 §4.7-4.9), for any RSA signature: without `alg`.

    name: the certificate's common name; now: epoch seconds. Raises ValueError where the key is not RSA.
    """
    if not isinstance(key.private, rsa.RSAPrivateKey):
        raise ValueError("only RSA keys are certified")
    certificate = _self_signed(key.private, name, now)
    thumbprints = {"x5t": sha1_thumbprint(certificate), "x5t#S256": encode(hashlib.sha256(certificate).digest())}
    jwk = {member: value for member, value in public_jwk(key).items() if member != "alg"}
    return {**jwk, "x5c": [b64encode(certificate).decode("ascii")], **thumbprints}


def sha1_thumbprint(certificate: bytes) -> str:
    """`x5t` of a DER certificate: a name, not a proof."""
    return encode(hashlib.sha1(certificate, usedforsecurity=False).digest())


def _self_signed(private: rsa.RSAPrivateKey, name: str, now: float) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    starts = datetime.fromtimestamp(now, UTC).replace(microsecond=0) - timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(starts + TWO_YEARS)
        .sign(private, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)
