"""The rules between the keys that say what becomes of a sign-in later."""

from __future__ import annotations

from collections.abc import Iterable

from broker.configuration.checks.finding import Context, Finding, unresolved
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
        yield from _resolving(provider, groups, path)
    for name in ("unresolved", "client"):
        if groups.overage != "resolve" and getattr(groups, name) is not None:
            yield Finding((*path, name), "is for overage `resolve`", "remove it")
    if groups.client is not None:
        yield from unresolved((*path, "client", "client_secret"), groups.client.client_secret, context)
    if groups.endpoints is None:
        return
    if not context.rules.loopback:
        yield Finding((*path, "endpoints"), "is for tests with an issuer on loopback", "remove it")
    for name in ("login", "graph"):
        if fault := origin_fault(getattr(groups.endpoints, name), context.rules):
            yield Finding((*path, "endpoints", name), *fault)


def _resolving(provider: IdentityProviderShape, groups: GroupsShape, path: Path) -> Iterable[Finding]:
    """Somebody must ask Graph: the identity provider's own client, or one that is named for it."""
    if provider.vendor != "entra" or provider.protocol not in {"oidc", "saml", "wsfed"}:
        what = "`resolve` asks Microsoft Graph, which knows people of Entra alone"
        yield Finding((*path, "overage"), what, "use it with vendor entra, or write mark")
    elif groups.client is None and provider.protocol != "oidc":
        what = "is missing: over this protocol we are no client of Entra's, and Graph is asked by one"
        yield Finding((*path, "client"), what, "add `client: {client_id: …, client_secret: {env: NAME}}`")
    elif groups.client is None and provider.client_auth == "none":
        yield Finding((*path, "overage"), "`resolve` needs a client that can prove itself", "add client_secret")
