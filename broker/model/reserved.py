"""Claim names that belong to the broker: no rule of a tenant may write them (contract section 3).

Configuration refuses them, `claims` and `tokens` refuse them again at run time.
"""

from __future__ import annotations

_ABOUT_THE_TOKEN = (  # RFC 7519 §4.1, OIDC Core §2: what a relying party trusts about the token itself
    "iss sub aud exp nbf iat jti nonce azp at_hash c_hash s_hash auth_time acr amr sid"
)
_AUTHORIZATION = (  # RFC 9068, confirmation (RFC 7800), delegation (RFC 8693 §4), RFC 8417, RFC 9396
    "scope client_id cnf act may_act events entitlements authorization_details"
)
_PROOFS = "email_verified phone_number_verified"
_OURS = "tenant roles idp home_tenant idp_chain groups_complete upstream_checked_at cfg"

RESERVED: frozenset[str] = frozenset(f"{_ABOUT_THE_TOKEN} {_AUTHORIZATION} {_PROOFS} {_OURS}".split())
