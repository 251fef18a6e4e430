"""What a response proves: its signatures hold, and what was encrypted is plain. The order is the defence.

1. A signature that covers the ciphertext is verified before anything is decrypted.
2. What was decrypted is believed because of a signature inside it, or because the signed Response carried it. Anybody
   can encrypt to our public certificate: an unsigned assertion in an unsigned Response is nobody's.
3. An encrypted NameID is opened last, in an assertion that is verified already.

What fails after a decryption has one public text and one status, whatever the reason says to the operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from broker.connectors.saml.trust import Trust
from broker.errors import AssertionRejected
from broker.model import SamlSettings
from broker.xml import decrypt, encryption_shape, onelogin, signature
from broker.xml.gate import Gated
from broker.xml.metadata import IdpMetadata
from broker.xml.names import RESPONSE


@dataclass(frozen=True, slots=True)
class Proven:
    """A response whose assertion is plain and verified; `signed`: tags of what is signed; `idp`: by whom."""

    gated: Gated
    signed: frozenset[str]
    idp: IdpMetadata


def prove(gated: Gated, trust: Trust, keys: Sequence[str], settings: SamlSettings) -> Proven:
    """`keys`: ours to decrypt with, PEM. Raises AssertionRejected, UpstreamUnavailable."""
    proven = verified(gated, trust) if gated.encrypted is None else opened(gated, trust, keys, settings)
    signature.check_wanted(proven.signed, settings.want_signed)
    onelogin.check_schema(encryption_shape.of_2002(gated.unverified_root))
    return with_name_id(proven, keys, settings)


def verified(gated: Gated, trust: Trust) -> Proven:
    """With today's keys; where none fits, once more with refreshed ones."""
    idp = trust.current()
    try:
        return Proven(gated, signature.verify(gated, _keys(idp)), idp)
    except AssertionRejected as refusal:
        fresh = trust.refresh(idp) if refusal.reason == "signature_invalid" else None
        if fresh is None:
            raise
    return Proven(gated, signature.verify(gated, _keys(fresh)), fresh)


def opened(gated: Gated, trust: Trust, keys: Sequence[str], settings: SamlSettings) -> Proven:
    """The response with its encrypted assertion in the clear."""
    holder = gated.encrypted
    if holder is None:
        raise ValueError("nothing is encrypted")
    encryption_shape.check_content(holder, allow_cbc=settings.allow_cbc)
    trust.current()  # where it is not to be had, that shows before a decryption, never after one
    outside = verified(gated, trust) if gated.signatures else None
    inner = decrypt.assertion(holder, keys, gated.weight)
    signed = frozenset() if outside is None else outside.signed
    if not inner.signatures and RESPONSE not in signed:
        raise AssertionRejected("unsigned_assertion", detail="encrypted, but nobody signed it")
    inside = verified(inner, trust) if inner.signatures else outside
    if inside is None:
        raise AssertionRejected("unsigned_assertion")
    if inner.unverified_assertion is not None:
        onelogin.check_schema(encryption_shape.of_2002(inner.unverified_assertion))
    plain = replace(gated, unverified_assertion=inner.unverified_assertion)
    return Proven(plain, signed | inside.signed, inside.idp)


def with_name_id(proven: Proven, keys: Sequence[str], settings: SamlSettings) -> Proven:
    holder = decrypt.encrypted_id(proven.gated)
    if holder is None:
        return proven
    encryption_shape.check_content(holder, allow_cbc=settings.allow_cbc)
    return replace(proven, gated=replace(proven.gated, unverified_name_id=decrypt.name_id(holder, keys)))


def _keys(idp: IdpMetadata) -> list[str]:
    return [certificate.pem for certificate in idp.certificates]
