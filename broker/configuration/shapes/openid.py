"""The keys of identity providers that speak OAuth 2.0, with OpenID Connect or without."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.types import StringConstraints

from broker.configuration.shapes.fields import UUID_PATTERN, ClientId, OneOf, Scope, SecretField, Shape, Text
from broker.configuration.shapes.trust import Day

ID_TOKEN_ALGORITHMS = OneOf(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"))
CLIENT_AUTH = OneOf(("client_secret_basic", "client_secret_post", "private_key_jwt", "none"))

TenantId = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
AcrValue = Annotated[str, StringConstraints(pattern="^[^\\s]{1,300}$")]
Several = Field(min_length=1)


class ClientAssertionShape(Shape):
    """How the assertion of `client_auth: private_key_jwt` is signed, and whether it names our certificate."""

    alg: Annotated[str, OneOf(("RS256", "PS256"))] | None = None
    thumbprint: Annotated[str, OneOf(("x5t", "x5t#S256", "none"))] | None = None


class ClaimRequestShape(Shape):
    """OpenID Connect Core §5.5.1."""

    essential: bool = False
    value: Text | None = None
    values: Annotated[list[Text], Several] | None = None


class ClaimsRequestShape(Shape):
    """OpenID Connect Core §5.5; `access_token` is Entra's (`xms_cc`)."""

    id_token: dict[Text, ClaimRequestShape] = Field(default_factory=dict)
    userinfo: dict[Text, ClaimRequestShape] = Field(default_factory=dict)
    access_token: dict[Text, ClaimRequestShape] = Field(default_factory=dict)


class TokenExchangeShape(Shape):
    """Which clients may bring the provider's ID tokens, and whom these may be for beside our own client_id there."""

    clients: Annotated[list[ClientId], Several]
    audiences: list[Text] = Field(default_factory=list)


class EndpointsShape(Shape):
    """Plain OAuth 2.0 has no discovery: what the vendor profile does not say stands here."""

    authorization: Text | None = None
    token: Text | None = None
    profile: Text | None = None
    emails: Text | None = None


class OpenIdKeys(Shape):
    """Mixed into the identity provider; `checks.openid` judges them together."""

    # oauth2 and oidc
    client_id: Text | None = None
    client_secret: SecretField | None = None
    client_secret_expires: Day | None = None
    client_auth: Annotated[str, CLIENT_AUTH] | None = None
    scopes: list[Scope] | None = None
    authorize: dict[Text, Text] | None = None
    # oauth2
    endpoints: EndpointsShape | None = None
    # oidc
    issuer: Text | None = None
    discovery: Text | None = None
    allowed_tids: Annotated[list[TenantId], Several] | None = None
    hosted_domains: list[Text] | None = None
    client_assertion: ClientAssertionShape | None = None
    response_mode: Annotated[str, OneOf(("query", "form_post"))] | None = None
    resource: Text | None = None
    access_token_claims: bool | None = None
    acr_values: Annotated[list[AcrValue], Several] | None = None
    claims_request: ClaimsRequestShape | None = None
    algorithms: Annotated[list[Annotated[str, ID_TOKEN_ALGORITHMS]], Several] | None = None
    userinfo: Annotated[str, OneOf(("merge", "never"))] | None = None
    token_exchange: TokenExchangeShape | None = None


BOTH = ("client_id", "client_secret", "client_secret_expires", "client_auth", "scopes", "authorize")
OAUTH2_ONLY = ("endpoints",)
OIDC_ONLY = (*(key for key in OpenIdKeys.model_fields if key not in {*BOTH, *OAUTH2_ONLY}), "logout")
