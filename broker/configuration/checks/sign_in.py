"""The rules of `sign_in`, within a tenant and between it and the clients, and of an identity provider's `mfa`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from broker.configuration.checks.api import Clients, Tenants
from broker.configuration.checks.finding import Context, Finding, repeated
from broker.configuration.document import Path
from broker.configuration.profiles import profile
from broker.configuration.shapes import IdentityProviderShape, TenantShape
from broker.configuration.shapes.sign_in import ClientSignInShape, SignInShape
from broker.errors import Problem
from broker.model.sign_in_policy import within

_AT: Path = ("sign_in",)
_LIFETIMES = ("access_token", "id_token", "refresh_token")
_SESSIONS = ("session_absolute", "session_idle")


def check_sign_in(shape: TenantShape, context: Context) -> Iterable[Finding]:
    wanted = shape.sign_in
    yield from _sessions(wanted, context)
    yield from _one(wanted, _AT, shape, context)
    yield from repeated((*_AT, "allowed_clients"), wanted.allowed_clients or ())
    for name, own in wanted.clients.items():
        path: Path = (*_AT, "clients", name)
        yield from _one(own, path, shape, context)
        yield from _stricter(own, path, wanted)
        if wanted.allowed_clients is not None and name not in wanted.allowed_clients:
            yield Finding(path, "is not among allowed_clients", "add it there, or remove it here")
    yield from _evidence(shape)


def check_multi_factor(provider: IdentityProviderShape, path: Path, _context: Context) -> Iterable[Finding]:
    own, path = provider.mfa, (*path, "mfa")
    if own is None:
        return
    if provider.protocol == "oauth2":
        yield Finding(
            path, "does not belong to protocol oauth2: nothing there says how somebody signed in", "remove it"
        )
    elif not (own.acr or own.amr or own.acrs):
        yield Finding(path, "names nothing", "write {acr: […]}, {amr: […]} or {acrs: […]}, or remove it")
    if own.acrs and provider.protocol in {"saml", "wsfed"}:
        what = "are authentication contexts of Entra, by OpenID Connect"
        yield Finding((*path, "acrs"), what, "write `acr` or `amr`")


def named_clients(clients: Clients, tenants: Tenants) -> Iterator[Problem]:
    """Whoever is named in `sign_in` is a client of this tenant's."""
    known = {client.client_id: client for _, client in clients}
    for read, tenant in tenants:
        listed = enumerate(tenant.sign_in.allowed_clients or ())
        places: list[tuple[Path, str]] = [((*_AT, "allowed_clients", index), name) for index, name in listed]
        places += [((*_AT, "clients", name), name) for name in tenant.sign_in.clients]
        for path, name in places:
            client = known.get(name)
            if client is None:
                yield from read.problem(path, f"there is no client `{name}`", "mend the client_id, or remove it")
            elif client.tenants is not None and tenant.id not in client.tenants:
                remedy = "add the tenant to its `tenants`, or remove it here"
                yield from read.problem(path, f"`{name}` is not for this tenant", remedy)


def _sessions(wanted: SignInShape, context: Context) -> Iterable[Finding]:
    idle, absolute = wanted.session_idle, wanted.session_absolute
    if idle is not None and absolute is not None and idle > absolute:
        yield Finding((*_AT, "session_idle"), "is longer than session_absolute", "make it shorter")
    for name in _SESSIONS:
        yield from _within_deployment(getattr(wanted, name), name, (*_AT, name), context)


def _one(wanted: ClientSignInShape, path: Path, shape: TenantShape, context: Context) -> Iterable[Finding]:
    """What must hold of the tenant's own rules and of those towards one client."""
    yield from repeated((*path, "allowed_networks"), map(str, wanted.allowed_networks))
    for index, role in enumerate(wanted.allowed_roles or ()):
        if role not in shape.roles:
            yield Finding(
                (*path, "allowed_roles", index), f"`{role}` is not one of the tenant's roles", "add it to `roles`"
            )
    if wanted.hours is not None and wanted.hours.begin == wanted.hours.until:
        yield Finding((*path, "hours"), "begin and end at the same time", "write two times, or remove `hours`")
    for name in _LIFETIMES:
        yield from _within_deployment(getattr(wanted.lifetimes, name), name, (*path, "lifetimes", name), context)


def _within_deployment(seconds: int | None, name: str, path: Path, context: Context) -> Iterable[Finding]:
    """A warning: broker.yaml may be made stricter while a tenant's file stays as it is."""
    if seconds is not None and seconds > getattr(context.lifetimes, name):
        yield Finding(path, f"is longer than lifetimes.{name} of broker.yaml, which holds", "shorten it", warning=True)


def _stricter(own: ClientSignInShape, path: Path, tenant_s: SignInShape) -> Iterable[Finding]:
    """One client's rules are added to the tenant's; what would relax them has no effect, so it is refused."""
    if own.require_mfa is False and tenant_s.require_mfa:
        yield Finding((*path, "require_mfa"), "cannot be relaxed for one client", "remove it")
    for index, network in enumerate(own.allowed_networks):
        if tenant_s.allowed_networks and not any(within(network, outer) for outer in tenant_s.allowed_networks):
            yield Finding((*path, "allowed_networks", index), "is not within the tenant's networks", "remove it")
    for index, role in enumerate(own.allowed_roles or ()):
        if tenant_s.allowed_roles is not None and role not in tenant_s.allowed_roles:
            yield Finding((*path, "allowed_roles", index), f"`{role}` is not among the tenant's", "remove it")
    for name in _LIFETIMES:
        limits = getattr(own.lifetimes, name), getattr(tenant_s.lifetimes, name)
        yield from _not_longer(*limits, (*path, "lifetimes", name))
    yield from _not_longer(own.max_age, tenant_s.max_age, (*path, "max_age"))


def _not_longer(own: int | None, tenant_s: int | None, path: Path) -> Iterable[Finding]:
    if own is not None and tenant_s is not None and own > tenant_s:
        yield Finding(path, "is longer than the tenant's", "make it shorter, or remove it")


def _evidence(shape: TenantShape) -> Iterable[Finding]:
    """Where several factors are wanted, an IdP that can never prove them lets nobody in."""
    wanting = shape.sign_in.require_mfa or any(own.require_mfa for own in shape.sign_in.clients.values())
    for index, provider in enumerate(shape.identity_providers if wanting else ()):
        silent = "amr" in profile(provider.vendor).never.get(provider.protocol, {}) and provider.mfa is None
        if silent or provider.protocol == "oauth2":
            what = "never says how somebody signed in, and sign_in wants several factors: that lets nobody in"
            remedy = "say in `mfa` what proves them there" if provider.protocol != "oauth2" else "use another provider"
            yield Finding(("identity_providers", index), what, remedy, warning=True)
