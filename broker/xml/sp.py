"""Our side as a SAML service provider: the key pair, and the metadata document that an IdP's admin loads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from broker.xml.names import CONTENT_ALGORITHMS, DS, KEY_TRANSPORT, MD, POST, REDIRECT, SAMLP

MEDIA_TYPE = "application/samlmetadata+xml"
TEN_YEARS = timedelta(days=3653)


def make_key(common_name: str, now: float) -> tuple[str, str]:
    """A new RSA-2048 private key and its self-signed certificate, both PEM. `now`: epoch seconds."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
    starts = datetime.fromtimestamp(now, UTC).replace(microsecond=0) - timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(starts + TEN_YEARS)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def common_name(certificate: str) -> str:
    """The name that `make_key` put into a certificate."""
    subject = x509.load_pem_x509_certificate(certificate.encode()).subject
    return str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


@lru_cache(maxsize=256)
def private_key(pem: str) -> rsa.RSAPrivateKey:
    """Checked when it was made; checking again would cost 25 ms."""
    key = serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the service provider's key is not RSA")
    return key


def metadata(
    *,
    entity_id: str,
    acs: str,
    slo: str,
    certificates: Sequence[str],
    sign_requests: bool,
    want_assertions_signed: bool,
    name_id_format: str | None,
    allow_cbc: bool = False,
) -> bytes:
    """An SPSSODescriptor with our keys, single logout and one POST ACS (SAML Metadata §2.4.4).

    WantAssertionsSigned is what AD FS and Shibboleth read. certificates: PEM, the one to use now first; during a
    rotation there are two. Each signs and is encrypted to: Shibboleth fails where it finds no encryption key.
    """
    root = etree.Element(f"{{{MD}}}EntityDescriptor", {"entityID": entity_id}, nsmap={"md": MD, "ds": DS})
    role = etree.SubElement(
        root,
        f"{{{MD}}}SPSSODescriptor",
        {
            "AuthnRequestsSigned": _boolean(sign_requests),
            "WantAssertionsSigned": _boolean(want_assertions_signed),
            "protocolSupportEnumeration": SAMLP,
        },
    )
    for certificate in certificates:
        _key(role, "signing", certificate)
    for certificate in certificates:
        encryption_key(role, certificate, allow_cbc=allow_cbc)
    for binding in (REDIRECT, POST):
        etree.SubElement(role, f"{{{MD}}}SingleLogoutService", {"Binding": binding, "Location": slo})
    if name_id_format is not None:
        etree.SubElement(role, f"{{{MD}}}NameIDFormat").text = name_id_format
    etree.SubElement(
        role,
        f"{{{MD}}}AssertionConsumerService",
        {"Binding": POST, "Location": acs, "index": "0", "isDefault": "true"},
    )
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def encryption_key(role: etree._Element, certificate: str, *, allow_cbc: bool) -> None:
    """A KeyDescriptor of what may be encrypted for us, and how (SAML Metadata §2.4.1.1)."""
    key = _key(role, "encryption", certificate)
    for algorithm in (*content_algorithms(allow_cbc=allow_cbc), *KEY_TRANSPORT):
        etree.SubElement(key, f"{{{MD}}}EncryptionMethod", {"Algorithm": algorithm})


def content_algorithms(*, allow_cbc: bool) -> list[str]:
    """What an IdP may encrypt with, the best first."""
    strongest_first = sorted(CONTENT_ALGORITHMS, key=lambda name: (name.endswith("-cbc"), -CONTENT_ALGORITHMS[name]))
    return [name for name in strongest_first if allow_cbc or not name.endswith("-cbc")]


def _key(role: etree._Element, use: str, certificate: str) -> etree._Element:
    key = etree.SubElement(role, f"{{{MD}}}KeyDescriptor", {"use": use})
    data = etree.SubElement(etree.SubElement(key, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
    etree.SubElement(data, f"{{{DS}}}X509Certificate").text = "".join(certificate.split("-----")[2].split())
    return key


def _boolean(value: bool) -> str:
    return "true" if value else "false"
