"""The checks of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6), one below the other.

Structure, algorithm, type and signature come first, in `jose`; its reasons stand beside those of CHECKS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker import jose
from broker.connectors.connector import LoggedOut
from broker.connectors.oidc.id_token import instant, speaking
from broker.errors import TokenRejected

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPES = ("logout+jwt", "jwt", None)  # §2.4: the type is recommended; an ID token has no such event
OLDEST = 600  # seconds: one that took longer speaks of a session that nobody remembers
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Expected:
    """Instants are epoch seconds, `skew` seconds. many: the issuer stands for many tenants (Entra)."""

    issuers: tuple[str, ...]
    client_id: str
    now: int
    skew: int
    many: bool = False


def check(token: str, keys: jose.KeySet, algorithms: tuple[str, ...], expected: Expected) -> LoggedOut:
    """What a token that passed every check ends. Raises TokenRejected: those of `jose` and of CHECKS."""
    signed = jose.verified(token, speaking(keys, token, many=expected.many), algorithms, types=TYPES)
    for reason, holds in CHECKS:
        if not holds(signed, expected):
            raise TokenRejected(reason, detail=f"logout token: {holds.__name__.replace('_', ' ')}: no")
    claims = signed.claims
    issuer, issued = str(claims["iss"]), instant(claims["iat"]) or 0
    return LoggedOut(
        upstream=issuer,
        sid=_name(claims.get("sid")),
        sub=_name(claims.get("sub")),
        replay_key=f"logout {issuer} {claims['jti']}",
        replay_until=issued + OLDEST + 2 * expected.skew,
    )


def issuer_is_the_configured_one(token: jose.Peeked, expected: Expected) -> bool:
    """(4) as for an ID token"""
    return token.claims.get("iss") in expected.issuers


def audience_is_us_alone(token: jose.Peeked, expected: Expected) -> bool:
    """(4)"""
    return token.claims.get("aud") in (expected.client_id, [expected.client_id])


def expiry_is_ahead(token: jose.Peeked, expected: Expected) -> bool:
    """§2.4: required, unlike in the drafts before it"""
    expiry = instant(token.claims.get("exp"))
    return expiry is not None and expiry > expected.now - expected.skew


def issue_was_just_now(token: jose.Peeked, expected: Expected) -> bool:
    """(4); what is older was kept for later"""
    issued = instant(token.claims.get("iat"))
    return issued is not None and expected.now - OLDEST - expected.skew <= issued <= expected.now + expected.skew


def event_is_logout(token: jose.Peeked, _: Expected) -> bool:
    """(6)"""
    events = token.claims.get("events")
    return isinstance(events, dict) and isinstance(events.get(EVENT), dict)


def nonce_is_absent(token: jose.Peeked, _: Expected) -> bool:
    """(7): no ID token may pass for one of these"""
    return "nonce" not in token.claims


def session_or_person_is_named(token: jose.Peeked, _: Expected) -> bool:
    """(5); what is there must be a name"""
    named = [token.claims[name] for name in ("sub", "sid") if name in token.claims]
    return bool(named) and all(_name(one) is not None for one in named)


def token_has_a_name(token: jose.Peeked, _: Expected) -> bool:
    """(8) needs it"""
    return _name(token.claims.get("jti")) is not None


CHECKS: tuple[tuple[str, Callable[[jose.Peeked, Expected], bool]], ...] = (
    ("iss", issuer_is_the_configured_one),
    ("aud", audience_is_us_alone),
    ("exp", expiry_is_ahead),
    ("iat", issue_was_just_now),
    ("events", event_is_logout),
    ("nonce", nonce_is_absent),
    ("sub_sid", session_or_person_is_named),
    ("jti", token_has_a_name),
)


def _name(value: object) -> str | None:
    fits = isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()
    return str(value) if fits else None
