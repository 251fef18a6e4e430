"""The gate for a WS-Federation answer: `wresult`, a RequestSecurityTokenResponse (WS-Trust 1.3 §4.4, or 2005/02).

    RequestSecurityTokenResponseCollection   perhaps
      RequestSecurityTokenResponse           one
        RequestedSecurityToken               one
          saml:Assertion                     one in the whole document: SAML 1.1 or SAML 2.0, signed by itself
        anything else                        an envelope that nobody signed: never read

The same rules as for a SAML response, in the same order. Raises AssertionRejected with: those of `gate.markup`, root,
id_pollution, duplicate_id, encryption_unsupported, the reasons of `signature_shape`, rstr_shape, token_unsupported,
assertion_count. From `verify` come unsigned, signature_invalid, digest, schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from lxml import etree

from broker.errors import AssertionRejected
from broker.xml import gate, onelogin, response, saml11, signature, signature_shape
from broker.xml.gate import Gated
from broker.xml.names import ASSERTION, ASSERTION11, ENCRYPTED_ASSERTION, ID_ATTRIBUTES, SIGNATURE, XENC
from broker.xml.response import Response

WS_TRUST = ("http://schemas.xmlsoap.org/ws/2005/02/trust", "http://docs.oasis-open.org/ws-sx/ws-trust/200512")
RESPONSES = tuple(f"{{{namespace}}}RequestSecurityTokenResponse" for namespace in WS_TRUST)
COLLECTIONS = tuple(f"{tag}Collection" for tag in RESPONSES)
REQUESTED = tuple(f"{{{namespace}}}RequestedSecurityToken" for namespace in WS_TRUST)
TOKENS = (ASSERTION, ASSERTION11)

identifiers = etree.XPath(
    "//@*[translate(local-name(), 'ID', 'id') = 'id']"
    " | //@*[translate(local-name(), 'ASERTIOND', 'asertiond') = 'assertionid']",
    smart_strings=False,
)


def open_rstr(field: str) -> Gated:
    """From the form field `wresult`, which is the XML itself, to a tree that is safe to verify."""
    if len(field) > gate.MOST_BYTES:
        raise AssertionRejected("size", detail="the form field is too long")
    root = gate.markup(_encoded(field))
    check_root(root)
    check_not_encrypted(root)
    assertion = the_assertion(root)
    check_identifiers(root, assertion)
    signatures = tuple(root.iter(SIGNATURE))
    signature_shape.check(signatures, TOKENS)
    return Gated(root, assertion, signatures)


def check_root(root: etree._Element) -> None:
    if root.tag not in RESPONSES + COLLECTIONS:
        raise AssertionRejected("root", detail="the document is not a RequestSecurityTokenResponse")


def check_not_encrypted(root: etree._Element) -> None:
    """Our federation metadata offers no key to encrypt with, so somebody entered one by hand."""
    if next(root.iter(ENCRYPTED_ASSERTION, f"{{{XENC}}}*"), None) is not None:
        raise AssertionRejected(
            "encryption_unsupported",
            "Your organisation's identity provider encrypted its answer, which is not supported over WS-Federation. "
            "Its administrator must remove the encryption certificate of this application.",
        )


def the_assertion(root: etree._Element) -> etree._Element:
    """The only assertion of the document, where the envelope says that the token is."""
    requested, found = _requested(root), list(root.iter(*TOKENS))
    if not found:
        raise AssertionRejected(
            "token_unsupported",
            "Your organisation's identity provider sent no SAML token. Its administrator must choose SAML 1.1 or SAML "
            "2.0 as the token type of this application.",
        )
    if len(found) > 1:
        raise AssertionRejected("assertion_count", detail=f"{len(found)} assertions")
    if _only(requested) is not found[0]:
        raise AssertionRejected("rstr_shape")
    return found[0]


def check_identifiers(root: etree._Element, assertion: etree._Element) -> None:
    """The assertion's own and `Id` on ds:Signature are the only identifiers, each once."""
    own = assertion.get(ID_ATTRIBUTES.get(str(assertion.tag), "ID"))
    allowed = [own] if own is not None else []
    allowed += [marked for one in root.iter(SIGNATURE) if (marked := one.get("Id")) is not None]
    if len(cast("list[str]", identifiers(root))) != len(allowed):
        raise AssertionRejected("id_pollution")
    if len(set(allowed)) != len(allowed):
        raise AssertionRejected("duplicate_id")


def _requested(root: etree._Element) -> etree._Element:
    """The one RequestedSecurityToken, directly under the one response."""
    one = _only(root) if root.tag in COLLECTIONS else root
    found = list(root.iter(*REQUESTED))
    if one is None or one.tag not in RESPONSES or len(found) != 1 or found[0].getparent() is not one:
        raise AssertionRejected("rstr_shape")
    return found[0]


def _only(parent: etree._Element) -> etree._Element | None:
    return parent[0] if len(parent) == 1 else None


def _encoded(field: str) -> bytes:
    try:
        return field.encode()
    except UnicodeEncodeError:
        raise AssertionRejected("encoding", detail="not Unicode text") from None


def verify(gated: Gated, certificates: Sequence[str]) -> None:
    """The assertion's own signature: in this envelope nothing else could vouch for it. Then the assertion's schema."""
    if not gated.signatures:
        raise AssertionRejected("unsigned")
    for one in gated.signatures:
        signature.verify_one(one, gated.unverified_root, certificates)
    token = _token(gated)
    if token.tag == ASSERTION11:
        saml11.check_schema(token)
    else:
        onelogin.check_schema(token)


def read(gated: Gated) -> Response:
    """The verified assertion as a response around which nothing is said, but the version that its namespace means.

    Raises those of `saml11.read_assertion`.
    """
    token = _token(gated)
    old = token.tag == ASSERTION11
    assertion = saml11.read_assertion(token) if old else response.read(gated, frozenset({ASSERTION})).assertion
    return Response(
        id=assertion.id,
        version="1.1" if old else "2.0",
        issue_instant=assertion.issue_instant,
        destination=None,
        in_response_to=None,
        issuer=None,
        signed=False,
        assertion=assertion,
    )


def _token(gated: Gated) -> etree._Element:
    if gated.unverified_assertion is None:
        raise AssertionRejected("assertion_count", detail="no assertion")
    return gated.unverified_assertion
