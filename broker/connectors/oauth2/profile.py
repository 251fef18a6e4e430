"""A vendor's profile, and the addresses that it vouches for, as an Identity."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from broker.connectors.oidc.client_proof import require_secret
from broker.connectors.oidc.identity import flatten, subject_of
from broker.errors import AssertionRejected
from broker.model import Identity, IdentityProvider, OAuth2Settings, strict_json
from broker.outbound import Outbound

Profile = Mapping[str, object]


def proven(settings: OAuth2Settings, endpoint: str, access_token: str) -> str:
    """The endpoint's address; where the vendor knows such a thing, with the proof that the token is in our hands.

    Facebook: HMAC-SHA256 of the access token under the app's secret, in hex.
    """
    if settings.token_proof is None:
        return endpoint
    secret = require_secret(settings.client_secret).encode()
    proof = hmac.new(secret, access_token.encode(), hashlib.sha256).hexdigest()
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{settings.token_proof}={proof}"


def fetch(outbound: Outbound, endpoint: str, access_token: str) -> Profile:
    """Raises AssertionRejected `profile` (not a JSON object); UpstreamUnavailable."""
    try:
        return strict_json.parse_object(_asked(outbound, endpoint, access_token))
    except ValueError:
        raise AssertionRejected("profile", detail="the profile is not a JSON object") from None


def with_address(profile: Profile, outbound: Outbound, endpoint: str, access_token: str) -> Profile:
    """`email` is the primary address if the vendor verified it; what the profile shows the public proves nothing.

    The document is a list of {email, primary, verified}. Raises AssertionRejected `emails`; UpstreamUnavailable.
    """
    try:
        listed = strict_json.parse(_asked(outbound, endpoint, access_token))
    except ValueError:
        listed = None
    if not isinstance(listed, list):
        raise AssertionRejected("emails", detail="the addresses are not a JSON list")
    shown = {name: value for name, value in profile.items() if name not in {"email", "email_verified"}}
    for one in listed:
        if isinstance(one, dict) and one.get("primary") is True and one.get("verified") is True:
            return {**shown, "email": one.get("email"), "email_verified": True}
    return shown


def identity_of(idp: IdentityProvider, settings: OAuth2Settings, profile: Profile) -> Identity:
    """Raises AssertionRejected `subject`."""
    attributes = flatten(profile)
    verified = profile.get("email_verified")
    return Identity(
        tenant=idp.tenant,
        idp=idp.id,
        upstream=settings.upstream,
        subject=subject_of(settings.subject or idp.profile.subject, attributes),
        attributes=attributes,
        email_verified=verified if isinstance(verified, bool) else None,
    )


def _asked(outbound: Outbound, endpoint: str, access_token: str) -> bytes:
    headers = {"Authorization": f"Bearer {access_token}"}
    return outbound.get(endpoint, accept="application/json", headers=headers).body
