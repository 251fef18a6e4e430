"""Shapes without problems to the model's values. Nothing is judged here."""

from __future__ import annotations

import hashlib
import secrets as randomness
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cache

from broker import domains
from broker.configuration import openid
from broker.configuration.application_auth import application_auth, dpop
from broker.configuration.bundle import resolve_reference
from broker.configuration.checks import Context
from broker.configuration.checks.tenant import patterns
from broker.configuration.impersonation import impersonation
from broker.configuration.profiles import profile, profile_for
from broker.configuration.sector import sector_of
from broker.configuration.shapes import ClientShape, IdentityProviderShape, RuleShape, TenantShape
from broker.configuration.shapes.guests import GuestShape
from broker.configuration.shapes.upstream_life import GroupsShape
from broker.configuration.sign_in import multi_factor, sign_in_policy
from broker.model import (
    Api,
    Client,
    Configuration,
    Deny,
    Drop,
    GraphClient,
    Groups,
    Guest,
    HomeRealmSettings,
    Hook,
    IdentityProvider,
    MetadataSource,
    OAuth2Settings,
    OidcSettings,
    OnlyFor,
    Role,
    Roles,
    Rule,
    SamlSettings,
    Secret,
    Set,
    Tenant,
    UpstreamRefresh,
    VendorProfile,
    WsFedSettings,
)
from broker.model.realm import Network

_PROCESS_KEY = randomness.token_bytes(32)  # a fingerprint must not let anybody guess a secret


def client(shape: ClientShape, context: Context) -> Client:
    return Client(
        client_id=shape.client_id,
        name=shape.name or shape.client_id,
        redirect_uris=tuple(shape.redirect_uris or ()),
        auth=application_auth(shape, context),
        post_logout_redirect_uris=tuple(shape.post_logout_redirect_uris),
        pkce_required=shape.pkce == "required",
        grant_types=tuple(shape.grant_types),
        scopes=tuple(shape.scopes),
        claims=tuple(shape.claims),
        audience=shape.audience,
        apis=tuple(shape.apis),
        roles=None if shape.roles is None else tuple(shape.roles),
        tenants=shape.tenants,
        origins=tuple(shape.origins),
        id_token_claims=shape.id_token_claims,
        tenant_claims=shape.tenant_claims,
        id_token_alg=shape.id_token_signed_response_alg,
        access_token_alg=shape.access_token_signed_response_alg,
        userinfo_alg=shape.userinfo_signed_response_alg,
        introspection_alg=shape.introspection_signed_response_alg,
        backchannel_logout_uri=shape.backchannel_logout_uri,
        frontchannel_logout_uri=shape.frontchannel_logout_uri,
        initiate_login_uri=shape.initiate_login_uri,
        assertion_audience=shape.assertion_audience or "issuer",
        dpop=dpop(shape),
        mtls_bound=shape.mtls_bound,
        profile=shape.profile,
        response_modes=tuple(shape.response_modes),
        require_par=bool(shape.require_pushed_authorization_requests) or shape.profile == "fapi2",
        require_signed_request=shape.require_signed_request_object,
        sector=sector_of(shape),
        sector_identifier_uri=shape.sector_identifier_uri,
        impersonation=shape.impersonation,
        asks_consent=shape.consent == "required",
    )


def tenant(shape: TenantShape, context: Context) -> Tenant:
    return Tenant(
        id=shape.id,
        name=shape.name or shape.id,
        identity_providers={one.id: identity_provider(shape.id, one, context) for one in shape.identity_providers},
        active=shape.state == "active",
        home_realm=HomeRealmSettings(
            email_domains=_domains(shape.home_realm.email_domains),
            subdomain=shape.home_realm.subdomain,
            networks=tuple(shape.home_realm.networks),
        ),
        roles=tuple(shape.roles),
        services={one.client: tuple(one.roles) for one in shape.services},
        rules=tuple(rule(number, one) for number, one in enumerate(shape.claims, start=1)),
        sign_in=sign_in_policy(shape.sign_in),
        guests=tuple(guest(one) for one in shape.guests),
        guests_out=shape.guests_out,
        impersonation=impersonation(shape.impersonation),
        hook=hook(shape),
    )


