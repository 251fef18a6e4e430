"""Which e-mail address may leave, and when it counts as verified (contract section 3, Tokens).

A tenant speaks for its own domains only: an address elsewhere is dropped after the rules, unless the IdP has
`emails: any`, and is then never verified. No rule can change this.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass

from broker import domains
from broker.model import ClaimValue, IdentityProvider, Tenant

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Settled:
    """verified None: no address leaves. note: why the address was dropped, for the operator."""

    claims: Mapping[str, ClaimValue]
    verified: bool | None = None
    note: str | None = None


def settle(
    tenant: Tenant,
    idp: IdentityProvider,
    claims: Mapping[str, ClaimValue],
    sent: ClaimValue | None,
    proven: bool | None,
) -> Settled:
    """Judge the outgoing `email`. sent: the incoming one; proven: whether the IdP vouched for that one.

    Verified is the very address that the IdP proved (ASCII case aside), in one of the tenant's domains. That an
    operator vouches for a domain proves no address, so SAML's addresses are not verified.
    """
    if "email" not in claims:
        return Settled(claims)
    email = claims["email"]
    domain = domains.of_address(email) if isinstance(email, str) else None
    if domain is None:
        return _without(claims, "email is not one address and was dropped")
    own = any(domains.matches(pattern, domain) for pattern in tenant.home_realm.email_domains)
    if not own and idp.emails != "any":
        return _without(claims, "email is outside the tenant's email_domains and was dropped")
    return Settled(claims, own and proven is True and _same(email, sent))


def _without(claims: Mapping[str, ClaimValue], note: str) -> Settled:
    return Settled({name: value for name, value in claims.items() if name != "email"}, note=note)


def _same(email: ClaimValue, sent: ClaimValue | None) -> bool:
    return isinstance(email, str) and isinstance(sent, str) and email.translate(_LOWER) == sent.translate(_LOWER)
