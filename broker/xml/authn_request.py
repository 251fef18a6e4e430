"""Our AuthnRequest (SAML Core §3.4.1) by HTTP-Redirect (SAML Bindings §3.4), signed over the query when asked."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from broker.xml import sp
from broker.xml.names import POST, RSA_SHA256, SAML, SAMLP


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """What we ask of the IdP. issue_instant: epoch seconds. No RequestedAuthnContext: it breaks single sign-on
    by Kerberos on AD FS and is refused by Entra; no NameIDPolicy unless a format is configured."""

    id: str
    issuer: str
    destination: str
    acs: str
    issue_instant: float
    force_authn: bool = False
    name_id_format: str | None = None


def redirect_url(request: AuthnRequest, relay_state: str, private_key: str | None) -> str:
    """Where to send the browser. `private_key`: PEM of our RSA key, or None for an unsigned request.

    The signature covers the encoded query exactly as sent, in this order (SAML Bindings §3.4.4.1).
    """
    message = zlib.compress(document(request), level=9, wbits=-15)
    query = f"SAMLRequest={_base64(message)}&RelayState={_encoded(relay_state)}"
    if private_key is not None:
        query += f"&SigAlg={_encoded(RSA_SHA256)}"
        signature = sp.private_key(private_key).sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
        query += f"&Signature={_base64(signature)}"
    return f"{request.destination}{'&' if '?' in request.destination else '?'}{query}"


def document(request: AuthnRequest) -> bytes:
    root = etree.Element(
        f"{{{SAMLP}}}AuthnRequest",
        {
            "ID": request.id,
            "Version": "2.0",
            "IssueInstant": datetime.fromtimestamp(request.issue_instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
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
    return bytes(etree.tostring(root))


def _base64(data: bytes) -> str:
    """Base64 for a query: of its letters only three need escaping, and `quote` would look at each."""
    return base64.b64encode(data).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


def _encoded(text: str) -> str:
    return quote(text, safe="")
