"""The structural gate: what an IdP's message must look like before any XML library acts on what it says.

libxmlsec resolves references and runs transforms before it looks at a signature value, so an unsigned message could
open files or burn CPU for minutes. Here nothing is fetched, decoded, transformed or believed; every check is linear in
the message's size and has one reason. What passes is parsed once: the same tree is verified and read.

Raises AssertionRejected with: size, encoding, dtd, comment, pi, relative_namespace, xml, root, id_pollution,
duplicate_id, the reasons of `encryption_shape` and `signature_shape`, assertion_count.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import cast

from lxml import etree

from broker.errors import AssertionRejected
from broker.xml import encryption_shape, signature_shape
from broker.xml.names import ASSERTION, DS, ENCRYPTED_ASSERTION, RESPONSE, SIGNATURE, XENC

MOST_BYTES = 1_048_576  # 10,000 group values with their markup fit
MOST_CHARACTERS = MOST_BYTES * 4 // 3 + 4
MOST_ELEMENTS = 20_000
MOST_QUOTES = 44_000  # two an attribute
MOST_NAMESPACES = 11_000  # some IdPs repeat one on every value
MOST_ATTRIBUTES = 32  # of one element

DECLARATION = re.compile(
    rb"""<\?xml\s+version=["']1\.0["']\s*(?:encoding=["']([A-Za-z0-9._-]{1,32})["'])?[^<>]{0,40}\?>"""
)
ABSOLUTE_NAMESPACE = re.compile(rb"""xmlns(?::[^\s=<>"'&:]{1,100}+)?+\s*+=\s*["'][A-Za-z][A-Za-z0-9+.-]{0,31}:""")
PREFIXED_ID = re.compile(rb":[iI][dD]\s*=")

crowded = etree.XPath(f"boolean(//*[count(@*) > {MOST_ATTRIBUTES}])", smart_strings=False)
plain_ids = etree.XPath("//@ID", smart_strings=False)
odd_ids = etree.XPath("//@id | //@iD", smart_strings=False)
signature_ids = etree.XPath(
    "//ds:Signature/@Id | //xenc:EncryptedData/@Id | //xenc:EncryptedKey/@Id",
    namespaces={"ds": DS, "xenc": XENC},
    smart_strings=False,
)
mixed_ids = etree.XPath("//@Id", smart_strings=False)
every_id = etree.XPath("//@*[translate(local-name(), 'ID', 'id') = 'id']", smart_strings=False)


@dataclass(frozen=True, slots=True)
class Gated:
    """A response whose structure passed; nothing in it is verified yet.

    assertion: None in an answer that says why there is none (the status check refuses it), and while it is still
    `encrypted`. name_id: where it was encrypted by itself, the plain one.
    """

    unverified_root: etree._Element
    unverified_assertion: etree._Element | None
    signatures: tuple[etree._Element, ...]
    encrypted: etree._Element | None = None
    unverified_name_id: etree._Element | None = None


def open_response(field: str) -> Gated:
    """The gate, from the form field `SAMLResponse` (SAML Bindings §3.5.4) to a tree that is safe to verify."""
    return passed(decode(field))


def passed(raw: bytes) -> Gated:
    """The whole column; what was encrypted comes through here once more when it is plain."""
    root = markup(raw)
    check_root(root)
    check_id_names(root, raw)
    check_ids_unique(root)
    encryption_shape.check(root)
    signatures = tuple(root.iter(SIGNATURE))
    signature_shape.check(signatures)
    assertion = the_assertion(root)
    if assertion is not None and assertion.tag == ENCRYPTED_ASSERTION:
        return Gated(root, None, signatures, assertion)
    return Gated(root, assertion, signatures)


def markup(raw: bytes) -> etree._Element:
    """What holds for any XML, before and after the only parse."""
    check_size(raw)
    check_encoding(raw)
    check_no_doctype(raw)
    check_no_comment(raw)
    check_no_instruction(raw)
    check_namespaces(raw)
    root = parse(raw)
    check_attributes(root)
    return root


