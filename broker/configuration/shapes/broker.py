"""`broker.yaml`: what belongs to the installation (contract section 5)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic.types import StringConstraints

from broker.configuration.shapes.fields import (
    HEADER_PATTERN,
    Duration,
    Identifier,
    Name,
    NetworkField,
    SecretRef,
    Shape,
    SigningAlgorithm,
    Text,
    refuse,
)


class SigningShape(Shape):
    default: SigningAlgorithm = "ES256"
    also: list[SigningAlgorithm] = Field(default_factory=lambda: ["RS256"])
    rotate_every: Duration | None = None


class LifetimesShape(Shape):
    access_token: Duration | None = None
    id_token: Duration | None = None
    refresh_token: Duration | None = None
    session_idle: Duration | None = None
    session_absolute: Duration | None = None


class OutboundShape(Shape):
    private_networks: list[NetworkField] = Field(default_factory=list)


class MtlsShape(Shape):
    """Which headers the proxy writes about the TLS client (RFC 8705); it must remove them from what it receives."""

    header: Annotated[str, StringConstraints(pattern=HEADER_PATTERN)]
    verify_header: Annotated[str, StringConstraints(pattern=HEADER_PATTERN)] | None = None


class AdminShape(Shape):
    tenant: Identifier
    operator_role: Name | None = None
    tenant_admin_role: Name | None = None


def _database(value: object) -> str | SecretRef:
    """A URL, or {env: NAME}."""
    if isinstance(value, dict) and set(value) == {"env"} and isinstance(value["env"], str):
        return SecretRef(env=value["env"])
    if not isinstance(value, str) or not value:
        raise refuse("is not a database", "write sqlite:///var/broker.db or {env: NAME}")
    return value


Database = Annotated[
    str | SecretRef,
    PlainValidator(_database),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "required": ["env"]}]}),
]


class BrokerShape(Shape):
    """`issuer` may also come from the environment or the command line, so it is not required here."""

    issuer: Text | None = None
    database: Database | None = None
    trusted_proxies: list[NetworkField] = Field(default_factory=list)
    signing: SigningShape = SigningShape()
    lifetimes: LifetimesShape = LifetimesShape()
    outbound: OutboundShape = OutboundShape()
    mtls: MtlsShape | None = None
    admin: AdminShape | None = None
