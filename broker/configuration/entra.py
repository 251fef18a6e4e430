"""Entra's issuers: one tenant's, or a template that stands for many."""

from __future__ import annotations

from broker.model import TENANT_ID

CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"  # the tenant of personal Microsoft accounts
_MANY = ("common", "organizations")  # where a tenant id stands else


def template_of(issuer: str, vendor: str) -> str | None:
    """The issuer with `{tenantid}`, where it stands for many tenants; None: it stands for itself."""
    parts = issuer.split("/")
    if TENANT_ID in parts:
        return issuer
    if vendor == "entra" and len(parts) > 3 and parts[3] in _MANY:
        return "/".join([*parts[:3], TENANT_ID, *parts[4:]])
    return None


def discovery_of(named: str, template: str, tids: list[str]) -> str:
    """There is no document at the placeholder itself; `common` lets personal accounts in, `organizations` does not."""
    base = named if named != template else named.replace(TENANT_ID, "common" if CONSUMERS in tids else "organizations")
    return f"{base.removesuffix('/')}/.well-known/openid-configuration"
