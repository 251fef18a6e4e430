"""The checks of an ID token (OpenID Connect Core §3.1.3.7), one below the other.

Structure, algorithm, type and signature come first, in `jose`; its reasons (size, malformed, json, alg, crit, typ, key,
signature, unsupported) stand beside those of CHECKS. Nothing here is taken from the provider's metadata.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from broker import jose
from broker.errors import AssertionRejected

Claims = Mapping[str, object]

TYPES = ("jwt", None)  # RFC 8725 §3.11: at+jwt, logout+jwt and the like are for other purposes
_LONGEST_LIFE = 366 * 86400  # seconds: an `exp` further ahead is a mistake or a trap


@dataclass(frozen=True, slots=True)
class Expected:
    """What this sign-in allows the token to say. Instants are epoch seconds; `skew`, `max_age` seconds."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    now: int
    begun_at: int
    skew: int
    max_age: int | None  # None: fresh authentication was not asked for
    code: str = field(repr=False)
    access_token: str | None = field(repr=False)


def check(token: str, keys: jose.KeySet, algorithms: tuple[str, ...], expected: Expected) -> Claims:
    """The claims of a token that passed every check. Raises TokenRejected (`jose`) and AssertionRejected (CHECKS)."""
    signed = jose.verified(token, keys, algorithms, types=TYPES)
    for reason, holds in CHECKS:
        if not holds(signed, expected):
            raise AssertionRejected(reason, detail=f"ID token: {holds.__name__.replace('_', ' ')}: no")
    return signed.claims


def issuer_is_the_configured_one(token: jose.Peeked, expected: Expected) -> bool:
    """(2) exactly: no prefix, no list, no other case."""
    return token.claims.get("iss") == expected.issuer


def tenant_is_that_of_the_issuer(token: jose.Peeked, expected: Expected) -> bool:
    """Where the issuer's path names a tenant, `tid` (half of a person's key at Entra ID) is that tenant."""
    tenants = [part for part in expected.issuer.split("/") if _UUID.fullmatch(part)]
    return "tid" not in token.claims or not tenants or token.claims["tid"] in tenants


def audience_is_us_alone(token: jose.Peeked, expected: Expected) -> bool:
    """(3) also (5): further audiences are not trusted."""
    return token.claims.get("aud") in (expected.client_id, [expected.client_id])


def authorized_party_is_us(token: jose.Peeked, expected: Expected) -> bool:
    """(4)"""
    return token.claims.get("azp", expected.client_id) == expected.client_id


def expiry_is_ahead(token: jose.Peeked, expected: Expected) -> bool:
    """(9)"""
    expiry = _instant(token.claims.get("exp"))
    return expiry is not None and expected.now - expected.skew < expiry <= expected.now + _LONGEST_LIFE


def issue_was_since_we_asked(token: jose.Peeked, expected: Expected) -> bool:
    """(10): our nonce did not exist before."""
    issued = _instant(token.claims.get("iat"))
    return issued is not None and expected.begun_at - expected.skew <= issued <= expected.now + expected.skew


def validity_has_begun(token: jose.Peeked, expected: Expected) -> bool:
    """RFC 7519 §4.1.5"""
    begins = _instant(token.claims.get("nbf", 0))
    return begins is not None and begins <= expected.now + expected.skew


def nonce_is_ours(token: jose.Peeked, expected: Expected) -> bool:
    """(11), whatever the provider says about supporting it"""
    nonce = token.claims.get("nonce")
    return isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), expected.nonce.encode())


def authentication_is_as_fresh_as_asked(token: jose.Peeked, expected: Expected) -> bool:
    """(13): max_age counts back from the moment we asked"""
    if "auth_time" not in token.claims:
        return expected.max_age is None
    authenticated = _instant(token.claims["auth_time"])
    if authenticated is None or authenticated > expected.now + expected.skew:
        return False
    return expected.max_age is None or authenticated >= expected.begun_at - expected.max_age - expected.skew


def access_token_is_the_one_meant(token: jose.Peeked, expected: Expected) -> bool:
    """§3.1.3.8"""
    return "at_hash" not in token.claims or _is_hash_of(token, "at_hash", expected.access_token)


def code_is_the_one_meant(token: jose.Peeked, expected: Expected) -> bool:
    """§3.3.2.11"""
    return "c_hash" not in token.claims or _is_hash_of(token, "c_hash", expected.code)


def subject_is_a_name(token: jose.Peeked, _: Expected) -> bool:
    """§2: at most 255 characters; control characters name nobody"""
    subject = token.claims.get("sub")
    return isinstance(subject, str) and 0 < len(subject) <= 255 and subject.isprintable()


CHECKS: tuple[tuple[str, Callable[[jose.Peeked, Expected], bool]], ...] = (
    ("iss", issuer_is_the_configured_one),
    ("tid", tenant_is_that_of_the_issuer),
    ("aud", audience_is_us_alone),
    ("azp", authorized_party_is_us),
    ("exp", expiry_is_ahead),
    ("iat", issue_was_since_we_asked),
    ("nbf", validity_has_begun),
    ("nonce", nonce_is_ours),
    ("auth_time", authentication_is_as_fresh_as_asked),
    ("at_hash", access_token_is_the_one_meant),
    ("c_hash", code_is_the_one_meant),
    ("sub", subject_is_a_name),
)

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _instant(value: object) -> int | None:
    """RFC 7519 §2 NumericDate, whole seconds: no text, no boolean, no fraction, nothing negative or absurd."""
    return value if type(value) is int and 0 <= value < 1 << 53 else None


def _is_hash_of(token: jose.Peeked, claim: str, text: str | None) -> bool:
    return text is not None and token.claims[claim] == jose.left_half_hash(token.algorithm, text)
