"""The keys that say what a person's record and a tenant's own service add to what the identity provider sends."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from broker.configuration.shapes.fields import ClaimName, Duration, OneOf, Shape, Text

CLAIM_TYPES = OneOf(("text", "list", "bool", "number"))
MOST = 50  # names


class EnrichShape(Shape):
    """Of an identity provider."""

    attributes: Annotated[list[ClaimName], Field(min_length=1, max_length=MOST)]


class HookShape(Shape):
    """on_failure: who signs in when it does not answer: everybody, without its claims (open), or nobody (closed)."""

    url: Text
    claims: dict[ClaimName, Annotated[str, CLAIM_TYPES]] = Field(default_factory=dict, max_length=MOST)
    timeout: Duration | None = None
    on_failure: Annotated[str, OneOf(("open", "closed"))] = "closed"


class TenantEnrichShape(Shape):
    hook: HookShape
