"""What a person's record and a tenant's hook may add to an IdP's claims: never who somebody is, or how they came in."""

from __future__ import annotations

from collections.abc import Iterable

from broker.configuration.checks.finding import Context, Finding, repeated
from broker.configuration.document import Path
from broker.configuration.shapes import TenantShape
from broker.configuration.urls import url_fault
from broker.model.reserved import RESERVED

THE_IDPS = frozenset(("email", "upn", "preferred_username", "_claim_names"))  # it alone proves them
REMEDY = "remove it: the identity provider alone proves it"
LONGEST = 10  # seconds that a sign-in may wait


def check_enrichment(shape: TenantShape, _context: Context) -> Iterable[Finding]:
    for index, provider in enumerate(shape.identity_providers):
        path = ("identity_providers", index, "enrich", "attributes")
        listed = provider.enrich.attributes if provider.enrich else []
        yield from repeated(path, listed)
        for number, name in enumerate(listed):
            if name in RESERVED | THE_IDPS:
                yield Finding((*path, number), f"`{name}` cannot come from a person's record", REMEDY)


def check_hook(shape: TenantShape, context: Context) -> Iterable[Finding]:
    if shape.enrich is None:
        return
    hook, path = shape.enrich.hook, Path(("enrich", "hook"))
    if fault := url_fault(hook.url, context.rules):
        yield Finding((*path, "url"), *fault)
    if hook.timeout is not None and hook.timeout > LONGEST:
        yield Finding((*path, "timeout"), "is more than ten seconds, and everybody waits", "write a shorter one: 2s")
    recorded = {name: one.id for one in shape.identity_providers if one.enrich for name in one.enrich.attributes}
    for name in hook.claims:
        if name in RESERVED | THE_IDPS:
            yield Finding((*path, "claims", name), f"`{name}` cannot come from a hook", REMEDY)
        elif name in recorded:
            what = f"`{name}` comes from the person's record already, at `{recorded[name]}`"
            yield Finding((*path, "claims", name), what, "let it come from one of the two")
