"""How an application proves itself: `auth:` of a client file, and `workloads/**/*.yaml`, one shared identity a file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from broker.configuration.shapes.fields import ClaimName, Identifier, OneOf, SecretField, Shape, Text

METHODS = OneOf(
    (
        *("client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"),
        *("self_signed_tls_client_auth", "workload", "none"),
    )
)
CLAIM_TYPES = OneOf(("text", "list", "bool", "number"))


class JwkSetShape(Shape):
    """RFC 7517 §5; `checks.application_auth` reads the keys."""

    keys: list[dict[str, object]] = Field(min_length=1)


class WorkloadKeys(Shape):
    """Whose tokens are meant: one issuer's, of one subject or under one condition over `incoming`, the claims."""

    audience: Text | None = None
    subject: Text | None = None
    when: Text | None = None
    claim_types: dict[ClaimName, Annotated[str, CLAIM_TYPES]] = Field(default_factory=dict)
    jwks: JwkSetShape | None = None
    jwks_uri: Text | None = None
    tenant: Identifier | None = None
    reuse: bool = False


class WorkloadShape(WorkloadKeys):
    """A user-assigned identity: several clients may name it by `{ref: name}`, and it outlives each of them."""

    name: Identifier
    issuer: Text


class IdentityShape(WorkloadKeys):
    """One of a client: its own (system-assigned), or `ref` alone."""

    ref: Identifier | None = None
    issuer: Text | None = None


class AuthShape(Shape):
    """`checks.application_auth` sees to it that exactly what belongs to the method stands here."""

    method: Annotated[str, METHODS]
    secret: SecretField | None = None
    jwks: JwkSetShape | None = None
    jwks_uri: Text | None = None
    tls_client_auth_subject_dn: Text | None = None
    tls_client_auth_san_dns: Text | None = None
    tls_client_auth_san_uri: Text | None = None
    tls_client_auth_san_ip: Text | None = None
    tls_client_auth_san_email: Text | None = None
    identities: list[IdentityShape] | None = None


CERTIFICATE_NAMES = tuple(key for key in AuthShape.model_fields if key.startswith("tls_client_auth_"))
