"""Certificates are checked against the host's name, while the connection goes to the address that was judged."""

from __future__ import annotations

import datetime
import ssl
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.outbound.upstream import OK, client, reason, serve


def certificate(host: str, folder: Path, days: int = 1) -> Path:
    """A self-signed certificate for `host` with its key, as one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(until - datetime.timedelta(days=10))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def server_side(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_private_authority_named_by_the_environment_is_trusted(
    stage: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate("idp.example", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    upstream = serve(stage, OK, server_side(pem))
    outbound = client(stage, resolve=lambda _: ["127.0.0.1"])
    assert outbound.get(upstream.url(scheme="https", host="idp.example")).status == 200
    assert reason(lambda: outbound.get(upstream.url(scheme="https", host="other.example"))) == "tls"


@pytest.mark.parametrize(("trusted", "days"), [(False, 1), (True, -1)])
def test_a_stranger_or_expired_certificate_is_refused(
    stage: ExitStack, tmp_path: Path, trusted: bool, days: int
) -> None:
    pem = certificate("idp.example", tmp_path, days)
    context = ssl.create_default_context()
    if trusted:
        context.load_verify_locations(pem)
    upstream = serve(stage, OK, server_side(pem))
    outbound = client(stage, resolve=lambda _: ["127.0.0.1"], ssl_context=context)
    assert reason(lambda: outbound.get(upstream.url(scheme="https", host="idp.example"))) == "tls"
    assert upstream.requests == []