def decode(field: str) -> bytes:
    """Base64 with the standard alphabet; line breaks (RFC 2045 §6.8) and nothing else may stand between the letters."""
    if len(field) > MOST_CHARACTERS + MOST_CHARACTERS // 38:  # a line break after every 76 letters
        raise AssertionRejected("size", detail="the form field is too long")
    try:
        return base64.b64decode(field.replace("\r", "").replace("\n", "").encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise AssertionRejected("encoding", detail="the form field is not base64") from None


def check_size(raw: bytes) -> None:
    counts = {
        "bytes": (len(raw), MOST_BYTES),
        "elements": (raw.count(b"<") - raw.count(b"</"), MOST_ELEMENTS),
        "quotes": (raw.count(b'"') + raw.count(b"'"), MOST_QUOTES),
        "namespaces": (raw.count(b"xmlns"), MOST_NAMESPACES),
    }
    for what, (count, most) in counts.items():
        if count > most:
            raise AssertionRejected("size", detail=f"{count} {what}; at most {most}")


def check_encoding(raw: bytes) -> None:
    """UTF-8 without a byte order mark, declared as that or not at all: no two parsers may read it differently."""
    if raw.startswith(b"\xef\xbb\xbf") or b"\0" in raw[:4]:
        raise AssertionRejected("encoding", detail="not plain UTF-8")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise AssertionRejected("encoding", detail="not UTF-8") from None
    declared = DECLARATION.match(raw)
    if declared is not None and declared[1] is not None and declared[1].upper() != b"UTF-8":
        raise AssertionRejected("encoding", detail="declares another encoding than UTF-8")


def check_no_doctype(raw: bytes) -> None:
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise AssertionRejected("dtd")


def check_no_comment(raw: bytes) -> None:
    """Comments vanish in canonical form but split text nodes: refused anywhere (VU#475445)."""
    if b"<!--" in raw:
        raise AssertionRejected("comment")


def check_no_instruction(raw: bytes) -> None:
    """No processing instruction anywhere; only the XML declaration, and only at the very start."""
    declared = DECLARATION.match(raw)
    if raw.find(b"<?", declared.end() if declared is not None else 0) >= 0:
        raise AssertionRejected("pi")


def check_namespaces(raw: bytes) -> None:
    """Every namespace name is absolute: relative ones make some canonicalizers give nothing (void canonicalization).

    Counted on the bytes: each `xmlns` must begin a declaration of an absolute name, so what reads oddly is refused.
    """
    if len(ABSOLUTE_NAMESPACE.findall(raw)) != raw.count(b"xmlns"):
        raise AssertionRejected("relative_namespace")


def parse(raw: bytes) -> etree._Element:
    """The only parse of the message. No DTD, entity or network access; libxml2's own depth limit (256) stays on."""
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=False,
        remove_pis=False,
    )
    try:
        return etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        deep = _code(error) == etree.ErrorTypes.ERR_RESOURCE_LIMIT
        raise AssertionRejected("size" if deep else "xml", detail="not well-formed XML") from None


def check_root(root: etree._Element) -> None:
    if root.tag != RESPONSE:
        raise AssertionRejected("root", detail="the document is not a samlp:Response")


def check_attributes(root: etree._Element) -> None:
    """Canonical form sorts an element's attributes, which is quadratic."""
    if crowded(root):
        raise AssertionRejected("size", detail="too many attributes on one element")


def check_id_names(root: etree._Element, raw: bytes) -> None:
    """`ID` is the only spelling of an identifier, save `Id` on ds:Signature, xenc:EncryptedData and EncryptedKey."""
    if odd_ids(root) or len(_texts(mixed_ids, root)) != len(_texts(signature_ids, root)):
        raise AssertionRejected("id_pollution")
    if PREFIXED_ID.search(raw) and len(_texts(every_id, root)) > len(_allowed_ids(root)):
        raise AssertionRejected("id_pollution")


def check_ids_unique(root: etree._Element) -> None:
    ids = _allowed_ids(root)
    if len(ids) != len(set(ids)):
        raise AssertionRejected("duplicate_id")


def the_assertion(root: etree._Element) -> etree._Element | None:
    """At most one assertion in the whole document, encrypted or not, and that one directly under the Response."""
    found = list(root.iter(ASSERTION, ENCRYPTED_ASSERTION))
    if len(found) > 1 or (found and found[0].getparent() is not root):
        raise AssertionRejected("assertion_count", detail=f"{len(found)} assertions")
    return found[0] if found else None


def _allowed_ids(root: etree._Element) -> list[str]:
    return _texts(plain_ids, root) + _texts(signature_ids, root)


def _texts(xpath: etree.XPath, root: etree._Element) -> list[str]:
    return cast("list[str]", xpath(root))


def _code(error: etree.XMLSyntaxError) -> int:
    return cast("int", error.code)  # type: ignore[attr-defined]  # lxml-stubs lack it
