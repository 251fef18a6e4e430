"""An ID token that a client brings (RFC 8693, RFC 7523 §3), in place of one that we fetched ourselves.

Everything that a sign-in demands of an ID token, without what ties one to a request of ours: nonce, code, access token.
"""

from __future__ import annotations

from broker import jose
from broker.connectors.oidc.id_token import CHECKS, TYPES, Claims, Expected, Required, speaking
from broker.errors import AssertionRejected
from broker.model import OidcSettings

OLDEST = 86400  # seconds since it was issued
_OF_A_REQUEST = frozenset({"nonce", "at_hash", "c_hash"})


def expected(
    settings: OidcSettings, issuers: tuple[str, ...], token: str, required: Required, *, now: int, skew: int
) -> Expected:
    """The audience is one of those that the operator named, else our own at the provider. Raises TokenRejected."""
    named = jose.peek(token).claims.get("aud")
    sole = named[0] if isinstance(named, list) and len(named) == 1 else named
    audience = next((one for one in settings.presented_audiences if one == sole), settings.client_id)
    return Expected(
        issuers=issuers,
        client_id=audience,
        nonce="",
        now=now,
        begun_at=now - OLDEST,
        skew=skew,
        max_age=None,
        code="",
        access_token=None,
        required=required,
    )


def check(token: str, keys: jose.KeySet, algorithms: tuple[str, ...], wanted: Expected) -> Claims:
    """Raises TokenRejected (`jose`), AssertionRejected: those of `id_token.CHECKS` but nonce, at_hash, c_hash."""
    signed = jose.verified(token, speaking(keys, token, many=wanted.required.many), algorithms, types=TYPES)
    for reason, holds in CHECKS:
        if reason not in _OF_A_REQUEST and not holds(signed, wanted):
            raise AssertionRejected(reason, detail=f"presented token: {holds.__name__.replace('_', ' ')}: no")
    return signed.claims
