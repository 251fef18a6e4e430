"""The rules between the keys of a SAML identity provider, and between it and the applications it may lead to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from broker.configuration.checks.finding import Context, Finding, repeated
from broker.configuration.document import Path
from broker.configuration.shapes import ClientShape, IdentityProviderShape, Read, TenantShape
from broker.configuration.urls import url_fault
from broker.errors import Problem


def check_saml(provider: IdentityProviderShape, path: Path, context: Context) -> Iterable[Finding]:
    if provider.authn_context is not None:
        yield from repeated((*path, "authn_context", "classes"), provider.authn_context.classes)
    targets = provider.unsolicited.targets if provider.unsolicited else ()
    place = (*path, "unsolicited", "allowed_targets")
    yield from repeated(place, [client_id if link is None else f"{client_id} {link}" for client_id, link in targets])
    for index, (_, link) in enumerate(targets):
        if link is not None and (fault := url_fault(link, context.rules)):
            yield Finding((*place, index, "link"), *fault)


def targets(
    clients: list[tuple[Read[ClientShape], ClientShape]], tenants: list[tuple[Read[TenantShape], TenantShape]]
) -> Iterator[Problem]:
    """What a portal may lead to is an application of this tenant's that takes part (OIDC Core §4)."""
    known = {client.client_id: client for _, client in clients}
    for read, tenant in tenants:
        for number, provider in enumerate(tenant.identity_providers):
            for index, (client_id, _) in enumerate(provider.unsolicited.targets if provider.unsolicited else ()):
                path: Path = ("identity_providers", number, "unsolicited", "allowed_targets", index)
                if fault := _target_fault(known.get(client_id), client_id, tenant.id):
                    yield from read.problem(path, *fault)


def _target_fault(client: ClientShape | None, client_id: str, tenant: str) -> tuple[str, str] | None:
    if client is None:
        return f"there is no client `{client_id}`", "mend the client_id, or remove it"
    if client.initiate_login_uri is None:
        return f"`{client_id}` has no initiate_login_uri", "add it there: that is where such a sign-in continues"
    if client.tenants is not None and tenant not in client.tenants:
        return f"`{client_id}` is not for this tenant", "add the tenant to its `tenants`, or remove it here"
    return None
