"""A tenant, an identity provider and a run, with only what a case is about written out."""

from __future__ import annotations

from collections.abc import Mapping

from broker import claims
from broker.claims import Outcome
from broker.model import ClaimValue, HomeRealmSettings, IdentityProvider, Rule, Tenant, VendorProfile

PROFILE = VendorProfile(
    name="test",
    claim_names={
        "mail": "email",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": "email",
        "memberOf": "groups",
        "http://schemas.xmlsoap.org/claims/Group": "groups",
        "jobtitle": "job_title",
    },
    types={
        **dict.fromkeys(("sub", "name", "email", "locale", "phone_number"), "text"),
        **dict.fromkeys(("department", "job_title", "employee_type"), "text"),
        "email_verified": "bool",
        "updated_at": "number",
        "groups": "list",
        "roles": "list",
        "amr": "list",
    },
    subject=("sub",),
)


def idp(**changes: object) -> IdentityProvider:
    members: dict[str, object] = {
        "tenant": "contoso",
        "id": "entra",
        "name": "Entra",
        "protocol": "oidc",
        "profile": PROFILE,
        **changes,
    }
    return IdentityProvider(**members)  # type: ignore[arg-type]  # the cases name fields that exist


def tenant(*rules: Rule, domains: tuple[str, ...] = ("contoso.com", "*.contoso.com"), **changes: object) -> Tenant:
    members: dict[str, object] = {
        "id": "contoso",
        "name": "Contoso",
        "identity_providers": {"entra": idp()},
        "home_realm": HomeRealmSettings(email_domains=domains),
        "roles": ("admin", "approver", "viewer"),
        "rules": rules,
        **changes,
    }
    return Tenant(**members)  # type: ignore[arg-type]  # the cases name fields that exist


def run(
    *rules: Rule,
    incoming: Mapping[str, ClaimValue] | None = None,
    proven: bool | None = None,
    at: IdentityProvider | None = None,
    domains: tuple[str, ...] = ("contoso.com", "*.contoso.com"),
) -> Outcome:
    return claims.apply(tenant(*rules, domains=domains), at or idp(), incoming or {}, email_verified=proven)
