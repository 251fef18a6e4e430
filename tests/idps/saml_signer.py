"""A SAML IdP that signs whatever it is told to, right or wrong: every knob of `Answer` can be turned to misbehave.

Built on xmlsec, lxml and cryptography directly, not on the broker and not on python3-saml, so that it shares no code
with what it tests.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from broker.model import Callback

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
NS = {"samlp": SAMLP, "saml": SAML, "ds": DS}
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SUCCESS = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>'
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"


@dataclass(frozen=True)
class Signer:
    """A key with a self-signed certificate, both PEM."""

    private_key: str
    certificate: str

    @property
    def certificate_text(self) -> str:
        return "".join(self.certificate.split("-----")[2].split())


@cache
def signer(name: str, kind: str = "rsa2048", days: int = 365) -> Signer:
    """One key a name for the whole test run. kind: rsa1024, rsa2048, p256."""
    key: Any = ec.generate_private_key(ec.SECP256R1())
    if kind.startswith("rsa"):
        key = rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("rsa")))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    ends = datetime.now(UTC) + timedelta(days=days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=400))
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Signer(private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())


def time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass(frozen=True)
class Answer:
    """A good answer until something is replaced. None leaves an attribute or element out; times are epoch seconds."""

    now: float
    acs: str
    audience: str
    issuer: str
    request_id: str
    response_id: str = "_response"
    assertion_id: str = "_assertion"
    version: str = "2.0"
    destination: str | None = "acs"
    in_response_to: str | None = "request"
    response_issuer: str | None = "issuer"
    issuer_attributes: str = ""
    issue_instant: str | None = None
    status: str = SUCCESS
    subject: str | None = None  # the whole Subject
    name_id: str | None = None  # the whole NameID element
    name_id_value: str = "anna"
    method: str = BEARER
    recipient: str | None = "acs"
    inner_in_response_to: str | None = "request"
    confirmed_until: float | str | None = 300
    confirmed_from: float | None = None
    conditions: str | None = None  # the whole Conditions
    valid_from: float | None = -5
    valid_until: float | None = 3600
    audiences: Sequence[Sequence[str]] | None = None
    more_conditions: str = ""
    authn: str | None = None  # every AuthnStatement
    authn_instant: float | str = -10
    session_until: float | None = None
    class_ref: str = PASSWORD
    attributes: str = (
        '<saml:Attribute Name="mail"><saml:AttributeValue>anna@contoso.com</saml:AttributeValue></saml:Attribute>'
    )
    more_confirmations: str = ""
    extensions: str = ""
    after_conditions: str = ""

    def but(self, **changes: Any) -> Answer:
        return replace(self, **changes)

    def at(self, offset: float | str | None) -> str | None:
        return offset if offset is None or isinstance(offset, str) else time(self.now + offset)

    def xml(self) -> str:
        issued = self.issue_instant or time(self.now)
        response = attributes(
            ID=self.response_id,
            Version=self.version,
            IssueInstant=issued,
            Destination=self.acs if self.destination == "acs" else self.destination,
            InResponseTo=self.request_id if self.in_response_to == "request" else self.in_response_to,
        )
        response_issuer = self.issuer if self.response_issuer == "issuer" else self.response_issuer
        assertion = attributes(ID=self.assertion_id, Version=self.version, IssueInstant=issued)
        return (
            f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"{response}>'
            + (
                ""
                if response_issuer is None
                else f"<saml:Issuer{self.issuer_attributes}>{escape(response_issuer)}</saml:Issuer>"
            )
            + self.extensions
            + f"<samlp:Status>{self.status}</samlp:Status>"
            + f"<saml:Assertion{assertion}><saml:Issuer>{escape(self.issuer)}</saml:Issuer>"
            + self.subject_xml()
            + self.conditions_xml()
            + self.after_conditions
            + self.authn_xml()
            + (f"<saml:AttributeStatement>{self.attributes}</saml:AttributeStatement>" if self.attributes else "")
            + "</saml:Assertion></samlp:Response>"
        )

    def subject_xml(self) -> str:
        if self.subject is not None:
            return self.subject
        name_id = self.name_id
        if name_id is None:
            name_id = f'<saml:NameID Format="{PERSISTENT}">{escape(self.name_id_value)}</saml:NameID>'
        data = attributes(
            InResponseTo=self.request_id if self.inner_in_response_to == "request" else self.inner_in_response_to,
            NotBefore=self.at(self.confirmed_from),
            NotOnOrAfter=self.at(self.confirmed_until),
            Recipient=self.acs if self.recipient == "acs" else self.recipient,
        )
        return (
            f'<saml:Subject>{name_id}<saml:SubjectConfirmation Method="{self.method}">'
            f"<saml:SubjectConfirmationData{data}/></saml:SubjectConfirmation>{self.more_confirmations}</saml:Subject>"
        )

    def conditions_xml(self) -> str:
        if self.conditions is not None:
            return self.conditions
        times = attributes(NotBefore=self.at(self.valid_from), NotOnOrAfter=self.at(self.valid_until))
        restrictions = [[self.audience]] if self.audiences is None else self.audiences
        audiences = "".join(
            f"<saml:AudienceRestriction>{''.join(f'<saml:Audience>{escape(one)}</saml:Audience>' for one in some)}"
            "</saml:AudienceRestriction>"
            for some in restrictions
        )
        return f"<saml:Conditions{times}>{audiences}{self.more_conditions}</saml:Conditions>"

    def authn_xml(self) -> str:
        if self.authn is not None:
            return self.authn
        when = attributes(
            AuthnInstant=self.at(self.authn_instant),
            SessionIndex="_s1",
            SessionNotOnOrAfter=self.at(self.session_until),
        )
        return (
            f"<saml:AuthnStatement{when}><saml:AuthnContext><saml:AuthnContextClassRef>{self.class_ref}"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
        )


def attributes(**named: str | None) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in named.items() if value is not None)


def tree(xml: str | bytes) -> etree._Element:
    return etree.fromstring(xml.encode() if isinstance(xml, str) else xml)


def assertion(root: etree._Element) -> etree._Element:
    found = root.find(".//saml:Assertion", NS)
    assert found is not None
    return found


def sign(element: etree._Element, by: Signer, *, certificate: bool = True) -> etree._Element:
    """Add ds:Signature after the element's Issuer (or first), over the element itself; returns the signature."""
    kind = xmlsec.constants.TransformRsaSha256 if "RSA" in key_kind(by) else xmlsec.constants.TransformEcdsaSha256
    signature = xmlsec.template.create(element, xmlsec.constants.TransformExclC14N, kind, ns="ds")
    issuer = element.find("saml:Issuer", NS)
    element.insert(0 if issuer is None else element.index(issuer) + 1, signature)
    reference = xmlsec.template.add_reference(signature, xmlsec.constants.TransformSha256, uri=f"#{element.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    resign(signature, by)
    if certificate:  # not covered by the signature
        info = etree.SubElement(signature, f"{{{DS}}}KeyInfo")
        data = etree.SubElement(info, f"{{{DS}}}X509Data")
        etree.SubElement(data, f"{{{DS}}}X509Certificate").text = by.certificate_text
    return signature


def resign(signature: etree._Element, by: Signer) -> None:
    """Make DigestValue and SignatureValue right again after SignedInfo or the content was changed."""
    root = signature.getroottree().getroot()
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(by.private_key.encode(), xmlsec.constants.KeyDataFormatPem, None)
    context.sign(signature)


def key_kind(by: Signer) -> str:
    key = serialization.load_pem_private_key(by.private_key.encode(), None, unsafe_skip_rsa_key_validation=True)
    return "RSA" if isinstance(key, rsa.RSAPrivateKey) else "EC"


def text(root: etree._Element) -> bytes:
    return etree.tostring(root)


def posted(document: bytes | etree._Element, relay_state: str | None) -> Callback:
    raw = document if isinstance(document, bytes) else text(document)
    form = {"SAMLResponse": (base64.b64encode(raw).decode(),)}
    if relay_state is not None:
        form["RelayState"] = (relay_state,)
    return Callback("POST", {}, form)


@dataclass(frozen=True)
class Entity:
    """IdP metadata with knobs. keys: (use or None, signer)."""

    entity_id: str
    keys: Sequence[tuple[str | None, Signer]]
    sso: str = "https://idp.contoso.com/sso"
    binding: str = REDIRECT
    entity_attributes: str = ""
    role_attributes: str = ""
    before: str = ""
    after: str = ""
    slo: Sequence[tuple[str, str]] = ()  # (binding, location) of single logout

    def xml(self) -> str:
        keys = "".join(
            f"<md:KeyDescriptor{attributes(use=use)}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
            f"{by.certificate_text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for use, by in self.keys
        )
        slo = "".join(
            f'<md:SingleLogoutService Binding="{binding}" Location={quoteattr(location)}/>'
            for binding, location in self.slo
        )
        return (
            f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="{DS}" '
            f"entityID={quoteattr(self.entity_id)}{self.entity_attributes}>{self.before}"
            f'<md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}"{self.role_attributes}>{keys}{slo}'
            f'<md:SingleSignOnService Binding="{self.binding}" Location={quoteattr(self.sso)}/>'
            f"</md:IDPSSODescriptor>{self.after}</md:EntityDescriptor>"
        )

    def document(self) -> bytes:
        return self.xml().encode()
