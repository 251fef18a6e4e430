"""Certificates of TLS clients, and how proxies write them into a header."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from broker.clients import Certificate
from tests.unit.clients.signing import key


def made(subject: str | x509.Name, holder: str, *names: x509.GeneralName) -> x509.Certificate:
    private = key(holder).private
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    name = x509.Name.from_rfc4514_string(subject) if isinstance(subject, str) else subject
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(7).not_valid_before(start).not_valid_after(start + timedelta(days=9000))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(private, hashes.SHA256())


def certified(subject: str | x509.Name, holder: str, *names: x509.GeneralName, verified: bool = True) -> Certificate:
    return Certificate(made(subject, holder, *names).public_bytes(Encoding.DER), verified)


def nginx(certificate: x509.Certificate) -> str:
    """$ssl_client_escaped_cert"""
    return quote(certificate.public_bytes(Encoding.PEM).decode(), safe="")


def rfc9440(certificate: x509.Certificate) -> str:
    return f":{b64encode(certificate.public_bytes(Encoding.DER)).decode()}:"
