"""`apis/**/*.yaml`: one resource server a file (contract section 5)."""

from __future__ import annotations

from pydantic import Field

from broker.configuration.shapes.application_auth import AuthShape
from broker.configuration.shapes.fields import (
    Audience,
    ClientId,
    Duration,
    Name,
    Scope,
    Shape,
    SigningAlgorithm,
    TenantsField,
)


class IntrospectionShape(Shape):
    """Who may ask about the API's tokens: clients, and the API itself with credentials of its own."""

    clients: list[ClientId] = Field(default_factory=list)
    client_id: ClientId | None = None
    auth: AuthShape | None = None


class ExchangeShape(Shape):
    """Who may exchange a token for one of this API (RFC 8693)."""

    clients: list[ClientId] = Field(alias="from", min_length=1)


class ApiShape(Shape):
    audience: Audience
    name: Name | None = None
    scopes: list[Scope] = Field(default_factory=list)
    roles: list[Name] | None = None
    tenants: TenantsField = None
    introspection: IntrospectionShape = Field(default_factory=IntrospectionShape)
    exchange: ExchangeShape | None = None
    access_token: Duration | None = None
    access_token_signed_response_alg: SigningAlgorithm | None = None
