"""Our AuthnRequest (SAML Core §3.4.1), by HTTP-Redirect or HTTP-POST, signed when asked."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from broker.xml import bindings
from broker.xml.names import POST, SAML, SAMLP
from broker.xml.response import written


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """What we ask of the IdP. issue_instant: epoch seconds. class_refs, comparison: RequestedAuthnContext; none by
    default, for it breaks single sign-on by Kerberos on AD FS and is refused by Entra. No NameIDPolicy unless a format
    is configured: AD FS refuses one that its rules do not issue."""

    id: str
    issuer: str
    destination: str
    acs: str
    issue_instant: float
    force_authn: bool = False
    name_id_format: str | None = None
    class_refs: tuple[str, ...] = ()
    comparison: str = "exact"


def redirect_url(request: AuthnRequest, relay_state: str, private_key: str | None) -> str:
    """Where to send the browser. `private_key`: PEM of our RSA key, or None for an unsigned request."""
    return bindings.redirect_url(request.destination, "SAMLRequest", document(request), relay_state, private_key)


def form_fields(request: AuthnRequest, relay_state: str, signing: tuple[str, str] | None) -> dict[str, str]:
    """The form to post. signing: our private key and certificate, PEM, or None for an unsigned request."""
    return {"SAMLRequest": bindings.form_value(element(request), signing), "RelayState": relay_state}


def document(request: AuthnRequest) -> bytes:
    return bytes(etree.tostring(element(request)))


def element(request: AuthnRequest) -> etree._Element:
    root = etree.Element(
        f"{{{SAMLP}}}AuthnRequest",
        {
            "ID": request.id,
            "Version": "2.0",
            "IssueInstant": written(request.issue_instant),
            "Destination": request.destination,
            "AssertionConsumerServiceURL": request.acs,
            "ProtocolBinding": POST,
        },
        nsmap={"samlp": SAMLP, "saml": SAML},
    )
    if request.force_authn:
        root.set("ForceAuthn", "true")
    etree.SubElement(root, f"{{{SAML}}}Issuer").text = request.issuer
    if request.name_id_format is not None:
        etree.SubElement(root, f"{{{SAMLP}}}NameIDPolicy", {"Format": request.name_id_format, "AllowCreate": "true"})
    if request.class_refs:
        context = etree.SubElement(root, f"{{{SAMLP}}}RequestedAuthnContext", {"Comparison": request.comparison})
        for class_ref in request.class_refs:
            etree.SubElement(context, f"{{{SAML}}}AuthnContextClassRef").text = class_ref
    return root
