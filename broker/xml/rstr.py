"""The gate for a WS-Federation answer: `wresult`, a RequestSecurityTokenResponse (WS-Trust 1.3 §4.4, or 2005/02).

    RequestSecurityTokenResponseCollection   perhaps
      RequestSecurityTokenResponse           one
        RequestedSecurityToken               one
          saml:Assertion                     one in the whole document: SAML 1.1 or SAML 2.0, signed by itself;
                                             or the same in a saml:EncryptedAssertion, or in a bare xenc:EncryptedData
        anything else                        an envelope that nobody signed: never read

The same rules as for a SAML response, in the same order. Raises AssertionRejected with: those of `gate.markup`, root,
rstr_shape, token_unsupported, assertion_count, id_pollution, duplicate_id, the reasons of `encryption_shape` and
`signature_shape`. From `opened` comes decryption; from `verify` unsigned, signature_invalid, digest, schema.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from lxml import etree

from broker.errors import AssertionRejected
from broker.xml import decrypt, encryption_shape, gate, onelogin, response, saml11, signature, signature_shape
from broker.xml.encryption_shape import ENCRYPTED_DATA
from broker.xml.gate import Gated
from broker.xml.names import (
    ASSERTION,
    ASSERTION11,
    ENCRYPTED_ASSERTION,
    ENCRYPTED_ID,
    ID_ATTRIBUTES,
    SAML,
)
from broker.xml.response import Response

WS_TRUST = ("http://schemas.xmlsoap.org/ws/2005/02/trust", "http://docs.oasis-open.org/ws-sx/ws-trust/200512")
RESPONSES = tuple(f"{{{namespace}}}RequestSecurityTokenResponse" for namespace in WS_TRUST)
COLLECTIONS = tuple(f"{tag}Collection" for tag in RESPONSES)
REQUESTED = tuple(f"{{{namespace}}}RequestedSecurityToken" for namespace in WS_TRUST)
TOKENS = (ASSERTION, ASSERTION11)
WRAPPERS = (ENCRYPTED_ASSERTION, ENCRYPTED_ID, f"{{{SAML}}}EncryptedAttribute")
ENVELOPE = (b"RequestSecurityTokenResponse", WS_TRUST[0].encode())  # of ours, around what was decrypted
PLACES = {ENCRYPTED_ASSERTION: REQUESTED, ENCRYPTED_ID: (f"{{{SAML}}}Subject",)}

ASSERTION_ID = re.compile(rb"""assertionid\s*=\s*["']""")  # of lower-case text


def open_rstr(field: str) -> Gated:
    """From the form field `wresult`, which is the XML itself, to a tree that is safe to verify."""
    if len(field) > gate.MOST_BYTES:
        raise AssertionRejected("size", detail="the form field is too long")
    return passed(_encoded(field))


def passed(raw: bytes, spent: int = 0) -> Gated:
    """The whole column; what was encrypted comes through here once more when it is plain. spent: weight so far."""
    root, weight = gate.markup(raw, spent)
    check_root(root)
    token = the_token(root)
    encrypted = holder_of(token)
    check_identifiers(root, token, raw)
    encryption_shape.check(root, PLACES, None if encrypted is token else encrypted)
    signatures = signature_shape.find(root)
    signature_shape.check(signatures, TOKENS)
    return Gated(root, token if encrypted is None else None, signatures, encrypted, weight=weight)


def opened(gated: Gated, keys: Sequence[str]) -> Gated:
    """The same with its token in the clear, alone in an envelope of ours. `keys`: ours, PEM.

    Whatever goes wrong is one reason: who changes a ciphertext must not learn what became of it.
    """
    if gated.encrypted is None:
        return gated
    requested = decrypt.shell(REQUESTED[0], gated.encrypted, decrypt.plain(gated.encrypted, keys))
    try:
        inner = passed(b'<t:%b xmlns:t="%b">%b</t:%b>' % (*ENVELOPE, requested, ENVELOPE[0]), gated.weight)
    except AssertionRejected as refusal:
        raise AssertionRejected("decryption", detail=f"what was encrypted: {refusal.reason}") from None
    if inner.encrypted is not None or not decrypt.alone(inner.unverified_root[0]):
        raise AssertionRejected("decryption", detail="what was encrypted is not one assertion")
    return inner


def with_name_id(gated: Gated, keys: Sequence[str], *, allow_cbc: bool) -> Gated:
    """With the NameID that SAML 2.0 may have encrypted by itself. Only of a token that was verified."""
    holder = decrypt.encrypted_id(gated)
    if holder is None:
        return gated
    encryption_shape.check_content(holder, allow_cbc=allow_cbc)
    return replace(gated, unverified_name_id=decrypt.name_id(holder, keys))


def check_root(root: etree._Element) -> None:
    if root.tag not in RESPONSES + COLLECTIONS:
        raise AssertionRejected("root", detail="the document is not a RequestSecurityTokenResponse")


def the_token(root: etree._Element) -> etree._Element:
    """The only token of the document, plain or not, where the envelope says that it is."""
    requested, found = _requested(root), list(islice(root.iter(*TOKENS, ENCRYPTED_ASSERTION), 2))
    encrypted = islice(root.iter(ENCRYPTED_DATA), encryption_shape.MOST_PARTS + 1)  # so many are refused anyway
    found += [data for data in encrypted if _wrapper(data) not in WRAPPERS]
    if not found:
        raise AssertionRejected(
            "token_unsupported",
            "Your organisation's identity provider sent no SAML token. Its administrator must choose SAML 1.1 or SAML "
            "2.0 as the token type of this application.",
        )
    if len(found) > 1:
        raise AssertionRejected("assertion_count", detail="more than one token")
    if _only(requested) is not found[0]:
        raise AssertionRejected("rstr_shape")
    return found[0]


def holder_of(token: etree._Element) -> etree._Element | None:
    """The element around the xenc:EncryptedData of a token; None: it is plain."""
    if token.tag in TOKENS:
        return None
    return token if token.tag == ENCRYPTED_ASSERTION else token.getparent()


def check_identifiers(root: etree._Element, token: etree._Element, raw: bytes) -> None:
    """The assertion's own, and `Id` on what may be signed or encrypted, are the only identifiers, each once."""
    name = ID_ATTRIBUTES.get(str(token.tag), "ID")
    own = [value] if (value := token.get(name)) is not None else []
    plain, marked = gate.ids(root)
    gate.check_no_odd_id(root)
    gate.check_no_prefixed_id(raw)
    if len(plain) + len(ASSERTION_ID.findall(raw.lower())) != len(own):
        raise AssertionRejected("id_pollution")
    gate.check_unique([*own, *marked])


def _requested(root: etree._Element) -> etree._Element:
    """The one RequestedSecurityToken, directly under the one response."""
    one = _only(root) if root.tag in COLLECTIONS else root
    found = list(islice(root.iter(*REQUESTED), 2))
    if one is None or one.tag not in RESPONSES or len(found) != 1 or found[0].getparent() is not one:
        raise AssertionRejected("rstr_shape")
    return found[0]


def _wrapper(data: etree._Element) -> str | None:
    parent = data.getparent()
    return None if parent is None else str(parent.tag)


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
        onelogin.check_schema(encryption_shape.of_2002(token))


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
