"""Who may act for a tenant's people: `impersonation` of the tenant, and of the help desk's client."""

from __future__ import annotations

from collections.abc import Iterable

from broker.configuration.checks.finding import Context, Finding, repeated
from broker.configuration.document import Path
from broker.configuration.shapes import ClientShape, TenantShape
from broker.configuration.shapes.client import TOKEN_EXCHANGE

LONGEST = 3600
_AT: Path = ("impersonation",)


def check_impersonation(shape: TenantShape, _context: Context) -> Iterable[Finding]:
    wanted = shape.impersonation
    if wanted.allowed and wanted.operators is None:
        yield Finding(_AT, "says nothing of who may", "add `operators: {role: …}`")
    if wanted.operators is not None and wanted.operators.role not in shape.roles:
        what = f"`{wanted.operators.role}` is not one of the tenant's roles"
        yield Finding((*_AT, "operators", "role"), what, "add it to `roles`")
    yield from repeated((*_AT, "never_roles"), wanted.never_roles)
    for index, role in enumerate(wanted.never_roles):
        if role not in shape.roles:
            what = f"`{role}` is not one of the tenant's roles"
            yield Finding((*_AT, "never_roles", index), what, "add it to `roles`, or remove it here")
    if wanted.longest > LONGEST:
        yield Finding((*_AT, "max"), "is more than an hour", "shorten it; 30m is usual")


def check_help_desk(shape: ClientShape, _context: Context) -> Iterable[Finding]:
    if not shape.impersonation:
        return
    if shape.auth.method == "none":
        yield Finding(_AT, "a public client cannot act for people", "remove it, or give the client a secret")
    elif TOKEN_EXCHANGE not in shape.grant_types:
        yield Finding(_AT, "is a token exchange, which is none of its grants", f"add {TOKEN_EXCHANGE} to grant_types")
