"""`tenants/**/*.yaml`: one customer organisation a file (contract section 5)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from broker.configuration.shapes.enrich import CLAIM_TYPES, EnrichShape, TenantEnrichShape
from broker.configuration.shapes.fields import (
    ClaimName,
    ClientId,
    Duration,
    Identifier,
    Name,
    NetworkField,
    OneOf,
    Shape,
    Text,
)
from broker.configuration.shapes.guests import GuestShape
from broker.configuration.shapes.impersonation import ImpersonationField, ImpersonationShape
from broker.configuration.shapes.openid import OpenIdKeys
from broker.configuration.shapes.saml import SamlKeys
from broker.configuration.shapes.sign_in import MultiFactorKeys, SignInShape
from broker.configuration.shapes.subject import SubjectField
from broker.configuration.shapes.trust import Fingerprint
from broker.configuration.shapes.upstream_life import UpstreamLifeKeys
from broker.configuration.shapes.wsfed import WsFedKeys

PROTOCOLS = OneOf(("saml", "oidc", "oauth2", "wsfed"))
VENDORS = OneOf(
    (
        *("generic", "adfs", "entra", "okta", "google", "ping", "shibboleth", "keycloak"),
        *("github", "facebook", "microsoft"),
    )
)


class HomeRealmShape(Shape):
    email_domains: list[Text] = Field(default_factory=list)
    subdomain: Identifier | None = None
    networks: list[NetworkField] = Field(default_factory=list)


class OnlyForShape(Shape):
    email_domains: list[Text] = Field(min_length=1)


class MetadataShape(Shape):
    url: Text | None = None
    file: Text | None = None
    pin: list[Fingerprint] = Field(default_factory=list)


class EncryptionShape(Shape):
    """allow_cbc: AES-CBC may carry an assertion, although it cannot tell that it was tampered with."""

    allow_cbc: bool | None = None


class IdentityProviderShape(OpenIdKeys, SamlKeys, UpstreamLifeKeys, WsFedKeys, MultiFactorKeys):
    """Keys of all protocols; `checks.tenant` refuses those of the others."""

    id: Identifier
    protocol: Annotated[str, PROTOCOLS]
    name: Name | None = None
    vendor: Annotated[str, VENDORS] = "generic"
    enabled: bool = True
    listed: bool = False
    only_for: OnlyForShape | None = Field(default=None, alias="for")
    emails: Annotated[str, OneOf(("own", "any"))] = "own"
    claim_types: dict[ClaimName, Annotated[str, CLAIM_TYPES]] = Field(default_factory=dict)
    skew: Duration | None = None
    keyed_by: SubjectField | None = Field(default=None, alias="subject")
    # saml
    metadata: MetadataShape | None = None
    entity_id: Text | None = None
    sp_entity_id: Text | None = None
    sign_requests: bool | None = None
    want_signed: Annotated[str, OneOf(("assertion", "response", "either"))] | None = None
    name_id_format: Text | None = None
    encryption: EncryptionShape | None = None
    sp_key: Annotated[str, OneOf(("deployment", "own"))] | None = None
    # what a person's record adds
    enrich: EnrichShape | None = None

    @property
    def subject(self) -> tuple[str, ...] | None:
        """The candidates that replace the profile's."""
        return self.keyed_by.candidates if self.keyed_by else None

    @property
    def accept_mutable(self) -> bool | None:
        return self.keyed_by.accept_mutable if self.keyed_by else None


class RolesRuleShape(Shape):
    source: Text = Field(alias="from")
    map: dict[Text, Name]


class RuleShape(Shape):
    """One claims rule: exactly one of set, role, roles, drop, deny (`checks.rules` sees to it), and perhaps `when`."""

    claims: dict[ClaimName, Text] | None = Field(default=None, alias="set", min_length=1)
    role: Name | None = None
    roles: RolesRuleShape | None = None
    drop: Annotated[list[ClaimName], Field(min_length=1)] | None = None
    deny: Text | None = None
    when: Text | None = None


class ServiceShape(Shape):
    """The roles that a client's own tokens get here (contract section 3)."""

    client: ClientId
    roles: list[Name] = Field(default_factory=list)


class TenantShape(Shape):
    id: Identifier
    identity_providers: list[IdentityProviderShape]
    name: Name | None = None
    state: Annotated[str, OneOf(("active", "suspended"))] = "active"
    home_realm: HomeRealmShape = Field(default_factory=HomeRealmShape)
    roles: list[Name] = Field(default_factory=list)
    claims: list[RuleShape] = Field(default_factory=list)
    sign_in: SignInShape = Field(default_factory=SignInShape)
    services: list[ServiceShape] = Field(default_factory=list)
    guests: list[GuestShape] = Field(default_factory=list)
    guests_out: bool = True
    impersonation: ImpersonationField = Field(default_factory=ImpersonationShape)
    enrich: TenantEnrichShape | None = None
