"""Shapes to the settings of upstreams that speak OAuth 2.0; `checks.openid` has judged them."""

from __future__ import annotations

import json

from broker import domains
from broker.configuration.checks import Context
from broker.configuration.entra import discovery_of, template_of
from broker.configuration.shapes import IdentityProviderShape
from broker.configuration.shapes.openid import ClaimsRequestShape, EndpointsShape
from broker.model import TENANT_ID, OAuth2Settings, OidcSettings, VendorProfile


def oidc(shape: IdentityProviderShape, vendor: VendorProfile, context: Context) -> OidcSettings:
    named = shape.issuer or vendor.issuer or ""
    template = template_of(named, vendor.name)
    defaults = OidcSettings(issuer=template or named, client_id=shape.client_id or "")
    assertion = shape.client_assertion
    thumbprint = (assertion.thumbprint if assertion else None) or vendor.thumbprint
    return OidcSettings(
        issuer=defaults.issuer,
        client_id=defaults.client_id,
        client_secret=context.secrets.secret(shape.client_secret, context.file),
        client_secret_expires=shape.client_secret_expires,
        client_auth=shape.client_auth or defaults.client_auth,
        scopes=_scopes(shape, vendor),
        algorithms=tuple(shape.algorithms) if shape.algorithms is not None else defaults.algorithms,
        userinfo=shape.userinfo or defaults.userinfo,
        subject=shape.subject or (),
        issuers=_issuers(shape, vendor, template, named),
        discovery=shape.discovery or (discovery_of(named, template, shape.allowed_tids or []) if template else None),
        response_mode=shape.response_mode or defaults.response_mode,
        assertion_alg=(assertion.alg if assertion else None) or vendor.assertion_alg,
        thumbprint=None if thumbprint == "none" else thumbprint,
        resource=shape.resource,
        access_token_claims=bool(shape.access_token_claims),
        authorize=_authorize(shape),
        acr_values=tuple(shape.acr_values or ()),
        claims_request=_claims_request(shape.claims_request),
        hosted_domains=tuple(domains.normalise(domain) for domain in shape.hosted_domains or ()),
        logout=shape.logout or defaults.logout,
        presented_by=tuple(shape.token_exchange.clients) if shape.token_exchange else (),
        presented_audiences=tuple(shape.token_exchange.audiences) if shape.token_exchange else (),
    )


def oauth2(shape: IdentityProviderShape, vendor: VendorProfile, context: Context) -> OAuth2Settings:
    endpoints = endpoints_of(shape.endpoints, vendor)
    defaults = OAuth2Settings("", "", "", "", "")
    return OAuth2Settings(
        upstream=vendor.issuer if vendor.issuer and shape.endpoints is None else endpoints["authorization"],
        client_id=shape.client_id or "",
        authorization_endpoint=endpoints["authorization"],
        token_endpoint=endpoints["token"],
        profile_endpoint=endpoints["profile"],
        emails_endpoint=endpoints.get("emails"),
        client_secret=context.secrets.secret(shape.client_secret, context.file),
        client_secret_expires=shape.client_secret_expires,
        client_auth=shape.client_auth or defaults.client_auth,
        scopes=tuple(shape.scopes) if shape.scopes is not None else vendor.scopes,
        authorize=shape.authorize or {},
        subject=shape.subject or (),
        token_proof=vendor.token_proof,
    )


def endpoints_of(shape: EndpointsShape | None, vendor: VendorProfile) -> dict[str, str]:
    """The profile's, unless the file names its own: then only those, so that no token goes to two places."""
    if shape is None:
        return dict(vendor.endpoints)
    return {name: url for name, url in shape.model_dump().items() if url is not None}


def _scopes(shape: IdentityProviderShape, vendor: VendorProfile) -> tuple[str, ...]:
    """To be asked again, an IdP must give a refresh token (OpenID Connect Core §11); Google has a parameter for it."""
    wanted = tuple(shape.scopes) if shape.scopes is not None else vendor.scopes
    if shape.upstream_refresh is None or shape.vendor == "google" or "offline_access" in wanted:
        return wanted
    return (*wanted, "offline_access")


def _authorize(shape: IdentityProviderShape) -> dict[str, str]:
    asked = shape.authorize or {}
    return {"access_type": "offline", **asked} if shape.upstream_refresh and shape.vendor == "google" else asked


def _issuers(shape: IdentityProviderShape, vendor: VendorProfile, template: str | None, named: str) -> tuple[str, ...]:
    if template is not None:
        return tuple(template.replace(TENANT_ID, tid) for tid in shape.allowed_tids or ())
    return (named, *vendor.issuer_spellings) if named == vendor.issuer else ()


def _claims_request(shape: ClaimsRequestShape | None) -> str | None:
    asked = {} if shape is None else shape.model_dump(exclude_none=True, exclude_defaults=True)
    return json.dumps(asked, separators=(",", ":"), sort_keys=True) if asked else None
