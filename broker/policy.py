"""May this client, this tenant and this identity provider be used now? Every entry point asks here, and only here.

/authorize, the IdP's answer, code redemption, refresh, userinfo and single sign-on all pass `admit`, so that no
second entry has fewer checks than the first; and each that speaks of a person passes `require_factors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from broker import assurance
from broker.errors import AccessDenied, ShownError
from broker.model import (
    Client,
    Configuration,
    Entitlement,
    Guest,
    Identity,
    IdentityProvider,
    SignInPolicy,
    Tenant,
    Workload,
)
from broker.model.provider import MetadataSource
from broker.model.sign_in_policy import too_old
from broker.oauth2 import redirect_uris
from broker.xml import federation, metadata

Address = IPv4Address | IPv6Address
NOT_A_GUEST = "You are not a guest of this organisation. Ask its administrator."  # whatever is missing: it tells nobody


@dataclass(frozen=True, slots=True)
class Place:
    tenant: Tenant  # the active tenant
    home_tenant: Tenant
    idp: IdentityProvider
    sign_in: SignInPolicy  # of both tenants


@dataclass(frozen=True, slots=True)
class Admitted(Place):
    """`sign_in` is what they say towards this client."""

    client: Client


def admit(
    configuration: Configuration,
    client_id: str,
    tenant_id: str,
    idp_id: str,
    *,
    now: float | None,
    home_tenant_id: str | None = None,
    ip: Address | None = None,
) -> Admitted:
    """The guard. `ip` None: the caller is not the person's browser, so networks do not apply. `now`: epoch seconds;
    None where nobody signs in, so that times of day do not apply.

    Raises AccessDenied: client_unknown, tenant_unknown, tenant_suspended, client_tenant, idp_unknown, idp_disabled,
    not_a_guest, guests_out, guest_until, client_not_allowed, network, outside_hours.
    """
    client, tenant = _client_and_tenant(configuration, client_id, tenant_id)
    home, idp = _home(configuration, tenant, idp_id, home_tenant_id, now)
    sign_in = sign_in_policy(tenant, home, client)
    _require_allowed_client(sign_in, client)
    _require_network(sign_in, ip)
    _require_hours(sign_in, now)
    return Admitted(tenant, home, idp, sign_in, client)


def admit_person(
    configuration: Configuration, tenant_id: str, idp_id: str, *, home_tenant_id: str, now: float, ip: Address
) -> Place:
    """The guard, where somebody looks after what is theirs and no application asks.

    Raises AccessDenied as `admit` does, but for what that asks of a client.
    """
    tenant = _usable(configuration, tenant_id)
    home, idp = _home(configuration, tenant, idp_id, home_tenant_id, now)
    sign_in = tenant.sign_in if home is tenant else tenant.sign_in.stricter(home.sign_in.of_any_role())
    _require_network(sign_in, ip)
    _require_hours(sign_in, now)
    return Place(tenant, home, idp, sign_in)


def _home(
    configuration: Configuration, tenant: Tenant, idp_id: str, home_tenant_id: str | None, now: float | None
) -> tuple[Tenant, IdentityProvider]:
    home = tenant if home_tenant_id in {None, tenant.id} else _usable(configuration, str(home_tenant_id))
    idp = provider(home, idp_id)
    if home is not tenant:
        _require_invitations(tenant, home, now)
    return home, idp


def guest(admitted: Place, address: str | None, now: float) -> Guest:
    """The entry by which somebody of another tenant is in; `require_bound` says whose it is.

    address: canonical, in a domain of the home tenant, and proven by its IdP; None: there is none.
    Raises AccessDenied: guest_email, not_a_guest, guest_until.
    """
    home, tenant = admitted.home_tenant, admitted.tenant
    if address is None:
        raise _no_guest("guest_email", tenant, home)
    entry = next((one for one in tenant.guests if (one.home_tenant, one.email) == (home.id, address)), None)
    if entry is None:
        raise _no_guest("not_a_guest", tenant, home)
    if entry.over(now):
        raise _no_guest("guest_until", tenant, home)
    return entry


def require_bound(admitted: Admitted, holder: str, sub: str) -> None:
    """A guest's entry is its first person's until the operator replaces it. Raises AccessDenied: guest_bound."""
    if holder != sub:
        raise _no_guest("guest_bound", admitted.tenant, admitted.home_tenant)


def _require_invitations(tenant: Tenant, home: Tenant, now: float | None) -> None:
    """Whether anybody of `home` is a guest here now; `guest` says who."""
    invited = [entry for entry in tenant.guests if entry.home_tenant == home.id]
    if not invited:
        raise _no_guest("not_a_guest", tenant, home)
    if not home.guests_out:
        raise _no_guest("guests_out", tenant, home)
    if now is not None and all(entry.over(now) for entry in invited):
        raise _no_guest("guest_until", tenant, home)


def _no_guest(reason: str, tenant: Tenant, home: Tenant) -> AccessDenied:
    return AccessDenied(reason, NOT_A_GUEST, detail=f"active tenant {tenant.id}, home tenant {home.id}")


@dataclass(frozen=True, slots=True)
class Service:
    """A workload in a tenant. roles: of the tenant's `services`, those that mean something to the client."""

    client: Client
    tenant: Tenant
    roles: tuple[str, ...]


