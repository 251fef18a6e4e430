"""Our side as a SAML service provider: the key pair, and the metadata document that an IdP's admin loads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from broker.xml.names import DS, MD, POST, SAMLP

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


def metadata(
    *,
    entity_id: str,
    acs: str,
    certificate: str,
    sign_requests: bool,
    want_assertions_signed: bool,
    name_id_format: str | None,
) -> bytes:
    """An SPSSODescriptor with one signing key, one POST ACS and no encryption key (SAML Metadata §2.4.4).

    WantAssertionsSigned is what AD FS and Shibboleth read; a certificate is the PEM text.
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
    key = etree.SubElement(role, f"{{{MD}}}KeyDescriptor", {"use": "signing"})
    data = etree.SubElement(etree.SubElement(key, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
    etree.SubElement(data, f"{{{DS}}}X509Certificate").text = "".join(certificate.split("-----")[2].split())
    if name_id_format is not None:
        etree.SubElement(role, f"{{{MD}}}NameIDFormat").text = name_id_format
    etree.SubElement(
        role,
        f"{{{MD}}}AssertionConsumerService",
        {"Binding": POST, "Location": acs, "index": "0", "isDefault": "true"},
    )
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _boolean(value: bool) -> str:
    return "true" if value else "false"
