"""How a SAML message travels in a browser (SAML Bindings §3.4 HTTP-Redirect, §3.5 HTTP-POST), out and in.

Out: deflated into a query that is signed as sent, or base64 in a form with an enveloped signature.
In by redirect: the signature is verified over the very bytes of the query, whatever percent-escapes its sender chose,
before anything is inflated; what inflates stops at a hard limit.

Raises AssertionRejected with: parameter_repeated, saml_message, relay_state, unsigned, algorithm, encoding, size.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from dataclasses import dataclass
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from broker.errors import AssertionRejected
from broker.xml.names import DS, ENVELOPED, EXCLUSIVE_C14N, RSA_SHA256, SAML, SIGNATURE_ALGORITHMS
from broker.xml.sp import private_key as key_of

LONGEST_RELAY_STATE = 80  # bytes; SAML Bindings §3.4.3
MOST_INFLATED = 65_536  # bytes: a message without an assertion is small
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
OURS = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature")


@dataclass(frozen=True, slots=True)
class Query:
    """A message from a query, its signature still unverified: `value` is said to be made over `signed`."""

    kind: str  # SAMLRequest | SAMLResponse
    unverified_message: bytes  # deflated
    relay_state: str | None
    algorithm: str
    value: bytes
    signed: bytes


def redirect_url(destination: str, kind: str, message: bytes, relay_state: str | None, private_key: str | None) -> str:
    """Where to send the browser. kind: SAMLRequest | SAMLResponse. `private_key`: PEM of our RSA key, or None.

    The signature covers the encoded query exactly as sent, in this order (SAML Bindings §3.4.4.1).
    """
    query = f"{kind}={_base64(zlib.compress(message, level=9, wbits=-15))}"
    if relay_state is not None:
        query += f"&RelayState={_encoded(relay_state)}"
    if private_key is not None:
        query += f"&SigAlg={_encoded(RSA_SHA256)}"
        signature = key_of(private_key).sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
        query += f"&Signature={_base64(signature)}"
    return f"{destination}{'&' if '?' in destination else '?'}{query}"


def form_value(root: etree._Element, signing: tuple[str, str] | None) -> str:
    """What stands in the form field. signing: our private key and certificate, PEM, for an enveloped signature."""
    if signing is not None:
        sign(root, *signing)
    return base64.b64encode(etree.tostring(root)).decode()


def sign(root: etree._Element, private_key: str, certificate: str) -> None:
    """RSA-SHA256 over the whole message, after its Issuer (SAML Core §5.4)."""
    digest = hashlib.sha256(_canonical(root)).digest()
    signature = etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS})
    info = etree.SubElement(signature, f"{{{DS}}}SignedInfo")
    etree.SubElement(info, f"{{{DS}}}CanonicalizationMethod", {"Algorithm": EXCLUSIVE_C14N})
    etree.SubElement(info, f"{{{DS}}}SignatureMethod", {"Algorithm": RSA_SHA256})
    reference = etree.SubElement(info, f"{{{DS}}}Reference", {"URI": f"#{root.get('ID')}"})
    transforms = etree.SubElement(reference, f"{{{DS}}}Transforms")
    for algorithm in (ENVELOPED, EXCLUSIVE_C14N):
        etree.SubElement(transforms, f"{{{DS}}}Transform", {"Algorithm": algorithm})
    etree.SubElement(reference, f"{{{DS}}}DigestMethod", {"Algorithm": SHA256})
    etree.SubElement(reference, f"{{{DS}}}DigestValue").text = base64.b64encode(digest).decode()
    made = key_of(private_key).sign(_canonical(info), padding.PKCS1v15(), hashes.SHA256())
    etree.SubElement(signature, f"{{{DS}}}SignatureValue").text = base64.b64encode(made).decode()
    data = etree.SubElement(etree.SubElement(signature, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
    etree.SubElement(data, f"{{{DS}}}X509Certificate").text = "".join(certificate.split("-----")[2].split())
    issuer = root.find(f"{{{SAML}}}Issuer")
    root.insert(0 if issuer is None else root.index(issuer) + 1, signature)


def read_query(raw: str) -> Query:
    """The parts of a query as it came, escapes and all; which of them matter stands there once each."""
    parts: dict[str, str] = {}
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        if name in OURS and name in parts:
            raise AssertionRejected("parameter_repeated", detail=name)
        parts[name] = value
    kinds = [kind for kind in ("SAMLRequest", "SAMLResponse") if kind in parts]
    if len(kinds) != 1 or not parts[kinds[0]]:
        raise AssertionRejected("saml_message", detail=f"{len(kinds)} messages")
    if not parts.get("Signature") or not parts.get("SigAlg"):
        raise AssertionRejected("unsigned", detail="no Signature in the query")
    algorithm = unquote(parts["SigAlg"])
    if algorithm not in SIGNATURE_ALGORITHMS:
        raise AssertionRejected("algorithm", detail="SigAlg")
    covered = [name for name in (kinds[0], "RelayState", "SigAlg") if name in parts]
    return Query(
        kind=kinds[0],
        unverified_message=_bytes(parts[kinds[0]]),
        relay_state=relay_state(unquote(parts["RelayState"])) if "RelayState" in parts else None,
        algorithm=algorithm,
        value=_bytes(parts["Signature"]),
        signed="&".join(f"{name}={parts[name]}" for name in covered).encode(),
    )


def relay_state(text: str) -> str:
    if len(text.encode()) > LONGEST_RELAY_STATE:
        raise AssertionRejected("relay_state", detail="too long")
    return text


def inflate(data: bytes) -> bytes:
    """Never makes more than the limit, whatever the data promise."""
    machine = zlib.decompressobj(wbits=-15)
    try:
        plain = machine.decompress(data, MOST_INFLATED + 1)
    except zlib.error:
        raise AssertionRejected("encoding", detail="not DEFLATE") from None
    if len(plain) > MOST_INFLATED:
        raise AssertionRejected("size", detail="inflates to too much")
    if not machine.eof or machine.unused_data:
        raise AssertionRejected("encoding", detail="truncated, or something behind it")
    return plain


def _canonical(element: etree._Element) -> bytes:
    text: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)
    return text


def _bytes(value: str) -> bytes:
    try:
        return base64.b64decode(unquote(value).replace("\r", "").replace("\n", "").encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise AssertionRejected("encoding", detail="not base64") from None


def _base64(data: bytes) -> str:
    """Base64 for a query: of its letters only three need escaping, and `quote` would look at each."""
    return base64.b64encode(data).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


def _encoded(text: str) -> str:
    return quote(text, safe="")
