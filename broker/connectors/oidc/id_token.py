"""The checks of an ID token (OpenID Connect Core §3.1.3.7), one below the other.

Structure, algorithm, type and signature come first, in `jose`; its reasons (size, malformed, json, alg, crit, typ, key,
signature, unsupported) stand beside those of CHECKS. Nothing here is taken from the provider's metadata.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from broker import jose
from broker.errors import AssertionRejected
from broker.model import TENANT_ID

Claims = Mapping[str, object]

TYPES = ("jwt", None)  # RFC 8725 §3.11: at+jwt, logout+jwt and the like are for other purposes
_LONGEST_LIFE = 366 * 86400  # seconds: an `exp` further ahead is a mistake or a trap


@dataclass(frozen=True, slots=True)
class Required:
    """What the operator wants of every token. many: `tid` must say whose; the others: empty asks for nothing."""

    many: bool = False
    acr_values: tuple[str, ...] = ()
    claims: Mapping[str, tuple[object, ...]] = field(default_factory=dict)  # name -> its values; none: any
    hosted_domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What this sign-in allows the token to say. Instants are epoch seconds; `skew`, `max_age` seconds."""

    issuers: tuple[str, ...]
    client_id: str
    nonce: str = field(repr=False)
    now: int
    begun_at: int
    skew: int
    max_age: int | None  # None: fresh authentication was not asked for
    code: str = field(repr=False)
    access_token: str | None = field(repr=False)
    required: Required = field(default_factory=Required)


def essential_claims(claims_request: str | None) -> Mapping[str, tuple[object, ...]]:
    """Of a `claims` parameter, what the ID token must say (OpenID Connect Core §5.5.1)."""
    asked = json.loads(claims_request or "{}").get("id_token") or {}
    essential = {name: wanted for name, wanted in asked.items() if wanted and wanted.get("essential") is True}
    return {
        name: tuple(wanted.get("values", [wanted["value"]] if "value" in wanted else []))
        for name, wanted in essential.items()
    }


def check(token: str, keys: jose.KeySet, algorithms: tuple[str, ...], expected: Expected) -> Claims:
    """The claims of a token that passed every check. Raises TokenRejected (`jose`) and AssertionRejected (CHECKS)."""
    keys = speaking(keys, token, many=expected.required.many)
    signed = jose.verified(token, keys, algorithms, types=TYPES)
    for reason, holds in CHECKS:
        if not holds(signed, expected):
            raise AssertionRejected(reason, detail=f"ID token: {holds.__name__.replace('_', ' ')}: no")
    return signed.claims


def issuer_is_the_configured_one(token: jose.Peeked, expected: Expected) -> bool:
    """(2) exactly: no prefix, no other case; Entra's template stands here filled with the tenants that are allowed."""
    return token.claims.get("iss") in expected.issuers


def tenant_is_that_of_the_issuer(token: jose.Peeked, expected: Expected) -> bool:
    """Where the issuer's path names a tenant, `tid` (half of a person's key at Entra ID) is that tenant."""
    tenants = [part for part in str(token.claims["iss"]).split("/") if _UUID.fullmatch(part)]
    if "tid" not in token.claims:
        return not expected.required.many
    return not tenants or token.claims["tid"] in tenants


def audience_is_us_alone(token: jose.Peeked, expected: Expected) -> bool:
    """(3) also (5): further audiences are not trusted."""
    return token.claims.get("aud") in (expected.client_id, [expected.client_id])


def authorized_party_is_us(token: jose.Peeked, expected: Expected) -> bool:
    """(4)"""
    return token.claims.get("azp", expected.client_id) == expected.client_id


def expiry_is_ahead(token: jose.Peeked, expected: Expected) -> bool:
    """(9)"""
    expiry = instant(token.claims.get("exp"))
    return expiry is not None and expected.now - expected.skew < expiry <= expected.now + _LONGEST_LIFE


def issue_was_since_we_asked(token: jose.Peeked, expected: Expected) -> bool:
    """(10): our nonce did not exist before."""
    issued = instant(token.claims.get("iat"))
    return issued is not None and expected.begun_at - expected.skew <= issued <= expected.now + expected.skew


def validity_has_begun(token: jose.Peeked, expected: Expected) -> bool:
    """RFC 7519 §4.1.5"""
    begins = instant(token.claims.get("nbf", 0))
    return begins is not None and begins <= expected.now + expected.skew


def nonce_is_ours(token: jose.Peeked, expected: Expected) -> bool:
    """(11), whatever the provider says about supporting it"""
    nonce = token.claims.get("nonce")
    return isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), expected.nonce.encode())


def authentication_is_as_fresh_as_asked(token: jose.Peeked, expected: Expected) -> bool:
    """(13): max_age counts back from the moment we asked"""
    if "auth_time" not in token.claims:
        return expected.max_age is None
    authenticated = instant(token.claims["auth_time"])
    if authenticated is None or authenticated > expected.now + expected.skew:
        return False
    return expected.max_age is None or authenticated >= expected.begun_at - expected.max_age - expected.skew


def access_token_is_the_one_meant(token: jose.Peeked, expected: Expected) -> bool:
    """§3.1.3.8"""
    return "at_hash" not in token.claims or _is_hash_of(token, "at_hash", expected.access_token)


def code_is_the_one_meant(token: jose.Peeked, expected: Expected) -> bool:
    """§3.3.2.11"""
    return "c_hash" not in token.claims or _is_hash_of(token, "c_hash", expected.code)


def authentication_is_of_a_class_we_asked_for(token: jose.Peeked, expected: Expected) -> bool:
    """(12)"""
    wanted = expected.required.acr_values
    return not wanted or token.claims.get("acr") in wanted


def essential_claims_say_what_we_asked(token: jose.Peeked, expected: Expected) -> bool:
    """§5.5.1.1; Entra's `acrs`: silence is not a yes"""
    return all(_says(token.claims.get(name), wanted) for name, wanted in expected.required.claims.items())


def account_is_of_a_hosted_domain(token: jose.Peeked, expected: Expected) -> bool:
    """Google: the `hd` of the request filters a page; only the claim proves"""
    wanted = expected.required.hosted_domains
    return not wanted or token.claims.get("hd") in wanted


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
    ("acr", authentication_is_of_a_class_we_asked_for),
    ("claims_request", essential_claims_say_what_we_asked),
    ("hd", account_is_of_a_hosted_domain),
    ("at_hash", access_token_is_the_one_meant),
    ("c_hash", code_is_the_one_meant),
    ("sub", subject_is_a_name),
)

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def speaking(keys: jose.KeySet, token: str, *, many: bool) -> jose.KeySet:
    """Entra's key set for many tenants says of each key for which issuer it speaks."""
    if not many:
        return keys
    issuer = str(jose.peek(token).claims.get("iss"))
    return keys.of_issuers((issuer, _UUID.sub(TENANT_ID, issuer)))


def _says(sent: object, wanted: tuple[object, ...]) -> bool:
    told = sent if isinstance(sent, list) else [sent]
    return any(value in wanted for value in told) if wanted else sent not in (None, "", [])


def instant(value: object) -> int | None:
    """RFC 7519 §2 NumericDate, whole seconds: no text, no boolean, no fraction, nothing negative or absurd."""
    return value if type(value) is int and 0 <= value < 1 << 53 else None


def _is_hash_of(token: jose.Peeked, claim: str, text: str | None) -> bool:
    return text is not None and token.claims[claim] == jose.left_half_hash(token.algorithm, text)
