"""Which of one tenant's identity providers in use serve a domain."""

from __future__ import annotations

from broker import domains
from broker.model import Tenant

Realm = tuple[str, str]  # (tenant, IdP)


def claims(tenant: Tenant, domain: str) -> bool:
    """Whether the tenant's own domains, or the `for` of one of its IdPs in use, cover the domain."""
    patterns = list(tenant.home_realm.email_domains)
    for idp in tenant.identity_providers.values():
        if idp.enabled and idp.only_for is not None:
            patterns.extend(idp.only_for.email_domains)
    return any(domains.matches(pattern, domain) for pattern in patterns)


def serving(tenant: Tenant, domain: str) -> tuple[Realm, ...]:
    """The tenant's IdPs made for the domain, the most specific ones; where there are none, those for everybody."""
    best: str | None = None
    realms: list[Realm] = []
    for idp in tenant.identity_providers.values():
        pattern = domains.most_specific(idp.only_for.email_domains, domain) if idp.enabled and idp.only_for else None
        if pattern is None or (best is not None and domains.more_specific(best, pattern)):
            continue
        if best is None or domains.more_specific(pattern, best):
            best, realms = pattern, []
        realms.append((tenant.id, idp.id))
    return tuple(realms) or for_everybody(tenant)


def for_everybody(tenant: Tenant) -> tuple[Realm, ...]:
    return tuple(
        (tenant.id, idp.id) for idp in tenant.identity_providers.values() if idp.enabled and idp.only_for is None
    )