def admit_workload(configuration: Configuration, client_id: str, tenant_id: str) -> Service:
    """The guard, where nobody signs in: what it asks of client and tenant, and nothing of an IdP.

    Raises AccessDenied: client_unknown, tenant_unknown, tenant_suspended, client_tenant, client_not_allowed.
    """
    client, tenant = _client_and_tenant(configuration, client_id, tenant_id)
    _require_allowed_client(tenant.sign_in.towards(client_id), client)
    given = tenant.services.get(client_id, ())
    return Service(client, tenant, tuple(role for role in given if client.roles is None or role in client.roles))


def require_welcome(workload: Workload, tenant: Tenant | None) -> None:
    """A platform's token instead of a secret: where the identity is for one tenant, and where a tenant wants none.

    Raises AccessDenied: workload_tenant, workloads_forbidden.
    """
    if workload.tenant is not None and (tenant is None or tenant.id != workload.tenant):
        raise AccessDenied("workload_tenant", "This workload identity is for another organisation.")
    if tenant is not None and not tenant.sign_in.workloads:
        raise AccessDenied("workloads_forbidden", "This organisation does not take the tokens of workload platforms.")


def sign_in_policy(tenant: Tenant, home: Tenant, client: Client) -> SignInPolicy:
    """What both tenants ask of a sign-in to this client; the stricter wins (contract section 5, Guests)."""
    own = tenant.sign_in.towards(client.client_id)
    return own if home is tenant else own.stricter(home.sign_in.towards(client.client_id).of_any_role())


def require_factors(admitted: Place, identity: Identity) -> None:
    """Where a tenant wants several factors, the IdP has said so. Raises AccessDenied mfa_missing."""
    if lacks_factors(admitted.sign_in, admitted.idp, identity):
        raise AccessDenied("mfa_missing", assurance.advice(admitted.idp))


def lacks_factors(sign_in: SignInPolicy, idp: IdentityProvider, identity: Identity) -> bool:
    return sign_in.require_mfa and not assurance.multi_factor(idp, identity)


def require_fresh(admitted: Admitted, auth_time: int | None, now: float) -> None:
    """Of a sign-in that nobody was asked for. auth_time: the upstream's. Raises AccessDenied max_age."""
    if too_old(admitted.sign_in.max_age, auth_time, now):
        raise AccessDenied("max_age", "Your organisation asks for a more recent sign-in at its identity provider.")


def meaningful(admitted: Admitted, roles: Sequence[str]) -> tuple[str, ...]:
    """Of a person's roles, those that the client knows and the tenant lets it have."""
    limits = (admitted.client.roles, admitted.sign_in.allowed_roles)
    return tuple(role for role in roles if all(limit is None or role in limit for limit in limits))


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


def _client_and_tenant(configuration: Configuration, client_id: str, tenant_id: str) -> tuple[Client, Tenant]:
    client = configuration.clients.get(client_id)
    if client is None:
        raise AccessDenied("client_unknown", "This application is no longer registered here.")
    tenant = _usable(configuration, tenant_id)
    if not client.may_use(tenant_id):
        raise AccessDenied("client_tenant", "Your organisation may not use this application.")
    return client, tenant


def _usable(configuration: Configuration, tenant_id: str) -> Tenant:
    tenant = configuration.tenants.get(tenant_id)
    if tenant is None:
        raise AccessDenied("tenant_unknown", "This organisation is not known here.")
    if not tenant.active:
        raise AccessDenied("tenant_suspended", "Sign-in for your organisation is suspended. Ask your administrator.")
    return tenant


def _require_allowed_client(sign_in: SignInPolicy, client: Client) -> None:
    if sign_in.allowed_clients is not None and client.client_id not in sign_in.allowed_clients:
        raise AccessDenied("client_not_allowed", "Your organisation does not allow this application.")


def _require_network(sign_in: SignInPolicy, ip: Address | None) -> None:
    if sign_in.allowed_networks is None or ip is None:
        return
    if not any(ip in network for network in sign_in.allowed_networks):
        raise AccessDenied("network", "Your organisation allows sign-in from its own networks only.")


def _require_hours(sign_in: SignInPolicy, now: float | None) -> None:
    if now is not None and not all(hours.include(now) for hours in sign_in.hours):
        raise AccessDenied(
            "outside_hours", "Your organisation does not allow sign-in at this time of day. Try again in its hours."
        )
