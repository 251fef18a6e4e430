"""A small configuration: contoso with two everyday IdPs' worth of cases, fabrikam, a suspended and a private tenant."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from broker.model import (
    ApplicationAuth,
    Client,
    Configuration,
    HomeRealmSettings,
    IdentityProvider,
    OnlyFor,
    Tenant,
    VendorProfile,
)

PROFILE = VendorProfile(name="generic", claim_names={}, types={}, subject=("sub",))


def idp(tenant: str, name: str, *, only_for: tuple[str, ...] = (), listed: bool = False, enabled: bool = True):
    return IdentityProvider(
        tenant=tenant,
        id=name,
        name=name.title(),
        protocol="oidc",
        profile=PROFILE,
        enabled=enabled,
        listed=listed,
        only_for=OnlyFor(only_for) if only_for else None,
    )


def tenant(name: str, *idps: IdentityProvider, active=True, domains=(), networks=(), subdomain=None) -> Tenant:
    settings = HomeRealmSettings(tuple(domains), subdomain, tuple(ip_network(network) for network in networks))
    return Tenant(name, name.title(), {one.id: one for one in idps}, active, settings)


def configuration(*tenants: Tenant) -> Configuration:
    exact = {d: t.id for t in tenants for d in t.home_realm.email_domains if not d.startswith("*.")}
    wild = {d[2:]: t.id for t in tenants for d in t.home_realm.email_domains if d.startswith("*.")}
    networks = [(network, t.id) for t in tenants for network in t.home_realm.networks]
    return Configuration(
        revision=1,
        tenants={t.id: t for t in tenants},
        clients={},
        domains=exact,
        wildcards=wild,
        labels={t.label: t.id for t in tenants},
        networks=tuple(sorted(networks, key=lambda pair: -pair[0].prefixlen)),
    )


CONTOSO = tenant(
    "contoso",
    idp("contoso", "adfs"),
    idp("contoso", "entra", only_for=("cloud.contoso.com",)),
    idp("contoso", "regions", only_for=("*.region.contoso.com",)),
    idp("contoso", "north", only_for=("*.north.region.contoso.com",)),
    idp("contoso", "old", only_for=("old.contoso.com",), enabled=False),
    domains=("contoso.com", "*.contoso.com"),
    networks=("198.51.0.0/16", "2001:db8::/32"),
)
FABRIKAM = tenant(
    "fabrikam",
    idp("fabrikam", "okta"),
    idp("fabrikam", "google"),
    domains=("fabrikam.com", "special.contoso.com"),
    networks=("203.0.113.0/24",),
    subdomain="fab",
)
OPEN = tenant("open", idp("open", "public", listed=True), networks=("198.51.100.0/24",))
ASLEEP = tenant("asleep", idp("asleep", "sleepy", listed=True), active=False, domains=("asleep.com",))
PRIVATE = tenant("private", idp("private", "secret", listed=True), domains=("private.com",), networks=("192.0.2.0/24",))
WORLD = configuration(CONTOSO, FABRIKAM, OPEN, ASLEEP, PRIVATE)

CLIENT = Client(
    "app",
    "App",
    ("https://app.example.com/cb",),
    ApplicationAuth("none"),
    tenants=("contoso", "fabrikam", "open", "asleep"),
)
ANYONE = replace(CLIENT, tenants=None)
