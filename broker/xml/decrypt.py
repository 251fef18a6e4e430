"""What an IdP encrypted for us, made plain (XML Encryption 1.1): the gate has seen that its shape is the one we read.

By hand with `cryptography`: libxmlsec would print parts of a malformed plaintext and load every CA of the machine each
time. The plain bytes pass the whole gate once more, inside a Response of ours, as a document of their own: no verified
tree is ever changed.

Raises AssertionRejected `decryption`, one reason for whatever goes wrong from the first key on: who changes a text
must not learn where that ended. A key that does not open gives a random one, as in TLS, and AES-CBC padding decides
nothing; the plaintext is judged, or rather its signature.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from typing import cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from broker.errors import AssertionRejected
from broker.xml import gate, onelogin
from broker.xml.encryption_shape import MASK, content_algorithm
from broker.xml.gate import Gated
from broker.xml.names import (
    CONTENT_ALGORITHMS,
    DS,
    KEY_TRANSPORT,
    MASK_HASHES,
    OAEP_HASHES,
    RESPONSE,
    SAML,
)
from broker.xml.sp import private_key

HASHES = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}  # noqa: S303  # OAEP asks no collision resistance of it
BLOCK = 16  # bytes, of AES
NONCE = 12  # bytes, of GCM
NAME_ID = f"{{{SAML}}}NameID"


def assertion(encrypted: etree._Element, keys: Sequence[str], spent: int) -> Gated:
    """The assertion in a saml:EncryptedAssertion, alone in a Response of ours.

    `keys`: PEM, the likeliest first. spent: weight of the message that held it.
    """
    raw = shell(RESPONSE, encrypted, plain(encrypted, keys))
    try:
        inner = gate.passed(raw, spent)
    except AssertionRejected as refusal:
        raise AssertionRejected("decryption", detail=f"what was encrypted: {refusal.reason}") from None
    if inner.unverified_assertion is None or not alone(inner.unverified_root):
        raise AssertionRejected("decryption", detail="what was encrypted is not one assertion")
    return inner


def name_id(holder: etree._Element, keys: Sequence[str]) -> etree._Element:
    """The saml:NameID in a saml:EncryptedID. Only of a message that was verified."""
    raw = shell(f"{{{SAML}}}Subject", holder, plain(holder, keys))
    try:
        subject, _ = gate.markup(raw)
        if not alone(subject) or subject[0].tag != NAME_ID:
            raise AssertionRejected("nameid")
        onelogin.check_schema(subject[0])
    except AssertionRejected as refusal:
        raise AssertionRejected("decryption", detail=f"what was encrypted: {refusal.reason}") from None
    return subject[0]


def encrypted_id(gated: Gated) -> etree._Element | None:
    assertion = gated.unverified_assertion
    return None if assertion is None else assertion.find(f"{{{SAML}}}Subject/{{{SAML}}}EncryptedID")


def plain(holder: etree._Element, keys: Sequence[str]) -> bytes:
    data = holder[0]
    algorithm = content_algorithm(data)
    key = content_key(data[1][0], keys, CONTENT_ALGORITHMS[algorithm])
    sealed = value(data[2])
    if len(sealed) < 2 * BLOCK:
        raise AssertionRejected("decryption", detail="too short")
    if algorithm.endswith("-gcm"):
        try:
            return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], None)
        except InvalidTag:
            raise AssertionRejected("decryption", detail="not encrypted for a key of ours, or changed") from None
    return unchained(key, sealed)


def unchained(key: bytes, sealed: bytes) -> bytes:
    """AES-CBC. Impossible padding (XML Encryption 1.1 §5.2) stays where it is: the text behind it is then no XML."""
    if len(sealed) % BLOCK:
        raise AssertionRejected("decryption", detail="not whole blocks")
    opener = Cipher(algorithms.AES(key), modes.CBC(sealed[:BLOCK])).decryptor()
    padded = opener.update(sealed[BLOCK:]) + opener.finalize()
    return padded[: -padded[-1]] if 1 <= padded[-1] <= BLOCK else padded


def content_key(encrypted_key: etree._Element, keys: Sequence[str], size: int) -> bytes:
    """The key of the content; where none of ours opens it, one that opens nothing."""
    wrapped, scheme = value(encrypted_key[-1]), oaep(encrypted_key[0])
    for key in keys:
        try:
            opened = private_key(key).decrypt(wrapped, scheme)
        except ValueError:
            continue
        if len(opened) == size:
            return opened
    return secrets.token_bytes(size)


def oaep(method: etree._Element) -> padding.OAEP:
    """XML Encryption 1.1 §5.5.2: SHA-1 where nothing is said."""
    digest, mask = method.find(f"{{{DS}}}DigestMethod"), method.find(MASK)
    of_digest = "sha1" if digest is None else OAEP_HASHES[digest.get("Algorithm") or ""]
    of_mask = KEY_TRANSPORT[method.get("Algorithm") or ""] or "sha1"
    if mask is not None:
        of_mask = MASK_HASHES[mask.get("Algorithm") or ""]
    return padding.OAEP(padding.MGF1(HASHES[of_mask]), HASHES[of_digest], None)


def value(cipher: etree._Element) -> bytes:
    """Base64 may be broken over lines; whatever else stands there makes it no ciphertext of ours."""
    try:
        return base64.b64decode("".join((cipher[0].text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise AssertionRejected("decryption", detail="not base64") from None


def shell(tag: str, holder: etree._Element, content: bytes) -> bytes:
    """The plain bytes where they stood, as far as their namespaces go: some IdPs encrypt without declaring them."""
    known = cast("dict[str, str]", holder.nsmap)  # or None for the default namespace
    start = etree.tostring(etree.Element(tag, nsmap={**known, "own": etree.QName(tag).namespace}))
    name = start[1:].split(b" ", 1)[0]
    return start.removesuffix(b"/>") + b">" + content + b"</" + name + b">"


def alone(root: etree._Element) -> bool:
    """One child and no text beside it."""
    return len(root) == 1 and not (root.text or "").strip() and not (root[0].tail or "").strip()
