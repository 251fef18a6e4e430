"""`clients/**/*.yaml`: one downstream application a file (contract section 5)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from broker.configuration.shapes.application_auth import AuthShape
from broker.configuration.shapes.fields import (
    Audience,
    ClaimName,
    ClientId,
    Name,
    OneOf,
    Scope,
    Shape,
    SigningAlgorithm,
    TenantsField,
    Text,
)

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GRANTS = OneOf(("authorization_code", "refresh_token", "client_credentials", TOKEN_EXCHANGE, JWT_BEARER, DEVICE_CODE))


def _consent(value: object) -> object:
    """`false` is what YAML makes of `no`."""
    return "none" if value is False else value


ConsentField = Annotated[Annotated[str, OneOf(("required", "none"))], BeforeValidator(_consent)]


class ClientShape(Shape):
    client_id: ClientId
    auth: AuthShape
    redirect_uris: list[Text] | None = None
    name: Name | None = None
    post_logout_redirect_uris: list[Text] = Field(default_factory=list)
    pkce: Annotated[str, OneOf(("required", "optional"))] = "required"
    grant_types: list[Annotated[str, GRANTS]] = Field(default_factory=lambda: ["authorization_code", "refresh_token"])
    scopes: list[Scope] = Field(default_factory=lambda: ["openid", "profile", "email", "offline_access"])
    claims: list[ClaimName] = Field(default_factory=list)
    audience: Text | None = None
    apis: list[Audience] = Field(default_factory=list)
    roles: list[Name] | None = None
    tenants: TenantsField = None
    origins: list[Text] = Field(default_factory=list)
    id_token_claims: Annotated[str, OneOf(("full", "minimal"))] = "full"
    tenant_claims: bool = True
    id_token_signed_response_alg: SigningAlgorithm | None = None
    access_token_signed_response_alg: SigningAlgorithm | None = None
    userinfo_signed_response_alg: SigningAlgorithm | None = None
    introspection_signed_response_alg: SigningAlgorithm | None = None
    backchannel_logout_uri: Text | None = None
    frontchannel_logout_uri: Text | None = None
    initiate_login_uri: Text | None = None
    profile: Annotated[str, OneOf(("fapi2",))] | None = None
    response_modes: list[Annotated[str, OneOf(("query", "form_post"))]] = Field(
        default_factory=lambda: ["query", "form_post"]
    )
    require_pushed_authorization_requests: bool | None = None
    require_signed_request_object: bool = False
    subject_type: Annotated[str, OneOf(("public", "pairwise"))] = "public"
    sector_identifier_uri: Text | None = None
    assertion_audience: Annotated[str, OneOf(("issuer", "token_endpoint"))] | None = None
    dpop: Annotated[str, OneOf(("never", "optional", "required", "nonce"))] | None = None
    mtls_bound: bool = False
    impersonation: bool = False
    consent: ConsentField = "none"