def hook(shape: TenantShape) -> Hook | None:
    if shape.enrich is None:
        return None
    asked = shape.enrich.hook
    return Hook(asked.url, asked.claims, asked.timeout or Hook(asked.url).seconds, asked.on_failure == "closed")


def guest(shape: GuestShape) -> Guest:
    """The last day belongs to the guest."""
    over = None if shape.until is None else datetime.combine(shape.until, time(), UTC) + timedelta(days=1)
    return Guest(
        home_tenant=shape.home_tenant,
        email=domains.canonical_address(shape.email) or "",
        roles=tuple(sorted(shape.roles)),
        until=None if over is None else int(over.timestamp()),
    )


def identity_provider(tenant_id: str, shape: IdentityProviderShape, context: Context) -> IdentityProvider:
    vendor = profile_for(shape.vendor, shape.client_id)
    saml = _saml(shape, vendor, context) if shape.protocol == "saml" else None
    oidc = openid.oidc(shape, vendor, context) if shape.protocol == "oidc" else None
    oauth2 = openid.oauth2(shape, vendor, context) if shape.protocol == "oauth2" else None
    wsfed = _wsfed(shape, vendor, context) if shape.protocol == "wsfed" else None
    groups = _groups(shape.groups, context)
    return IdentityProvider(
        tenant=tenant_id,
        id=shape.id,
        name=shape.name or shape.id,
        protocol=shape.protocol,
        profile=vendor,
        enabled=shape.enabled,
        listed=shape.listed,
        only_for=OnlyFor(_domains(shape.only_for.email_domains)) if shape.only_for else None,
        emails=shape.emails,
        claim_types=shape.claim_types,
        skew_seconds=vendor.skew_seconds if shape.skew is None else shape.skew,
        accept_mutable=vendor.accept_mutable if shape.accept_mutable is None else shape.accept_mutable,
        saml=saml,
        oidc=oidc,
        oauth2=oauth2,
        wsfed=wsfed,
        refresh=_refresh(shape),
        groups=groups,
        mfa=multi_factor(shape.mfa),
        link_by_email=shape.link_by_email,
        enriched=tuple(shape.enrich.attributes) if shape.enrich else (),
        fingerprint=_fingerprint(tenant_id, shape, saml or wsfed, [oidc or oauth2, groups.client]),
    )


def _refresh(shape: IdentityProviderShape) -> UpstreamRefresh | None:
    wanted = shape.upstream_refresh
    if wanted is None:
        return None
    return UpstreamRefresh(wanted.max_age, wanted.outage or UpstreamRefresh(wanted.max_age).outage)


def _groups(shape: GroupsShape | None, context: Context) -> Groups:
    if shape is None:
        return Groups()
    client = None
    if shape.client is not None:
        secret = context.secrets.secret(shape.client.client_secret, context.file)
        client = GraphClient(shape.client.client_id, secret)
    made = Groups(shape.overage, shape.unresolved or "mark", client=client)
    places = shape.endpoints
    return made if places is None else replace(made, login=places.login, graph=places.graph)


def rule(number: int, shape: RuleShape) -> Rule:
    """The rule's one kind; `checks.rules` has seen that there is exactly one."""
    if shape.claims is not None:
        return Set(number, shape.claims, shape.when)
    if shape.role is not None:
        return Role(number, shape.role, shape.when)
    if shape.roles is not None:
        return Roles(number, shape.roles.source, shape.roles.map, shape.when)
    if shape.drop is not None:
        return Drop(number, tuple(shape.drop), shape.when)
    return Deny(number, shape.deny or "", shape.when)


