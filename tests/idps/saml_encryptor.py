"""Encrypts parts of a SAML answer as an IdP would, right or wrong, with `cryptography` and no code of the broker."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from tests.idps.saml_signer import DS, SAML, Signer, tree

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
GCM128, GCM256 = f"{XENC11}aes128-gcm", f"{XENC11}aes256-gcm"
CBC128, CBC256 = f"{XENC}aes128-cbc", f"{XENC}aes256-cbc"
OAEP, OAEP11, RSA15 = f"{XENC}rsa-oaep-mgf1p", f"{XENC11}rsa-oaep", f"{XENC}rsa-1_5"
HASHES: dict[str, hashes.HashAlgorithm] = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}
DIGESTS = {"sha1": f"{DS}sha1", "sha256": f"{XENC}sha256"}


@dataclass(frozen=True)
class Envelope:
    """How to encrypt. digest, mask: None says nothing in the message, which means SHA-1."""

    to: Signer
    content: str = GCM256
    transport: str = OAEP
    digest: str | None = None
    mask: str | None = None
    ids: bool = False  # Id attributes, as OpenSAML writes them
    label: str = ""  # KeyInfo of the EncryptedKey
    key: bytes | None = None  # of the content; None: random, of the right size
    spoil: Any = None  # a function on the ciphertext

    def but(self, **changes: Any) -> Envelope:
        return replace(self, **changes)

    def seal(self, plain: bytes, tag: str = "EncryptedAssertion") -> str:
        """A saml:EncryptedAssertion, saml:EncryptedID … with `plain` in it."""
        key = self.key or os.urandom(16 if "128" in self.content else 32)
        sealed = content(self.content, key, plain)
        if self.spoil is not None:
            sealed = self.spoil(sealed)
        data_id, key_id = (' Id="_data"', ' Id="_key"') if self.ids else ("", "")
        return (
            f'<saml:{tag} xmlns:saml="{SAML}"><xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element"{data_id}>'
            f'<xenc:EncryptionMethod Algorithm="{self.content}"/><ds:KeyInfo xmlns:ds="{DS}">'
            f"<xenc:EncryptedKey{key_id}>"
            f'<xenc:EncryptionMethod Algorithm="{self.transport}">{self.method()}</xenc:EncryptionMethod>{self.label}'
            f"{cipher(self.wrapped(key))}</xenc:EncryptedKey></ds:KeyInfo>{cipher(sealed)}</xenc:EncryptedData>"
            f"</saml:{tag}>"
        )

    def method(self) -> str:
        digest = f'<ds:DigestMethod Algorithm="{DIGESTS[self.digest]}"/>' if self.digest else ""
        mask = f'<x:MGF xmlns:x="{XENC11}" Algorithm="{XENC11}mgf1{self.mask}"/>' if self.mask else ""
        return digest + mask

    def wrapped(self, key: bytes) -> bytes:
        public = x509.load_pem_x509_certificate(self.to.certificate.encode()).public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        if self.transport == RSA15:
            return public.encrypt(key, padding.PKCS1v15())
        mask = padding.MGF1(HASHES[self.mask or "sha1"])
        return public.encrypt(key, padding.OAEP(mask, HASHES[self.digest or "sha1"], None))


def content(algorithm: str, key: bytes, plain: bytes) -> bytes:
    if algorithm.endswith("gcm"):
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, plain, None)
    missing = 16 - len(plain) % 16
    start = os.urandom(16)
    chain = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    return start + chain.update(plain + bytes(missing - 1) + bytes([missing])) + chain.finalize()


def cipher(value: bytes) -> str:
    text = base64.encodebytes(value).decode()  # broken over lines, as many IdPs do
    return f"<xenc:CipherData><xenc:CipherValue>{text}</xenc:CipherValue></xenc:CipherData>"


def put(element: etree._Element, sealed: str) -> None:
    """In place of the element."""
    parent = element.getparent()
    assert parent is not None
    parent.replace(element, tree(sealed))
