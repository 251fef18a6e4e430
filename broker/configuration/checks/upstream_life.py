"""The rules between the keys that say what becomes of a sign-in later."""

from __future__ import annotations

from collections.abc import Iterable

from broker.configuration.checks.finding import Context, Finding
from broker.configuration.document import Path
from broker.configuration.shapes import IdentityProviderShape, TenantShape
from broker.configuration.shapes.upstream_life import GroupsShape
from broker.configuration.urls import origin_fault

SHORTEST = 60  # seconds: below it, single sign-on would ask the IdP every time


def check_upstream_life(provider: IdentityProviderShape, path: Path, context: Context) -> Iterable[Finding]:
    yield from _refresh(provider, (*path, "upstream_refresh"))
    if provider.groups is not None:
        yield from _groups(provider, provider.groups, (*path, "groups"), context)


def check_linking(shape: TenantShape, _context: Context) -> Iterable[Finding]:
    """An address links only inside a domain that the operator vouches for."""
    for index, provider in enumerate(shape.identity_providers):
        if provider.link_by_email and not shape.home_realm.email_domains:
            what = "links nobody: the tenant has no home_realm.email_domains"
            yield Finding(
                ("identity_providers", index, "link_by_email"), what, "list the tenant's domains, or remove it"
            )


def _refresh(provider: IdentityProviderShape, path: Path) -> Iterable[Finding]:
    wanted = provider.upstream_refresh
    if wanted is None:
        return
    if provider.protocol != "oidc":
        yield Finding(path, f"does not belong to protocol {provider.protocol}", "remove it")
    if wanted.max_age < SHORTEST:
        yield Finding((*path, "max_age"), "is less than a minute", "write 1m or more; 1h is usual")


def _groups(provider: IdentityProviderShape, groups: GroupsShape, path: Path, context: Context) -> Iterable[Finding]:
    if groups.overage == "resolve":
        if (provider.protocol, provider.vendor) != ("oidc", "entra"):
            what = "`resolve` asks Microsoft Graph, with the client of an Entra application"
            yield Finding((*path, "overage"), what, "use it with protocol oidc and vendor entra, or write mark")
        elif provider.client_auth == "none":
            yield Finding((*path, "overage"), "`resolve` needs a client that can prove itself", "add client_secret")
    elif groups.unresolved is not None:
        yield Finding((*path, "unresolved"), "is for overage `resolve`", "remove it")
    if groups.endpoints is None:
        return
    if not context.rules.loopback:
        yield Finding((*path, "endpoints"), "is for tests with an issuer on loopback", "remove it")
    for name in ("login", "graph"):
        if fault := origin_fault(getattr(groups.endpoints, name), context.rules):
            yield Finding((*path, "endpoints", name), *fault)
