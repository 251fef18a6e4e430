"""Is the person of a session still welcome upstream? A refresh there says so (OpenID Connect Core §12).

An ID token may come with the answer; if one does, it must speak of the same person, from the same issuer, to us.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from broker import jose
from broker.connectors.oidc.answer import error_code
from broker.connectors.oidc.client_proof import Proof
from broker.connectors.oidc.id_token import TYPES, instant, speaking
from broker.errors import AssertionRejected, UpstreamUnavailable
from broker.model import strict_json
from broker.outbound import Outbound

# The IdP speaks of the person; any other error speaks of us or of its own state.
NO_LONGER = frozenset({"invalid_grant", "access_denied", "interaction_required", "login_required", "consent_required"})


@dataclass(frozen=True, slots=True)
class Before:
    """What the session's first ID token said. Instants are epoch seconds, `skew` seconds."""

    issuers: tuple[str, ...]
    subject: str
    client_id: str
    auth_time: int | None
    now: int
    skew: int
    many: bool = False


@dataclass(frozen=True, slots=True)
class Renewed:
    """What came, not looked at yet. refresh_token: the one to use from now on, in place of the one that was sent."""

    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)


def ask(outbound: Outbound, endpoint: str, proof: Proof, refresh_token: str) -> Renewed:
    """Raises AssertionRejected `refresh_denied`; UpstreamUnavailable: refresh_error, token_response, `outbound`'s."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    answer = outbound.post_form(endpoint, {**form, **proof.form}, headers=proof.headers)
    members = _members(answer.body)
    if "error" in members or answer.status != 200:
        said = error_code(members.get("error"))
        if members.get("error") in NO_LONGER:
            raise AssertionRejected("refresh_denied", detail=f"the identity provider says {said}")
        raise UpstreamUnavailable("refresh_error", detail=f"status {answer.status}, the identity provider says {said}")
    newer, id_token = members.get("refresh_token"), members.get("id_token")
    return Renewed(newer if isinstance(newer, str) and newer else None, id_token if isinstance(id_token, str) else None)


def check(token: str, keys: jose.KeySet, algorithms: tuple[str, ...], before: Before) -> Mapping[str, object]:
    """Raises TokenRejected (`jose`) and AssertionRejected (CHECKS)."""
    signed = jose.verified(token, speaking(keys, token, many=before.many), algorithms, types=TYPES)
    for reason, holds in CHECKS:
        if not holds(signed, before):
            raise AssertionRejected(reason, detail=f"refreshed ID token: {holds.__name__.replace('_', ' ')}: no")
    return signed.claims


# OpenID Connect Core §12.2


def issuer_is_the_same(token: jose.Peeked, before: Before) -> bool:
    """In any of its spellings."""
    return token.claims.get("iss") in before.issuers


def subject_is_the_same(token: jose.Peeked, before: Before) -> bool:
    return token.claims.get("sub") == before.subject


def audience_is_us_alone(token: jose.Peeked, before: Before) -> bool:
    return token.claims.get("aud") in (before.client_id, [before.client_id])


def authorized_party_is_us(token: jose.Peeked, before: Before) -> bool:
    return token.claims.get("azp", before.client_id) == before.client_id


def expiry_is_ahead(token: jose.Peeked, before: Before) -> bool:
    expiry = instant(token.claims.get("exp"))
    return expiry is not None and expiry > before.now - before.skew


def issue_was_just_now(token: jose.Peeked, before: Before) -> bool:
    issued = instant(token.claims.get("iat"))
    return issued is not None and abs(before.now - issued) <= before.skew


def authentication_was_not_another(token: jose.Peeked, before: Before) -> bool:
    """It speaks of the sign-in that we saw, or of none."""
    return before.auth_time is None or token.claims.get("auth_time", before.auth_time) == before.auth_time


CHECKS: tuple[tuple[str, Callable[[jose.Peeked, Before], bool]], ...] = (
    ("iss", issuer_is_the_same),
    ("sub", subject_is_the_same),
    ("aud", audience_is_us_alone),
    ("azp", authorized_party_is_us),
    ("exp", expiry_is_ahead),
    ("iat", issue_was_just_now),
    ("auth_time", authentication_was_not_another),
)


def _members(body: bytes) -> dict[str, object]:
    try:
        return strict_json.parse_object(body)
    except ValueError:
        raise UpstreamUnavailable("token_response", detail="the refresh was not answered with a JSON object") from None