def configuration(
    revision: int, clients: Iterable[Client], tenants: Iterable[Tenant], apis: Iterable[Api] = ()
) -> Configuration:
    """The revision with its indexes."""
    by_id = {one.id: one for one in tenants}
    owned = [(pattern, one.id) for one in by_id.values() for pattern in one.home_realm.email_domains]
    networks: list[tuple[Network, str]] = [
        (network, one.id) for one in by_id.values() for network in one.home_realm.networks
    ]
    return Configuration(
        revision=revision,
        tenants=by_id,
        clients={one.client_id: one for one in clients},
        domains={pattern: owner for pattern, owner in owned if not pattern.startswith("*.")},
        wildcards={pattern[2:]: owner for pattern, owner in owned if pattern.startswith("*.")},
        labels={one.label: one.id for one in by_id.values()},
        networks=tuple(sorted(networks, key=lambda owned: owned[0].prefixlen, reverse=True)),
        apis={one.audience: one for one in apis},
    )


def _domains(listed: list[str]) -> tuple[str, ...]:
    return tuple(pattern for pattern in patterns(listed) if pattern is not None)


def _saml(shape: IdentityProviderShape, vendor: VendorProfile, context: Context) -> SamlSettings:
    return SamlSettings(
        metadata=_source(shape, context),
        entity_id=shape.entity_id,
        sp_entity_id=shape.sp_entity_id,
        sign_requests=shape.sign_requests,
        want_signed=shape.want_signed or "either",
        name_id_format=shape.name_id_format,
        allow_cbc=_allow_cbc(shape, vendor),
        own_key=shape.sp_key == "own",
        request_binding=shape.request_binding,
        authn_context=tuple(shape.authn_context.classes) if shape.authn_context else (),
        authn_comparison=shape.authn_context.comparison if shape.authn_context else "exact",
        unsolicited=shape.unsolicited.targets if shape.unsolicited else (),
        logout=shape.logout or "local",
        subject=shape.subject or (),
    )


def _allow_cbc(shape: IdentityProviderShape, vendor: VendorProfile) -> bool:
    said = shape.encryption.allow_cbc if shape.encryption else None
    return vendor.allow_cbc if said is None else said


def _wsfed(shape: IdentityProviderShape, vendor: VendorProfile, context: Context) -> WsFedSettings:
    return WsFedSettings(
        metadata=_source(shape, context),
        entity_id=shape.entity_id,
        wtrealm=shape.wtrealm,
        whr=shape.whr,
        wauth=shape.wauth,
        logout=shape.logout or "local",
        subject=shape.subject or (),
        allow_cbc=_allow_cbc(shape, vendor),
    )


def _source(shape: IdentityProviderShape, context: Context) -> MetadataSource:
    url = shape.metadata.url if shape.metadata else None
    file = resolve_reference(context.file, shape.metadata.file) if shape.metadata and shape.metadata.file else None
    pin = tuple(shape.metadata.pin) if shape.metadata else ()
    return MetadataSource(url=url, document=context.bundle.files[file] if file else None, pin=pin)


def _fingerprint(
    tenant_id: str,
    shape: IdentityProviderShape,
    described: SamlSettings | WsFedSettings | None,
    clients: Iterable[OidcSettings | OAuth2Settings | GraphClient | None],
) -> str:
    """Changes whenever anything does that a connector is built from. Comparable within one process only."""
    digest = hashlib.blake2b(_vendor_digest(shape.vendor), key=_PROCESS_KEY, digest_size=16)
    digest.update(f"{tenant_id} {vars(shape)}".encode())
    digest.update(described.metadata.document or b"" if described else b"")
    for client in clients:
        digest.update(_text(client.client_secret if client else None) + b"\0")
    return digest.hexdigest()


def _text(secret: Secret | None) -> bytes:
    return secret.reveal().encode() if secret else b""


@cache
def _vendor_digest(vendor: str) -> bytes:
    return repr(profile(vendor)).encode()
