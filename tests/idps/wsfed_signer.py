"""A WS-Federation IdP that signs whatever it is told to: SAML 1.1 tokens with knobs, in envelopes of both WS-Trusts.

Like `saml_signer`, built on xmlsec and lxml directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import escape

import xmlsec
from lxml import etree

from tests.idps.saml_signer import DS, Signer, attributes, key_kind, time

SAML11 = "urn:oasis:names:tc:SAML:1.0:assertion"
WST = "http://schemas.xmlsoap.org/ws/2005/02/trust"
WST13 = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
FED = "http://docs.oasis-open.org/wsfed/federation/200706"
BEARER11 = "urn:oasis:names:tc:SAML:1.0:cm:bearer"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
IMMUTABLE = "urn:example:immutable"
PASSWORD11 = "urn:oasis:names:tc:SAML:1.0:am:password"
NAMES = {"saml": SAML11, "ds": DS, "t": WST}


@dataclass(frozen=True)
class Token11:
    """A good SAML 1.1 assertion until something is replaced. Times: seconds from `now`; None leaves out."""

    now: float
    audience: str
    issuer: str
    assertion_id: str = "_token"
    major: str = "1"
    minor: str = "1"
    issue_instant: str | None = None
    conditions: str | None = None
    valid_from: float | None = -5
    valid_until: float | None = 3600
    audiences: Sequence[Sequence[str]] | None = None
    more_conditions: str = ""
    name_id: str = f'<saml:NameIdentifier Format="{IMMUTABLE}">anna</saml:NameIdentifier>'
    other_name_id: str | None = None  # of the AttributeStatement
    confirmation: str | None = BEARER11
    authn: str | None = None
    authn_instant: float = -10
    method: str = PASSWORD11
    attributes: str = (
        f'<saml:Attribute AttributeName="emailaddress" AttributeNamespace="{CLAIMS}">'
        "<saml:AttributeValue>anna@contoso.com</saml:AttributeValue></saml:Attribute>"
    )

    def xml(self) -> str:
        head = attributes(
            MajorVersion=self.major,
            MinorVersion=self.minor,
            AssertionID=self.assertion_id,
            Issuer=self.issuer,
            IssueInstant=self.issue_instant or time(self.now),
        )
        return (
            f'<saml:Assertion xmlns:saml="{SAML11}"{head}>'
            + self.conditions_xml()
            + self.authn_xml()
            + f"<saml:AttributeStatement>{self.subject(self.other_name_id or self.name_id)}{self.attributes}"
            + "</saml:AttributeStatement></saml:Assertion>"
        )

    def at(self, offset: float | None) -> str | None:
        return None if offset is None else time(self.now + offset)

    def conditions_xml(self) -> str:
        if self.conditions is not None:
            return self.conditions
        restrictions = [[self.audience]] if self.audiences is None else self.audiences
        audiences = "".join(
            "<saml:AudienceRestrictionCondition>"
            + "".join(f"<saml:Audience>{escape(one)}</saml:Audience>" for one in some)
            + "</saml:AudienceRestrictionCondition>"
            for some in restrictions
        )
        times = attributes(NotBefore=self.at(self.valid_from), NotOnOrAfter=self.at(self.valid_until))
        return f"<saml:Conditions{times}>{audiences}{self.more_conditions}</saml:Conditions>"

    def subject(self, name_id: str) -> str:
        method = f"<saml:ConfirmationMethod>{self.confirmation}</saml:ConfirmationMethod>"
        confirmed = f"<saml:SubjectConfirmation>{method}</saml:SubjectConfirmation>" if self.confirmation else ""
        return f"<saml:Subject>{name_id}{confirmed}</saml:Subject>"

    def authn_xml(self) -> str:
        if self.authn is not None:
            return self.authn
        said = attributes(AuthenticationMethod=self.method, AuthenticationInstant=self.at(self.authn_instant))
        return f"<saml:AuthenticationStatement{said}>{self.subject(self.name_id)}</saml:AuthenticationStatement>"

    def but(self, **changes: Any) -> Token11:
        return replace(self, **changes)


def envelope(token: str, realm: str, trust: str = WST) -> str:
    """As AD FS writes it; in WS-Trust 1.3 the response stands in a collection."""
    applies = (
        '<wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"><wsa:EndpointReference '
        f'xmlns:wsa="http://www.w3.org/2005/08/addressing"><wsa:Address>{escape(realm)}</wsa:Address>'
        "</wsa:EndpointReference></wsp:AppliesTo>"
    )
    response = (
        f"<t:RequestSecurityTokenResponse>{applies}<t:RequestedSecurityToken>{token}</t:RequestedSecurityToken>"
        f"<t:TokenType>{SAML11}</t:TokenType><t:KeyType>{WST}/NoProofKey</t:KeyType></t:RequestSecurityTokenResponse>"
    )
    if trust == WST13:
        name = "t:RequestSecurityTokenResponseCollection"
        return f'<{name} xmlns:t="{trust}">{response}</{name}>'
    return response.replace(
        "<t:RequestSecurityTokenResponse>", f'<t:RequestSecurityTokenResponse xmlns:t="{trust}">', 1
    )


def the_token(root: etree._Element) -> etree._Element:
    found = root.find(".//{*}RequestedSecurityToken")
    assert found is not None
    return found[0]


def sign_token(token: etree._Element, by: Signer, id_name: str = "AssertionID") -> etree._Element:
    """ds:Signature as the last child, as AD FS writes it into SAML 1.1; returns the signature."""
    kind = xmlsec.constants.TransformRsaSha256 if "RSA" in key_kind(by) else xmlsec.constants.TransformEcdsaSha256
    signature = xmlsec.template.create(token, xmlsec.constants.TransformExclC14N, kind, ns="ds")
    token.append(signature)
    uri = f"#{token.get(id_name)}"
    reference = xmlsec.template.add_reference(signature, xmlsec.constants.TransformSha256, uri=uri)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    resign_token(signature, by)
    info = etree.SubElement(signature, f"{{{DS}}}KeyInfo")
    data = etree.SubElement(info, f"{{{DS}}}X509Data")
    etree.SubElement(data, f"{{{DS}}}X509Certificate").text = by.certificate_text
    return signature


def resign_token(signature: etree._Element, by: Signer, id_name: str = "AssertionID") -> None:
    xmlsec.tree.add_ids(signature.getroottree().getroot(), [id_name])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(by.private_key.encode(), xmlsec.constants.KeyDataFormatPem, None)
    context.sign(signature)


@dataclass(frozen=True)
class Service:
    """A security token service's metadata, beside the other roles that AD FS publishes."""

    entity_id: str
    keys: Sequence[tuple[str | None, Signer]]
    endpoint: str = "https://adfs.contoso.com/adfs/ls/"
    others: str = ""

    def document(self) -> bytes:
        keys = "".join(
            f"<KeyDescriptor{attributes(use=use)}><KeyInfo xmlns='{DS}'><X509Data><X509Certificate>"
            f"{by.certificate_text}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
            for use, by in self.keys
        )
        address = (
            '<fed:PassiveRequestorEndpoint><EndpointReference xmlns="http://www.w3.org/2005/08/addressing">'
            f"<Address>{escape(self.endpoint)}</Address></EndpointReference></fed:PassiveRequestorEndpoint>"
        )
        return (
            '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" '
            f'xmlns:fed="{FED}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"{attributes(entityID=self.entity_id)}>'
            f'{self.others}<RoleDescriptor xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="{FED}">'
            f"{keys}{address}</RoleDescriptor></EntityDescriptor>"
        ).encode()
