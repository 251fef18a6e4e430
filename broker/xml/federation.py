"""WS-Federation metadata (WS-Federation 1.2 §3): what a security token service publishes, and what we publish.

Theirs is a RoleDescriptor of type SecurityTokenServiceType: signing keys, and where browsers go (the first
PassiveRequestorEndpoint). AD FS has it beside its SAML roles; every other RoleDescriptor is somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from broker.xml import sp
from broker.xml.metadata import RoleKind
from broker.xml.names import DS, MD, XSI

FED = "http://docs.oasis-open.org/wsfed/federation/200706"
WSA = "http://www.w3.org/2005/08/addressing"
MEDIA_TYPE = "application/samlmetadata+xml"


def metadata(*, realm: str, callback: str, certificates: Sequence[str] = (), allow_cbc: bool = False) -> bytes:
    """An ApplicationServiceType: our realm, where answers go, and what may be encrypted for us.

    certificates: PEM, the one to use now first; AD FS encrypts to the one that it finds.
    """
    root = etree.Element(
        f"{{{MD}}}EntityDescriptor", {"entityID": realm}, nsmap={"md": MD, "ds": DS, "fed": FED, "wsa": WSA, "xsi": XSI}
    )
    role = etree.SubElement(root, f"{{{MD}}}RoleDescriptor", {"protocolSupportEnumeration": FED})
    role.set(f"{{{XSI}}}type", "fed:ApplicationServiceType")
    for certificate in certificates:
        sp.encryption_key(role, certificate, allow_cbc=allow_cbc)
    for name, address in (
        ("TargetScopes", realm),
        ("ApplicationServiceEndpoint", callback),
        ("PassiveRequestorEndpoint", callback),
    ):
        reference = etree.SubElement(etree.SubElement(role, f"{{{FED}}}{name}"), f"{{{WSA}}}EndpointReference")
        etree.SubElement(reference, f"{{{WSA}}}Address").text = address
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _service(entity: etree._Element) -> etree._Element | None:
    roles = entity.iterchildren(f"{{{MD}}}RoleDescriptor")
    return next((role for role in roles if _type(role) == (FED, "SecurityTokenServiceType")), None)


def _type(role: etree._Element) -> tuple[str | None, str]:
    prefix, _, name = (role.get(f"{{{XSI}}}type") or "").strip().rpartition(":")
    return role.nsmap.get(prefix or None), name


def _addresses(role: etree._Element) -> list[str]:
    """Any version of WS-Addressing: AD FS writes 2005/08."""
    endpoints = role.iterchildren(f"{{{FED}}}PassiveRequestorEndpoint")
    return [(address.text or "").strip() for endpoint in endpoints for address in endpoint.iter("{*}Address")]


SECURITY_TOKEN_SERVICE = RoleKind("WS-Federation SecurityTokenServiceType", _service, _addresses)
