"""The demo SAML identity provider's documents: its metadata and a signed response, on lxml and xmlsec."""

from __future__ import annotations

import datetime
import secrets
import zlib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from xmlsec import constants

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
LARGEST_REQUEST = 64 * 1024

NAMES = {"samlp": PROTOCOL, "saml": ASSERTION, "md": METADATA, "ds": SIGNATURE}


@dataclass(frozen=True, slots=True)
class KeyPair:
    """RSA-2048 and its self-signed certificate, PEM."""

    private: bytes
    certificate: bytes

    @property
    def body(self) -> str:
        """The certificate's base64 without its armour."""
        return "".join(self.certificate.decode().split("\n")[1:-2])


@dataclass(frozen=True, slots=True)
class Request:
    """What an AuthnRequest asks for. `id` is its ID, `audience` its Issuer."""

    id: str
    audience: str
    acs: str


def make_key_pair(name: str) -> KeyPair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(private, certificate.public_bytes(serialization.Encoding.PEM))


def metadata(entity_id: str, sso_url: str, keys: KeyPair) -> bytes:
    key_info = element("ds:KeyInfo", element("ds:X509Data", element("ds:X509Certificate", keys.body)))
    role = element(
        "md:IDPSSODescriptor",
        element("md:KeyDescriptor", key_info, use="signing"),
        element("md:NameIDFormat", PERSISTENT),
        element("md:SingleSignOnService", Binding=REDIRECT, Location=sso_url),
        protocolSupportEnumeration=PROTOCOL,
    )
    return etree.tostring(
        element("md:EntityDescriptor", role, entityID=entity_id), xml_declaration=True, encoding="UTF-8"
    )


def read_request(encoded: str) -> Request:
    """SAML Bindings §3.4.4.1: base64 of DEFLATE. Raises ValueError."""
    inflater = zlib.decompressobj(-15)
    try:
        document = inflater.decompress(b64decode(encoded, validate=True), LARGEST_REQUEST)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        root = etree.fromstring(document, parser)
    except (zlib.error, etree.XMLSyntaxError) as error:
        raise ValueError("not an AuthnRequest") from error
    issuer = root.findtext(f"{{{ASSERTION}}}Issuer")
    request = root.get("ID"), issuer, root.get("AssertionConsumerServiceURL")
    if root.tag != f"{{{PROTOCOL}}}AuthnRequest" or not all(request):
        raise ValueError("not an AuthnRequest")
    return Request(str(request[0]), str(request[1]).strip(), str(request[2]))


def respond(
    request: Request, entity_id: str, subject: str, attributes: Mapping[str, tuple[str, ...]], keys: KeyPair, now: float
) -> bytes:
    """A Response with one signed assertion, valid for five minutes."""
    stamp, until = instant(now), instant(now + 300)
    assertion = element(
        "saml:Assertion",
        element("saml:Issuer", entity_id),
        _subject(subject, request, until),
        element(
            "saml:Conditions",
            element("saml:AudienceRestriction", element("saml:Audience", request.audience)),
            NotBefore=instant(now - 60),
            NotOnOrAfter=until,
        ),
        element(
            "saml:AuthnStatement",
            element("saml:AuthnContext", element("saml:AuthnContextClassRef", PASSWORD)),
            AuthnInstant=stamp,
            SessionIndex=_identifier(),
        ),
        element(
            "saml:AttributeStatement",
            *(
                element("saml:Attribute", *(element("saml:AttributeValue", value) for value in values), Name=name)
                for name, values in attributes.items()
            ),
        ),
        ID=_identifier(),
        Version="2.0",
        IssueInstant=stamp,
    )
    response = element(
        "samlp:Response",
        element("saml:Issuer", entity_id),
        element("samlp:Status", element("samlp:StatusCode", Value="urn:oasis:names:tc:SAML:2.0:status:Success")),
        assertion,
        ID=_identifier(),
        Version="2.0",
        IssueInstant=stamp,
        Destination=request.acs,
        InResponseTo=request.id,
    )
    _sign(assertion, keys)
    return etree.tostring(response)


def element(name: str, *children: str | etree._Element, **attributes: str) -> etree._Element:
    """`element("saml:Issuer", "text or elements", Attribute="value")`"""
    prefix, local = name.split(":")
    made = etree.Element(f"{{{NAMES[prefix]}}}{local}", attributes, {prefix: NAMES[prefix]})
    for child in children:
        if isinstance(child, str):
            made.text = child
        else:
            made.append(child)
    return made


def instant(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _subject(subject: str, request: Request, until: str) -> etree._Element:
    confirmation = element(
        "saml:SubjectConfirmation",
        element("saml:SubjectConfirmationData", InResponseTo=request.id, Recipient=request.acs, NotOnOrAfter=until),
        Method="urn:oasis:names:tc:SAML:2.0:cm:bearer",
    )
    return element("saml:Subject", element("saml:NameID", subject, Format=PERSISTENT), confirmation)


def _sign(element: etree._Element, keys: KeyPair) -> None:
    """Enveloped, exclusive C14N, RSA-SHA256; the Signature stands right after the Issuer (SAML Core §5.4)."""
    xmlsec.tree.add_ids(element, ["ID"])
    signature = xmlsec.template.create(element, constants.TransformExclC14N, constants.TransformRsaSha256, ns="ds")
    element.insert(1, signature)
    reference = xmlsec.template.add_reference(signature, constants.TransformSha256, uri=f"#{element.get('ID')}")
    xmlsec.template.add_transform(reference, constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, constants.TransformExclC14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(keys.private, constants.KeyDataFormatPem)
    context.key.load_cert_from_memory(keys.certificate, constants.KeyDataFormatPem)
    context.sign(signature)


def _identifier() -> str:
    return f"_{secrets.token_hex(16)}"
