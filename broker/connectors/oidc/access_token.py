"""The claims that AD FS puts into its access token alone, where a `resource` is asked for; checked like an ID token's.

Structure, algorithm, type and signature come first, in `jose`. That it speaks of the same person is known from where
it came: in one answer with the ID token, whose `at_hash` is checked. Its `sub` may differ: it is made for the resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from broker import jose
from broker.connectors.oidc.id_token import TYPES, instant
from broker.errors import AssertionRejected

Claims = Mapping[str, object]

_BARE = "microsoft:identityserver:"  # what AD FS writes before a resource that is no URI


@dataclass(frozen=True, slots=True)
class Expected:
    """issuer: discovery's `access_token_issuer`. `now` epoch seconds, `skew` seconds."""

    issuer: str | None
    resource: str | None
    client_id: str
    now: int
    skew: int


def check(token: str, keys: jose.KeySet, algorithms: tuple[str, ...], expected: Expected) -> Claims:
    """The claims. Raises TokenRejected (`jose`) and AssertionRejected (CHECKS)."""
    signed = jose.verified(token, keys, algorithms, types=TYPES)
    for reason, holds in CHECKS:
        if not holds(signed, expected):
            raise AssertionRejected(reason, detail=f"access token: {holds.__name__.replace('_', ' ')}: no")
    return signed.claims


def issuer_is_the_published_one(token: jose.Peeked, expected: Expected) -> bool:
    return expected.issuer is not None and token.claims.get("iss") == expected.issuer


def audience_is_the_resource_alone(token: jose.Peeked, expected: Expected) -> bool:
    names = (expected.resource, f"{_BARE}{expected.resource}")
    aud = token.claims.get("aud")
    return expected.resource is not None and (aud[0] if isinstance(aud, list) and len(aud) == 1 else aud) in names


def client_is_us(token: jose.Peeked, expected: Expected) -> bool:
    return token.claims.get("appid", expected.client_id) == expected.client_id


def expiry_is_ahead(token: jose.Peeked, expected: Expected) -> bool:
    expiry = instant(token.claims.get("exp"))
    return expiry is not None and expiry > expected.now - expected.skew


def issue_is_past(token: jose.Peeked, expected: Expected) -> bool:
    issued = instant(token.claims.get("iat"))
    return issued is not None and issued <= expected.now + expected.skew


CHECKS: tuple[tuple[str, Callable[[jose.Peeked, Expected], bool]], ...] = (
    ("access_token_iss", issuer_is_the_published_one),
    ("access_token_aud", audience_is_the_resource_alone),
    ("access_token_appid", client_is_us),
    ("access_token_exp", expiry_is_ahead),
    ("access_token_iat", issue_is_past),
)
