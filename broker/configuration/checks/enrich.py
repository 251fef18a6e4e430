"""What a person's record may add to an IdP's claims: never who somebody is, or how they signed in."""

from __future__ import annotations

from collections.abc import Iterable

from broker.configuration.checks.finding import Context, Finding, repeated
from broker.configuration.shapes import TenantShape
from broker.model.reserved import RESERVED

THE_IDPS = frozenset(("email", "upn", "preferred_username", "_claim_names"))  # it alone proves them
REMEDY = "remove it: the identity provider alone proves it"


def check_enrichment(shape: TenantShape, _context: Context) -> Iterable[Finding]:
    for index, provider in enumerate(shape.identity_providers):
        path = ("identity_providers", index, "enrich", "attributes")
        listed = provider.enrich.attributes if provider.enrich else []
        yield from repeated(path, listed)
        for number, name in enumerate(listed):
            if name in RESERVED | THE_IDPS:
                yield Finding((*path, number), f"`{name}` cannot come from a person's record", REMEDY)
