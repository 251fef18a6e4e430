"""The keys of relying parties, and what they sign with them: PyJWT and cryptography, nothing of the broker's own."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
Members = dict[str, Any]


@cache
def private(name: str) -> Private:
    """The same key for the same name, all through the run; RSA or Ed25519 where the name begins so."""
    if name.startswith("ed-"):
        return ed25519.Ed25519PrivateKey.generate()
    if name.startswith("rsa"):
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def public_jwk(name: str) -> Members:
    key = private(name)
    if isinstance(key, rsa.RSAPrivateKey):
        return dict(RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)) | {"kty": "RSA"}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return dict(OKPAlgorithm.to_jwk(key.public_key(), as_dict=True))
    return dict(ECAlgorithm.to_jwk(key.public_key(), as_dict=True))


def jwks(*names: str) -> Members:
    return {"keys": [{**_plain(name), "kid": name, "use": "sig"} for name in names]}


def _plain(name: str) -> Members:
    return {member: value for member, value in public_jwk(name).items() if member in {"kty", "crv", "x", "y", "n", "e"}}


def sign(claims: Members, name: str, alg: str | None = None, **header: Any) -> str:
    """A claim given as None is left out."""
    said = {claim: value for claim, value in claims.items() if value is not None}
    named = {member: value for member, value in {"kid": name, **header}.items() if value is not None}
    if alg == "none":
        return jwt.encode(said, None, algorithm="none", headers=named)
    default = {"ed-": "EdDSA", "rsa": "PS256"}.get(name[:3], "ES256")
    return jwt.encode(said, private(name), algorithm=alg or default, headers=named)


def proof(
    name: str,
    method: str,
    url: str,
    now: float,
    *,
    access_token: str | None = None,
    alg: str | None = None,
    **claims: Any,
) -> str:
    """A DPoP proof (RFC 9449 §4.2)."""
    said: Members = {"htm": method, "htu": url, "iat": int(now), "jti": secrets.token_urlsafe(16)}
    if access_token is not None:
        said["ath"] = b64(hashlib.sha256(access_token.encode()).digest())
    return sign({**said, **claims}, name, alg, typ="dpop+jwt", jwk=_plain(name), kid=None)


def thumbprint(name: str) -> str:
    """RFC 7638"""
    members = json.dumps(_plain(name), separators=(",", ":"), sort_keys=True)
    return b64(hashlib.sha256(members.encode()).digest())


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def half_hash(text: str, alg: str) -> str:
    """`at_hash` (OIDC Core §3.1.3.6); Ed25519 hashes with SHA-512."""
    digest = (hashlib.sha512 if alg == "EdDSA" else hashlib.sha256)(text.encode("ascii")).digest()
    return b64(digest[: len(digest) // 2])


def challenge(verifier: str) -> str:
    return b64(hashlib.sha256(verifier.encode()).digest())


@cache
def certificate(name: str) -> x509.Certificate:
    holder = private(name)
    assert isinstance(holder, ec.EllipticCurvePrivateKey)
    called = x509.Name.from_rfc4514_string(f"CN={name}")
    start = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(holder.public_key())
    builder = builder.serial_number(7).not_valid_before(start).not_valid_after(start + timedelta(days=90))
    return builder.sign(holder, hashes.SHA256())


def tls(name: str) -> dict[str, str]:
    """What nginx tells us of a TLS client that showed this certificate."""
    pem = certificate(name).public_bytes(Encoding.PEM).decode()
    return {"X-SSL-Client-Cert": quote(pem, safe=""), "X-SSL-Client-Verify": "SUCCESS"}


def certificate_thumbprint(name: str) -> str:
    """`x5t#S256` (RFC 8705 §3.1)."""
    return b64(hashlib.sha256(certificate(name).public_bytes(Encoding.DER)).digest())
