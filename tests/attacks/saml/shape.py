"""More ways to bend ds:Signature, beside the catalogue's rows: each rule of the one allowed shape, broken alone."""

from __future__ import annotations

from lxml import etree

from broker.model import Callback
from tests.attacks.saml.case import Case, Context, edited, said
from tests.attacks.saml.forge import EXC, TRANSFORM, doubled, removed, shaped, the
from tests.idps.saml_signer import signer

ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
AUTHN = (
    '<saml:AuthnStatement AuthnInstant="2027-01-15T07:59:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>x'
    "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
)


def three(ctx: Context, root: etree._Element, signature: etree._Element) -> None:
    doubled("ds:Signature")(ctx, root, signature)
    doubled("ds:Signature")(ctx, root, signature)


def digest_child(_: Context, root: etree._Element, __: etree._Element) -> None:
    etree.SubElement(the(root, "ds:DigestMethod"), "b")


def from_elliptic_stranger(ctx: Context) -> Callback:
    return ctx.post(ctx.signed(by=signer("elliptic", "p256")))


CASES: tuple[Case, ...] = (
    Case("SHAPE-1", "no Transforms", "transform", shaped(removed("ds:Transforms"))),
    Case("SHAPE-2", "two DigestValue", "signedinfo_shape", shaped(doubled("ds:DigestValue"))),
    Case("SHAPE-3", "two SignatureMethod", "signedinfo_shape", shaped(doubled("ds:SignatureMethod"))),
    Case("SHAPE-4", "element in DigestMethod", "algorithm", shaped(digest_child)),
    Case("SHAPE-5", "element in DigestValue", "signedinfo_shape", edited("<ds:DigestValue>", "<ds:DigestValue><b/>")),
    Case(
        "SHAPE-6",
        "element in SignatureValue",
        "signature_shape",
        edited("<ds:SignatureValue>", "<ds:SignatureValue><b/>"),
    ),
    Case(
        "SHAPE-7",
        "child of a transform",
        "transform",
        edited(TRANSFORM, f'<ds:Transform Algorithm="{EXC}"><b/></ds:Transform>'),
    ),
    Case("SHAPE-8", "element in a certificate", "keyinfo", edited("<ds:X509Certificate>", "<ds:X509Certificate><b/>")),
    Case("SHAPE-9", "three signatures", "signature_shape", shaped(three)),
    Case(
        "SHAPE-10",
        "SignatureValue is no base64",
        "signature_invalid",
        edited("<ds:SignatureValue>", "<ds:SignatureValue>!"),
    ),
    Case("SHAPE-11", "elliptic algorithm for an RSA key", "signature_invalid", edited(RSA, ECDSA)),
    Case("SHAPE-12", "elliptic stranger", "signature_invalid", from_elliptic_stranger),
    Case("AUTHN-1", "two AuthnStatements", "authn_count", said(authn=AUTHN * 2)),
    Case("AUTHN-2", "authenticated in the future", "authn_instant", said(authn_instant=3600)),
)
