"""`guests` of one tenant; `across` looks at the tenants that they come from."""

from __future__ import annotations

from collections.abc import Iterable

from broker import domains
from broker.configuration.checks.finding import Context, Finding, repeated
from broker.configuration.document import Path
from broker.configuration.shapes import TenantShape


def check_guests(shape: TenantShape, context: Context) -> Iterable[Finding]:
    seen: set[tuple[str, str]] = set()
    for index, guest in enumerate(shape.guests):
        path: Path = ("guests", index)
        address = domains.canonical_address(guest.email)
        if address is None:
            yield Finding((*path, "email"), "is not one e-mail address", "write one such as auditor@fabrikam.com")
        elif (guest.home_tenant, address) in seen:
            yield Finding((*path, "email"), f"`{address}` is a guest twice", "write the roles in one entry")
        else:
            seen.add((guest.home_tenant, address))
        if guest.home_tenant == shape.id:
            what = "is this tenant itself: its own people are no guests"
            yield Finding((*path, "home_tenant"), what, "remove the entry, and give roles in `claims`")
        if guest.until is not None and guest.until < context.today:
            what = "is over: this guest cannot come in any more"
            yield Finding((*path, "until"), what, "write a later day, or remove the entry", warning=True)
        yield from repeated((*path, "roles"), guest.roles)
        yield from _roles(guest.roles, (*path, "roles"), shape)


def _roles(roles: list[str], path: Path, shape: TenantShape) -> Iterable[Finding]:
    for place, role in enumerate(roles):
        if role not in shape.roles:
            what = f"`{role}` is not a role of this tenant"
            yield Finding((*path, place), what, "add it to `roles`, or remove it here")
