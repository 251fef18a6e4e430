"""May this client, this tenant and this identity provider be used now? Every entry point asks here, and only here.

/authorize, the IdP's answer, code redemption, refresh, userinfo and single sign-on all pass `admit`, so that no
second entry has fewer checks than the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from broker.errors import AccessDenied, ShownError
from broker.model import Client, Configuration, Entitlement, IdentityProvider, Tenant
from broker.model.provider import MetadataSource
from broker.model.realm import Network
from broker.oauth2 import redirect_uris
from broker.xml import federation, metadata

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Admitted:
    client: Client
    tenant: Tenant  # the active tenant
    home_tenant: Tenant
    idp: IdentityProvider


def admit(
    configuration: Configuration,
    client_id: str,
    tenant_id: str,
    idp_id: str,
    *,
    home_tenant_id: str | None = None,
    ip: Address | None = None,
) -> Admitted:
    """The guard. `ip` None: the caller is not the person's browser, so networks do not apply.

    Raises AccessDenied: client_unknown, tenant_unknown, tenant_suspended, client_tenant, idp_unknown, idp_disabled,
    not_a_guest, network.
    """
    client = configuration.clients.get(client_id)
    if client is None:
        raise AccessDenied("client_unknown", "This application is no longer registered here.")
    tenant = _usable(configuration, tenant_id)
    if not client.may_use(tenant_id):
        raise AccessDenied("client_tenant", "Your organisation may not use this application.")
    home = tenant if home_tenant_id in {None, tenant_id} else _usable(configuration, str(home_tenant_id))
    idp = provider(home, idp_id)
    if home is not tenant:
        raise AccessDenied("not_a_guest", "You are not a guest of this organisation. Ask its administrator.")
    _require_network(tenant.sign_in.allowed_networks, ip)
    return Admitted(client, tenant, home, idp)


def provider(tenant: Tenant, idp_id: str) -> IdentityProvider:
    """The tenant's own IdP of that id, if it may be used. Raises AccessDenied: idp_unknown, idp_disabled."""
    idp = tenant.identity_providers.get(idp_id)
    if idp is None:
        raise AccessDenied("idp_unknown", "This identity provider is not set up for your organisation.")
    if not idp.enabled:
        raise AccessDenied("idp_disabled", "This identity provider is switched off. Ask your administrator.")
    return idp


def denied(entitlement: Entitlement) -> AccessDenied:
    """The refusal of an entitlement as an error; a tenant's `deny` rule speaks to the person in its own words."""
    return AccessDenied(entitlement.reason or "denied", entitlement.message)


def returns_to(configuration: Configuration, client_id: str, redirect_uri: str, tenant_id: str) -> bool:
    """Whether the redirect URI is still the client's, and `{tenant}` in it still this tenant's (contract section 2)."""
    client = configuration.clients.get(client_id)
    if client is None:
        return False
    found = redirect_uris.match(client.redirect_uris, redirect_uri, any_loopback_port=client.public)
    if found is None:
        return False
    if found.label is None:
        return True
    tenant = configuration.tenants.get(configuration.labels.get(found.label, ""))
    return tenant is not None and tenant.id == tenant_id and tenant.active and client.may_use(tenant_id)


def require_return(configuration: Configuration, admitted: Admitted, redirect_uri: str) -> None:
    """The last look at where a code goes: no code of one tenant ever reaches another's address. Raises ShownError."""
    if not returns_to(configuration, admitted.client.client_id, redirect_uri, admitted.tenant.id):
        raise ShownError(
            "redirect_uri", "The application's address is not registered for it any more. Start again from there."
        )


def upstream_of(idp: IdentityProvider) -> str:
    """What the settings point at: issuer or entityID, else where the metadata comes from. Empty: nothing readable."""
    if idp.oidc is not None:
        return idp.oidc.issuer
    if idp.oauth2 is not None:
        return idp.oauth2.upstream
    if idp.wsfed is not None:
        return idp.wsfed.entity_id or _named_by(idp.wsfed.metadata, federation.SECURITY_TOKEN_SERVICE)
    return "" if idp.saml is None else idp.saml.entity_id or _named_by(idp.saml.metadata, metadata.SAML_IDP)


def giver_of(idp: IdentityProvider) -> str:
    """What a token that the IdP gives is sealed for: pointed at another upstream, it is another giver."""
    return f"{idp.tenant}/{idp.id} {upstream_of(idp)}"


def serves(idp: IdentityProvider, upstream: str) -> bool:
    """Whether the settings still accept this issuer: of Entra's many tenants, one may have left the list."""
    return idp.oidc is None or not idp.oidc.of_many_tenants or upstream in idp.oidc.issuers


def _named_by(source: MetadataSource, kind: metadata.RoleKind) -> str:
    return source.url or metadata.entity_id_of(source.document or b"", kind) or ""


def usable_provider(configuration: Configuration, tenant_id: str, idp_id: str) -> tuple[Tenant, IdentityProvider]:
    """Tenant and IdP named by a callback's path. Raises AccessDenied like `admit`."""
    tenant = _usable(configuration, tenant_id)
    return tenant, provider(tenant, idp_id)


def _usable(configuration: Configuration, tenant_id: str) -> Tenant:
    tenant = configuration.tenants.get(tenant_id)
    if tenant is None:
        raise AccessDenied("tenant_unknown", "This organisation is not known here.")
    if not tenant.active:
        raise AccessDenied("tenant_suspended", "Sign-in for your organisation is suspended. Ask your administrator.")
    return tenant


def _require_network(allowed: Sequence[Network], ip: Address | None) -> None:
    if not allowed or ip is None:
        return
    if not any(ip in network for network in allowed):
        raise AccessDenied("network", "Your organisation allows sign-in from its own networks only.")
