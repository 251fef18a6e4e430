"""Vendor profiles: rows of defaults, as YAML beside this module. A new vendor of a known protocol is a file there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import Field

from broker.configuration.document import read
from broker.configuration.shapes.enrich import CLAIM_TYPES
from broker.configuration.shapes.fields import Duration, Shape, Text
from broker.configuration.shapes.openid import ClientAssertionShape, EndpointsShape
from broker.configuration.shapes.tenant import VENDORS
from broker.model import Asked, VendorProfile

# Contract section 5: every profile types the OIDC standard claims and the usual words of a directory.
_TEXTS = (
    *(
        "sub",
        "name",
        "given_name",
        "family_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
    ),
    *("website", "email", "gender", "birthdate", "zoneinfo", "locale", "phone_number"),
    *("upn", "department", "job_title", "company", "country", "employee_id", "employee_type"),
)
_COMMON_TYPES: Mapping[str, str] = {
    **dict.fromkeys(_TEXTS, "text"),
    **dict.fromkeys(("email_verified", "phone_number_verified"), "bool"),
    **dict.fromkeys(("groups", "roles", "amr"), "list"),
    "updated_at": "number",
}


_OUR_NAME = "{client_id}"


class _AskedShape(Shape):
    source: Text
    name: Text


class _FactorsShape(Shape):
    """How to ask for several factors by protocol, and what to change where no answer speaks of them."""

    ask: dict[Text, list[Text]] = Field(default_factory=dict)
    parameters: dict[Text, Text] = Field(default_factory=dict)
    advice: dict[Text, Text] = Field(default_factory=dict)


class _ProfileShape(Shape):
    claim_names: dict[Text, Text]
    types: dict[Text, Annotated[str, CLAIM_TYPES]] = Field(default_factory=dict)
    subject: list[Text]
    skew: Duration = 120
    allow_cbc: bool = False
    logout_issuers: dict[Text, Text] = Field(default_factory=dict)
    scopes: list[Text] = Field(default_factory=lambda: ["openid", "profile", "email"])
    # oidc and oauth2
    issuer: Text | None = None
    issuer_spellings: list[Text] = Field(default_factory=list)
    hints: list[Text] = Field(default_factory=lambda: ["login_hint"])
    prompts: list[Text] = Field(default_factory=lambda: ["login", "select_account"])
    client_assertion: ClientAssertionShape = ClientAssertionShape()
    endpoints: EndpointsShape = EndpointsShape()
    token_proof: Text | None = None
    accept_mutable: bool = False
    name_id: Text | None = None
    methods: dict[Text, list[Text]] = Field(default_factory=dict)
    never: dict[Text, dict[Text, Text]] = Field(default_factory=dict)
    ask: dict[Text, dict[Text, _AskedShape]] = Field(default_factory=dict)
    mfa: _FactorsShape = _FactorsShape()


@cache
def profile(vendor: str) -> VendorProfile:
    """The profile of one of `VENDORS.now`; a fault in a shipped file is a fault of the program and raises."""
    document = read(files(__package__).joinpath("vendors", f"{vendor}.yaml").read_bytes(), f"{vendor}.yaml")
    if document.problems:
        raise ValueError(f"vendor profile: {document.problems[0]}")
    shape = _ProfileShape.model_validate(document.value)
    return VendorProfile(
        name=vendor,
        claim_names=shape.claim_names,
        types={**_COMMON_TYPES, **shape.types},
        subject=tuple(shape.subject),
        skew_seconds=shape.skew,
        allow_cbc=shape.allow_cbc,
        logout_issuers=shape.logout_issuers,
        scopes=tuple(shape.scopes),
        issuer=shape.issuer,
        issuer_spellings=tuple(shape.issuer_spellings),
        hints=tuple(shape.hints),
        prompts=tuple(shape.prompts),
        assertion_alg=shape.client_assertion.alg or "RS256",
        thumbprint=shape.client_assertion.thumbprint,
        endpoints=shape.endpoints.model_dump(exclude_none=True),
        token_proof=shape.token_proof,
        accept_mutable=shape.accept_mutable,
        name_id=shape.name_id,
        methods={value: tuple(words) for value, words in shape.methods.items()},
        never=shape.never,
        ask={
            protocol: {short: Asked(row.source, row.name) for short, row in rows.items()}
            for protocol, rows in shape.ask.items()
        },
        mfa_ask={protocol: tuple(names) for protocol, names in shape.mfa.ask.items()},
        mfa_parameters=shape.mfa.parameters,
        mfa_advice=shape.mfa.advice,
    )


def profile_for(vendor: str, client_id: str | None) -> VendorProfile:
    """The profile with our own name there put in: Keycloak nests a client's roles under its client id."""
    found = profile(vendor)
    if client_id is None or not any(_OUR_NAME in name for name in found.claim_names):
        return found
    names = {name.replace(_OUR_NAME, client_id): short for name, short in found.claim_names.items()}
    return replace(found, claim_names=names)


def vendors() -> tuple[str, ...]:
    return VENDORS.now
