"""Is it signed by this IdP? The order is the defence: nothing is resolved or transformed for somebody without a key.

1. SignedInfo alone is canonicalized and its SignatureValue checked with every known key (a few microseconds each).
2. Only with the key that fits does libxmlsec follow the one Reference and compare the digest.

Raises AssertionRejected: unsigned, signature_invalid, digest, library, unsigned_assertion, unsigned_response.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from broker.errors import AssertionRejected
from broker.xml import onelogin
from broker.xml.gate import Gated
from broker.xml.names import ASSERTION, RESPONSE, SIGNATURE_ALGORITHMS

Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def verify(gated: Gated, certificates: Sequence[str]) -> frozenset[str]:
    """Which elements are signed: tags of Response, Assertion or both. Every signature present must hold."""
    root = gated.unverified_root
    if not gated.signatures:
        raise AssertionRejected("unsigned")
    for signature in gated.signatures:
        verify_one(signature, root, certificates)
    signed = frozenset(onelogin.signed_elements(root))
    if signed != {str(_parent(signature).tag) for signature in gated.signatures}:
        raise AssertionRejected("library", detail="another element is signed than was verified")
    return signed


def verify_one(signature: etree._Element, root: etree._Element, certificates: Sequence[str]) -> None:
    """One signature whose shape has passed. Raises AssertionRejected: signature_invalid, digest."""
    certificate = signer(signature, certificates)
    if certificate is None:
        raise AssertionRejected("signature_invalid")
    if not onelogin.signature_holds(signature, root, certificate):
        raise AssertionRejected("digest")


def check_wanted(signed: frozenset[str], wanted: str) -> None:
    """`want_signed`: assertion | response | either."""
    if wanted == "assertion" and ASSERTION not in signed:
        raise AssertionRejected("unsigned_assertion")
    if wanted == "response" and RESPONSE not in signed:
        raise AssertionRejected("unsigned_response")


def signer(signature: etree._Element, certificates: Sequence[str]) -> str | None:
    """The certificate whose key made SignatureValue over SignedInfo, or None."""
    signed_info = signature[0]
    try:
        value = base64.b64decode("".join((signature[1].text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    kind, hash_name = SIGNATURE_ALGORITHMS[signed_info[1].get("Algorithm") or ""]
    data = canonical(signed_info)
    for certificate in certificates:
        if _fits(public_key(certificate), kind, HASHES[hash_name], value, data):
            return certificate
    return None


def made_by(value: bytes, data: bytes, algorithm: str, certificates: Sequence[str]) -> bool:
    """Whether a known key made `value` over `data`: the detached signature of a query (SAML Bindings §3.4.4.1)."""
    kind, hash_name = SIGNATURE_ALGORITHMS[algorithm]
    return any(_fits(public_key(one), kind, HASHES[hash_name], value, data) for one in certificates)


@lru_cache(maxsize=4096)
def public_key(certificate: str) -> Key:
    """Of a PEM certificate. Raises ValueError for keys that are neither RSA nor EC."""
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise ValueError("neither RSA nor EC")
    return key


def canonical(signed_info: etree._Element) -> bytes:
    """Exclusive c14n; the gate let no InclusiveNamespaces through here, so no ancestor matters."""
    text: bytes = etree.tostring(signed_info, method="c14n", exclusive=True, with_comments=False, with_tail=False)
    return text


def _fits(key: Key, kind: str, algorithm: hashes.HashAlgorithm, value: bytes, data: bytes) -> bool:
    try:
        if isinstance(key, rsa.RSAPublicKey):
            if kind != "rsa":
                return False
            key.verify(value, data, padding.PKCS1v15(), algorithm)
        else:
            if kind != "ec" or len(value) % 2 or not value:
                return False
            half = len(value) // 2  # XMLDSig writes r and s side by side (RFC 4051 §2.3.6)
            der = encode_dss_signature(int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))
            key.verify(der, data, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True


def _parent(signature: etree._Element) -> etree._Element:
    return cast("etree._Element", signature.getparent())
