"""Keys of a SAML identity provider about what is asked and answered, and who may begin."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from broker.configuration.shapes.fields import ClientId, OneOf, Shape, Text

KEYS = ("request_binding", "authn_context", "unsolicited", "logout")


class AuthnContextShape(Shape):
    """classes: AuthnContextClassRefs to ask for; the answer must name one of them, or a stronger one at `minimum`."""

    classes: Annotated[list[Text], Field(min_length=1)]
    comparison: Annotated[str, OneOf(("exact", "minimum"))] = "exact"


class TargetShape(Shape):
    """An application that the provider's own portal may lead to, and where in it (its `target_link_uri`)."""

    client_id: ClientId
    link: Text | None = None


def _short_form(value: object) -> object:
    """`expenses` is short for {client_id: expenses}."""
    return {"client_id": value} if isinstance(value, str) else value


class UnsolicitedShape(Shape):
    """allowed_targets: the first is where an answer without a RelayState of theirs leads."""

    allowed_targets: Annotated[list[Annotated[TargetShape, BeforeValidator(_short_form)]], Field(min_length=1)]

    @property
    def targets(self) -> tuple[tuple[str, str | None], ...]:
        return tuple((target.client_id, target.link) for target in self.allowed_targets)


class SamlKeys(Shape):
    request_binding: Annotated[str, OneOf(("redirect", "post"))] | None = None
    authn_context: AuthnContextShape | None = None
    unsolicited: UnsolicitedShape | None = None
    logout: Annotated[str, OneOf(("local", "upstream"))] | None = None
