"""The structural gate: what an IdP's message must look like before any XML library acts on what it says.

libxmlsec resolves references and runs transforms before it looks at a signature value, so an unsigned message could
open files or burn CPU for minutes. Here nothing is fetched, decoded, transformed or believed; every check is linear in
the message's size and has one reason. What passes is parsed once: the same tree is verified and read.

A message is weighed before it is parsed. The tree is walked in C only, for one name at a time: an element or attribute
that becomes a Python object costs ten times as much, so nothing makes more of them than an honest message has.

Raises AssertionRejected with: size, encoding, dtd, comment, pi, relative_namespace, xml, root, id_pollution,
duplicate_id, the reasons of `encryption_shape` and `signature_shape`, assertion_count.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

from lxml import etree

from broker.errors import AssertionRejected
from broker.xml import encryption_shape, signature_shape
from broker.xml.names import ASSERTION, ENCRYPTED_ASSERTION, RESPONSE, SIGNATURE, XENC
from broker.xml.reading import read

MOST_BYTES = 983_040  # 9,500 group values with their markup fit
MOST_CHARACTERS = MOST_BYTES * 4 // 3 + 4
MOST_ATTRIBUTES = 32  # of one element
MOST_IDS = 64
MARKED = (SIGNATURE, f"{{{XENC}}}EncryptedData", f"{{{XENC}}}EncryptedKey")  # what `Id` identifies

# What reading one of each costs from the form field to the signature, in nanoseconds of a slow core; measured.
WEIGHTS = {b"<": 220, b'"': 130, b"'": 130, b"&": 60, b":": 19}
WEIGHT_OF_BYTE = 8
WEIGHT_OF_DECLARATION = 700
WEIGHT_OF_UNUSUAL_BYTE = 7  # on top, of line breaks and letters beyond ASCII
PRINTABLE = bytes(range(0x20, 0x7F))
MOST_WEIGHT = 10_500_000  # with the form around it below 15 ms

DECLARATION = re.compile(
    rb"""<\?xml\s+version=["']1\.0["']\s*(?:encoding=["']([A-Za-z0-9._-]{1,32})["'])?[^<>]{0,40}\?>"""
)
ABSOLUTE_NAMESPACE = re.compile(rb"""(?::[^\s=<>"'&:]{1,100}+)?+\s*+=\s*["'][A-Za-z][A-Za-z0-9+.-]{0,31}:""")
PREFIXED_ID = re.compile(rb""":id\s*=\s*["']""")  # of lower-case text
SPECIAL = re.compile(rb"<(?:\?|!--|!\[CDATA\[|!)")  # what begins as no element does

crowded = etree.XPath(f"boolean(/descendant::*/@*[{MOST_ATTRIBUTES + 1}])", smart_strings=False)
plain_ids = etree.XPath(f"(/descendant::*/@ID)[position() <= {MOST_IDS + 1}]", smart_strings=False)
mixed_ids = etree.XPath(f"(/descendant::*/@Id)[position() <= {MOST_IDS + 1}]/..", smart_strings=False)
odd_id = etree.XPath("boolean(/descendant::*/@id) or boolean(/descendant::*/@iD)", smart_strings=False)


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
    weight: int = 0  # of all that was read so far


def open_response(field: str) -> Gated:
    """The gate, from the form field `SAMLResponse` (SAML Bindings §3.5.4) to a tree that is safe to verify."""
    return passed(decode(field))


def passed(raw: bytes, spent: int = 0) -> Gated:
    """The whole column; what was encrypted comes through here once more when it is plain. spent: weight so far."""
    root, weight = markup(raw, spent)
    check_root(root)
    check_ids(root, raw)
    encryption_shape.check(root)
    signatures = signature_shape.find(root)
    signature_shape.check(signatures)
    assertion = the_assertion(root)
    if assertion is not None and assertion.tag == ENCRYPTED_ASSERTION:
        return Gated(root, None, signatures, assertion, weight=weight)
    return Gated(root, assertion, signatures, weight=weight)


def markup(raw: bytes, spent: int = 0) -> tuple[etree._Element, int]:
    """What holds for any XML, before and after the only parse: its root, and what was spent with it."""
    check_length(raw)
    declarations = raw.split(b"xmlns")[1:]
    weight = check_weight(raw, len(declarations), spent)
    check_encoding(raw)
    special = specials(raw)
    check_no_doctype(special)
    check_no_comment(special)
    check_no_instruction(special)
    check_namespaces(declarations)
    root = parse(raw)
    check_attributes(root)
    return root, weight


