"""The one shape of encryption that we read (SAML Core §6), demanded before anything is decrypted.

    saml:EncryptedAssertion (under the Response) | saml:EncryptedID (under the Subject, or the LogoutRequest)
      xenc:EncryptedData
        xenc:EncryptionMethod            AES-GCM; AES-CBC only where `check_content` allows it
        ds:KeyInfo
          xenc:EncryptedKey              exactly one, here and nowhere else
            xenc:EncryptionMethod        RSA-OAEP
            ds:KeyInfo                   perhaps; a label that nobody follows
            xenc:CipherData/CipherValue
        xenc:CipherData/CipherValue

Anything that names a file, an address or another element is refused, so that a message can only carry what it means.
Raises AssertionRejected with: encryption_unsupported, encryption_shape, algorithm.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from copy import deepcopy
from itertools import islice

from lxml import etree

from broker.errors import AssertionRejected
from broker.xml.names import (
    CONTENT_ALGORITHMS,
    DS,
    ENCRYPTED_ASSERTION,
    ENCRYPTED_ID,
    KEY_TRANSPORT,
    LOGOUT_REQUEST,
    MASK_HASHES,
    OAEP_HASHES,
    RESPONSE,
    SAML,
    XENC,
    XENC11,
)

MOST_PARTS = 64
MOST_NAMESPACES = 64
MOST_ELEMENTS = 128
ELEMENT = f"{XENC}Element"
MASK = f"{{{XENC11}}}MGF"
LABELS = ("X509Data", "KeyName", "SecurityTokenReference")  # the last is what Microsoft's libraries write
ENCRYPTED_DATA = f"{{{XENC}}}EncryptedData"
Places = Mapping[str, tuple[str, ...]]  # what may be encrypted -> under which parents
PLACES: Places = {ENCRYPTED_ASSERTION: (RESPONSE,), ENCRYPTED_ID: (f"{{{SAML}}}Subject", LOGOUT_REQUEST)}
ADVICE = (
    "Your organisation's identity provider encrypted its answer with an algorithm that is not accepted here. Its "
    "administrator must choose AES-GCM with RSA-OAEP for this application{}."
)


def check(root: etree._Element, places: Places = PLACES, bare: etree._Element | None = None) -> None:
    """Every encrypted part of the message, wherever it stands. bare: what holds an EncryptedData without a wrapper."""
    every = root.iter(ENCRYPTED_ASSERTION, ENCRYPTED_ID, f"{{{SAML}}}EncryptedAttribute", f"{{{XENC}}}*")
    parts = list(islice(every, MOST_PARTS + 1))
    if not parts:
        return
    if len(parts) > MOST_PARTS:
        raise AssertionRejected("encryption_shape", detail="too many encrypted parts")
    wrappers = [part for part in parts if str(part.tag).startswith(f"{{{SAML}}}")]
    for wrapper in wrappers:
        check_place(wrapper, places)
    holders = wrappers if bare is None else [*wrappers, bare]
    for holder in holders:
        check_small(holder)
        check_data(the_only(holder, ENCRYPTED_DATA))
    known = sum(1 for holder in holders for _ in holder.iter(f"{{{XENC}}}*"))
    if known != len(parts) - len(wrappers):
        raise AssertionRejected("encryption_shape", detail="encryption outside its place")


def check_content(holder: etree._Element, *, allow_cbc: bool) -> None:
    """AES-CBC cannot tell whether it was tampered with, so it is opt-in (SE-10)."""
    if content_algorithm(holder[0]).endswith("-cbc") and not allow_cbc:
        cbc = " (or `encryption: {allow_cbc: true}` must be set here)"
        raise AssertionRejected("algorithm", ADVICE.format(cbc), detail="AES-CBC is not allowed")


def check_place(wrapper: etree._Element, places: Places) -> None:
    parent = wrapper.getparent()
    if parent is None or parent.tag not in places.get(str(wrapper.tag), ()):
        raise AssertionRejected(
            "encryption_unsupported",
            "Your organisation's identity provider encrypted single attributes. Its administrator must encrypt the "
            "whole assertion instead, or nothing.",
        )


def check_small(holder: etree._Element) -> None:
    """Of what is around the ciphertext; the plain text is later put under the same namespaces."""
    if len(holder.nsmap) > MOST_NAMESPACES:
        raise AssertionRejected("encryption_shape", detail="too many namespaces in scope")
    if sum(1 for _ in islice(holder.iter(), MOST_ELEMENTS + 1)) > MOST_ELEMENTS:
        raise AssertionRejected("encryption_shape", detail="too many elements")


def check_data(data: etree._Element) -> None:
    if data.get("Type", ELEMENT) != ELEMENT:
        raise AssertionRejected("encryption_shape", detail="not an encrypted element")
    if names(data) != ["EncryptionMethod", "KeyInfo", "CipherData"]:
        raise AssertionRejected("encryption_shape", detail="EncryptedData")
    check_method(data[0], CONTENT_ALGORITHMS)
    if len(data[0]):
        raise AssertionRejected("encryption_shape", detail="EncryptionMethod")
    check_key(the_only(data[1], f"{{{XENC}}}EncryptedKey"))
    check_cipher(data[2])


def check_key(key: etree._Element) -> None:
    children = names(key)
    if children not in (["EncryptionMethod", "CipherData"], ["EncryptionMethod", "KeyInfo", "CipherData"]):
        raise AssertionRejected("encryption_shape", detail="EncryptedKey")
    check_method(key[0], KEY_TRANSPORT)
    check_oaep(key[0])
    labels = [] if len(children) == 2 else [etree.QName(label).localname for label in key[1]]
    if not set(labels) <= set(LABELS):
        raise AssertionRejected("encryption_shape", detail="KeyInfo of the key")
    check_cipher(key[-1])


def check_oaep(method: etree._Element) -> None:
    """At most a hash and, where the algorithm leaves it open, a mask; no OAEPparams (XML Encryption 1.1 §5.5.2)."""
    known = {f"{{{DS}}}DigestMethod": OAEP_HASHES}
    if method.get("Algorithm") == f"{XENC11}rsa-oaep":
        known[MASK] = MASK_HASHES
    tags = [str(child.tag) for child in method]
    if len(tags) != len(set(tags)) or not set(tags) <= set(known) or any(len(child) for child in method):
        raise AssertionRejected("encryption_shape", detail="EncryptionMethod of the key")
    for child in method:
        check_method(child, known[str(child.tag)])


def check_method(method: etree._Element, accepted: Container[str | None]) -> None:
    """Before anything is decrypted: RSA1_5 and 3DES are refused by their names, so they can be no oracle (SE-09)."""
    if method.get("Algorithm") not in accepted:
        raise AssertionRejected("algorithm", ADVICE.format(""), detail="encryption algorithm")


def check_cipher(cipher: etree._Element) -> None:
    """A CipherReference could name a file (measured: libxmlsec opens it)."""
    if names(cipher) != ["CipherValue"] or len(cipher[0]):
        raise AssertionRejected("encryption_shape", detail="CipherData")


def of_2002(element: etree._Element) -> etree._Element:
    """As the schema of XML Encryption 1.0 knows it: without the masks of 1.1, whose shape was checked above."""
    if element.find(f".//{MASK}") is None:
        return element
    older = deepcopy(element)
    for mask in list(older.iter(MASK)):
        method = mask.getparent()
        if method is not None:
            method.remove(mask)
    return older


def content_algorithm(data: etree._Element) -> str:
    return data[0].get("Algorithm") or ""


def the_only(parent: etree._Element, tag: str) -> etree._Element:
    if len(parent) != 1 or parent[0].tag != tag:
        raise AssertionRejected("encryption_shape", detail=etree.QName(parent).localname)
    return parent[0]


def names(element: etree._Element) -> list[str]:
    """Local names of the children; a child in another namespace than its name belongs to shows as itself."""
    found = []
    for child in element:
        own = f"{{{DS}}}" if str(child.tag) == f"{{{DS}}}KeyInfo" else f"{{{XENC}}}"
        found.append(str(child.tag).removeprefix(own))
    return found
