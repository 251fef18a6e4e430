"""The certificate of a TLS client: how it is read, and whose name it bears (RFC 8705 §2.1.2)."""

from __future__ import annotations

import hashlib
from ipaddress import ip_address
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from broker.clients import read_certificate
from broker.errors import InvalidRequest
from broker.jose.compact import encode
from broker.model import CertificateName
from tests.unit.clients.certificates import certified, made, nginx, rfc9440
from tests.unit.clients.signing import refused

NAMES = (
    x509.DNSName("app.example.com"),
    x509.UniformResourceIdentifier("spiffe://example.org/app"),
    x509.RFC822Name("app@example.com"),
    x509.IPAddress(ip_address("192.0.2.7")),
)
APP = certified("CN=app,OU=Apps,O=Example,C=DE", "tls", *NAMES)


@pytest.mark.parametrize("write", [nginx, rfc9440])
def test_a_proxys_header_is_read(write: object) -> None:
    assert callable(write)
    certificate = made("CN=app", "tls")
    found = read_certificate(write(certificate), verified=True)
    assert found.der == certificate.public_bytes(Encoding.DER)
    assert found.thumbprint == encode(hashlib.sha256(found.der).digest())


@pytest.mark.parametrize(
    "header",
    ["x", ":AA:", ":%%:", quote("-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----"), "A" * 20_000, "%ff%fe"],
)
def test_what_is_no_certificate_is_refused_not_passed_over(header: str) -> None:
    with refused("certificate_malformed", InvalidRequest):
        read_certificate(header, verified=True)


@pytest.mark.parametrize(
    "written",
    ["{0},{1}", "{0}, {1}", "{0}{1}", "{0}%0A{1}", "junk{0}", "{0}junk"],
    ids=["two headers", "two headers apart", "two in one", "a chain", "something before", "something after"],
)
def test_of_two_certificates_none_is_the_senders(written: str) -> None:
    """A proxy that adds its header to the sender's own hands on both, and the first is whatever the sender wrote."""
    header = written.format(nginx(made("CN=app", "tls")), nginx(made("CN=sender", "other")))
    with refused("certificate_malformed", InvalidRequest):
        read_certificate(header, verified=True)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("subject_dn", "CN=app,OU=Apps,O=Example,C=DE"),
        ("san_dns", "app.example.com"),
        ("san_dns", "APP.example.com"),
        ("san_uri", "spiffe://example.org/app"),
        ("san_email", "app@example.com"),
        ("san_ip", "192.0.2.7"),
    ],
)
def test_a_name_that_it_bears(kind: str, value: str) -> None:
    assert APP.bears(CertificateName(kind, value))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("subject_dn", "CN=app"),
        ("subject_dn", "C=DE,O=Example,OU=Apps,CN=app"),
        ("subject_dn", "CN=App,OU=Apps,O=Example,C=DE"),
        ("subject_dn", "CN=app,OU=Apps,O=Example,C=DE,C=DE"),
        ("san_dns", "example.com"),
        ("san_uri", "spiffe://example.org/APP"),
        ("san_email", "app.example.com"),
        ("san_ip", "192.0.2.70"),
    ],
)
def test_a_name_that_it_does_not_bear(kind: str, value: str) -> None:
    assert not APP.bears(CertificateName(kind, value))
    assert not certified("CN=other", "tls").bears(CertificateName(kind, value))


def test_how_a_name_was_encoded_says_nothing() -> None:
    """RFC 5280 §7.1: PrintableString and UTF8String of one text are one name."""
    printable = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example", _ASN1Type.PrintableString)])
    assert certified(printable, "tls").bears(CertificateName("subject_dn", "O=Example"))
    assert certified("O=Example", "tls").der != certified(printable, "tls").der