def decode(field: str) -> bytes:
    """Base64 with the standard alphabet; line breaks (RFC 2045 §6.8) and nothing else may stand between the letters."""
    if len(field) > MOST_CHARACTERS + MOST_CHARACTERS // 38:  # a line break after every 76 letters
        raise AssertionRejected("size", detail="the form field is too long")
    if "\n" in field or "\r" in field:
        field = field.replace("\r", "").replace("\n", "")
    try:
        return base64.b64decode(field.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise AssertionRejected("encoding", detail="the form field is not base64") from None


def check_length(raw: bytes) -> None:
    if len(raw) > MOST_BYTES:
        raise AssertionRejected("size", detail=f"{len(raw)} bytes; at most {MOST_BYTES}")


def check_weight(raw: bytes, declarations: int, spent: int) -> int:
    """Answers the weight of this and of what was read before it, which together stay below one limit."""
    weight = spent + weigh(raw, declarations)
    if weight > MOST_WEIGHT:
        detail = f"{len(raw)} bytes with {raw.count(b'<')} tags and {declarations} namespace declarations"
        raise AssertionRejected("size", detail=f"too much to read: {detail}")
    return weight


def weigh(raw: bytes, declarations: int) -> int:
    unusual = len(raw.translate(None, PRINTABLE))
    marks = sum(weight * raw.count(mark) for mark, weight in WEIGHTS.items()) + WEIGHT_OF_DECLARATION * declarations
    return len(raw) * WEIGHT_OF_BYTE + unusual * WEIGHT_OF_UNUSUAL_BYTE + marks


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


def specials(raw: bytes) -> frozenset[bytes]:
    """What is there beside elements and text, and the XML declaration, which may only stand at the very start."""
    declared = DECLARATION.match(raw)
    return frozenset(SPECIAL.findall(raw, declared.end() if declared is not None else 0))


def check_no_doctype(special: frozenset[bytes]) -> None:
    if b"<!" in special:
        raise AssertionRejected("dtd")


def check_no_comment(special: frozenset[bytes]) -> None:
    """Comments vanish in canonical form but split text nodes: refused anywhere (VU#475445)."""
    if b"<!--" in special:
        raise AssertionRejected("comment")


def check_no_instruction(special: frozenset[bytes]) -> None:
    if b"<?" in special:
        raise AssertionRejected("pi")


def check_namespaces(declarations: Sequence[bytes]) -> None:
    """Every namespace name is absolute: relative ones make some canonicalizers give nothing (void canonicalization).

    Looked for in the bytes: each `xmlns` must begin a declaration of an absolute name, so what reads oddly is refused.
    """
    if not all(map(ABSOLUTE_NAMESPACE.match, declarations)):
        raise AssertionRejected("relative_namespace")


def parse(raw: bytes) -> etree._Element:
    """The only parse of the message."""
    try:
        return read(raw, bare=False)
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


def check_ids(root: etree._Element, raw: bytes) -> None:
    """`ID` is the only spelling of an identifier, save `Id` on what may be signed or encrypted; each stands once."""
    plain, mixed = ids(root)
    check_no_odd_id(root)
    check_no_prefixed_id(raw)
    check_unique([*plain, *mixed])


def ids(root: etree._Element) -> tuple[list[str], list[str]]:
    """The values of every `ID`, and of every `Id` where it belongs."""
    plain, mixed = cast("list[str]", plain_ids(root)), cast("list[etree._Element]", mixed_ids(root))
    if len(plain) > MOST_IDS or len(mixed) > MOST_IDS:
        raise AssertionRejected("size", detail=f"more than {MOST_IDS} identifiers")
    if any(element.tag not in MARKED for element in mixed):
        raise AssertionRejected("id_pollution")
    return plain, [element.get("Id", "") for element in mixed]


def check_no_odd_id(root: etree._Element) -> None:
    if odd_id(root):
        raise AssertionRejected("id_pollution")


def check_no_prefixed_id(raw: bytes) -> None:
    """On the bytes, for no XPath finds a name in every namespace cheaply: text that reads like one is refused too."""
    if PREFIXED_ID.search(raw.lower()):
        raise AssertionRejected("id_pollution")


def check_unique(found: Sequence[str]) -> None:
    if len(found) != len(set(found)):
        raise AssertionRejected("duplicate_id")


def the_assertion(root: etree._Element) -> etree._Element | None:
    """At most one assertion in the whole document, encrypted or not, and that one directly under the Response."""
    found = list(islice(root.iter(ASSERTION, ENCRYPTED_ASSERTION), 2))
    if len(found) > 1 or (found and found[0].getparent() is not root):
        raise AssertionRejected("assertion_count", detail="more than one, or in another place")
    return found[0] if found else None


def _code(error: etree.XMLSyntaxError) -> int:
    return cast("int", error.code)  # type: ignore[attr-defined]  # lxml-stubs lack it
