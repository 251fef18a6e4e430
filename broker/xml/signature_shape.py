"""The one shape of ds:Signature that SAML Core §5.4 allows, demanded before anything of it is evaluated.

Raises AssertionRejected with: signature_parent, signature_shape, signedinfo_shape, c14n, algorithm, reference_count,
reference_uri, reference_mismatch, transform, keyinfo.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from itertools import islice

from lxml import etree

from broker.errors import AssertionRejected
from broker.xml.names import (
    ASSERTION,
    DIGEST_ALGORITHMS,
    DS,
    ENVELOPED,
    EXCLUSIVE_C14N,
    ID_ATTRIBUTES,
    RESPONSE,
    SIGNATURE,
    SIGNATURE_ALGORITHMS,
)

MOST_SIGNATURES = 2
MOST_NAMESPACES = 64
MOST_ELEMENTS = 128  # a chain of certificates fits
MOST_BYTES = 65_536
LOCAL_NAME = re.compile(r"#[A-Za-z_][A-Za-z0-9._-]{0,255}")
INCLUSIVE = f"{{{EXCLUSIVE_C14N}}}InclusiveNamespaces"


def find(root: etree._Element) -> tuple[etree._Element, ...]:
    """Every ds:Signature of the message, or as many as show that there are too many."""
    return tuple(islice(root.iter(SIGNATURE), MOST_SIGNATURES + 1))


def check(signatures: Sequence[etree._Element], parents: Container[str] = (RESPONSE, ASSERTION)) -> None:
    """Every ds:Signature of the message, wherever it stands. parents: the elements that may carry one."""
    check_one_a_parent(signatures)
    for signature in signatures:
        check_parent(signature, parents)
        check_small(signature)
        check_children(signature)
        signed_info = signature[0]
        check_signed_info(signed_info)
        check_canonicalization(signed_info[0])
        check_method(signed_info[1])
        reference = signed_info[2]
        check_reference_uri(reference, signature)
        check_transforms(reference)
        check_digest(reference)
        check_key_info(signature)


def check_one_a_parent(signatures: Sequence[etree._Element]) -> None:
    """One for the Response and one for the Assertion is all there can be."""
    if len(signatures) > MOST_SIGNATURES:
        raise AssertionRejected("signature_shape", detail="more than two signatures")
    if len(signatures) == 2 and signatures[0].getparent() is signatures[1].getparent():
        raise AssertionRejected("signature_shape", detail="two signatures under one parent")


def check_parent(signature: etree._Element, parents: Container[str]) -> None:
    parent = signature.getparent()
    if parent is None or str(parent.tag) not in parents:
        raise AssertionRejected("signature_parent")


def check_small(signature: etree._Element) -> None:
    """Its canonical form is made for anybody: quadratic in the namespaces around it, and long where its text is."""
    if len(signature.nsmap) > MOST_NAMESPACES:
        raise AssertionRejected("signature_shape", detail="too many namespaces in scope")
    if sum(1 for _ in islice(signature.iter(), MOST_ELEMENTS + 1)) > MOST_ELEMENTS:
        raise AssertionRejected("signature_shape", detail="too many elements")
    if len(etree.tostring(signature, with_tail=False)) > MOST_BYTES:
        raise AssertionRejected("signature_shape", detail="too long")


def check_children(signature: etree._Element) -> None:
    """SignedInfo, SignatureValue, optionally KeyInfo; an Object could hold anything."""
    names = local_names(signature)
    if names[:2] != ["SignedInfo", "SignatureValue"] or names[2:] not in ([], ["KeyInfo"]) or len(signature[1]):
        raise AssertionRejected("signature_shape")


def check_signed_info(signed_info: etree._Element) -> None:
    names = local_names(signed_info)
    if names[:2] != ["CanonicalizationMethod", "SignatureMethod"] or set(names[2:]) != {"Reference"}:
        raise AssertionRejected("signedinfo_shape")
    if len(names) != 3:
        raise AssertionRejected("reference_count")


def check_canonicalization(method: etree._Element) -> None:
    """Without InclusiveNamespaces: the schema of XML signatures has no room for it in this place."""
    if method.get("Algorithm") != EXCLUSIVE_C14N or len(method):
        raise AssertionRejected("c14n")


def check_method(method: etree._Element) -> None:
    """No child either: HMACOutputLength is how CVE-2009-0217 cut a signature to one bit."""
    if method.get("Algorithm") not in SIGNATURE_ALGORITHMS or len(method):
        raise AssertionRejected("algorithm", detail="signature algorithm")


def check_reference_uri(reference: etree._Element, signature: etree._Element) -> None:
    uri = reference.get("URI") or ""
    if LOCAL_NAME.fullmatch(uri) is None:
        raise AssertionRejected("reference_uri")
    parent = signature.getparent()
    if parent is None or uri != f"#{parent.get(ID_ATTRIBUTES.get(str(parent.tag), 'ID'))}":
        raise AssertionRejected("reference_mismatch")


def check_transforms(reference: etree._Element) -> None:
    """Exactly enveloped-signature, then exclusive c14n (SAML Core §5.4.4)."""
    names = local_names(reference)
    if names != ["Transforms", "DigestMethod", "DigestValue"]:
        raise AssertionRejected("transform" if "Transforms" not in names else "signedinfo_shape")
    transforms = reference[0]
    algorithms = [transform.get("Algorithm") for transform in transforms]
    if local_names(transforms) != ["Transform", "Transform"] or algorithms != [ENVELOPED, EXCLUSIVE_C14N]:
        raise AssertionRejected("transform")
    if len(transforms[0]) or not only_prefixes(transforms[1]):
        raise AssertionRejected("transform")


def check_digest(reference: etree._Element) -> None:
    method, value = reference[1], reference[2]
    if method.get("Algorithm") not in DIGEST_ALGORITHMS or len(method):
        raise AssertionRejected("algorithm", detail="digest algorithm")
    if len(value):
        raise AssertionRejected("signedinfo_shape")


def check_key_info(signature: etree._Element) -> None:
    """Certificates and key names are ignored; anything that could fetch or carry a key is refused."""
    if len(signature) < 3:
        return
    if any(name not in ("X509Data", "KeyName") for name in local_names(signature[2])):
        raise AssertionRejected("keyinfo")
    if any(len(leaf) and not str(leaf.tag).endswith("}X509IssuerSerial") for data in signature[2] for leaf in data):
        raise AssertionRejected("keyinfo")


def local_names(element: etree._Element) -> list[str]:
    """Names of the children in the signature namespace; any other child shows as itself and so never matches."""
    prefix = f"{{{DS}}}"
    return [str(child.tag).removeprefix(prefix) for child in element]


def only_prefixes(method: etree._Element) -> bool:
    """At most an InclusiveNamespaces child, itself empty."""
    return len(method) == 0 or (len(method) == 1 and method[0].tag == INCLUSIVE and len(method[0]) == 0)
