"""The rules between the keys of one API, and what an API's file says of other files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from urllib.parse import urlsplit

from broker.configuration.checks.finding import Context, Finding, repeated, unresolved
from broker.configuration.secrets import weakness
from broker.configuration.shapes import ApiShape, ClientShape, Read, TenantShape
from broker.configuration.shapes.client import TOKEN_EXCHANGE
from broker.errors import Problem
from broker.oauth2 import scopes

Check = Callable[[ApiShape, Context], Iterable[Finding]]
Apis = list[tuple[Read[ApiShape], ApiShape]]
Clients = list[tuple[Read[ClientShape], ClientShape]]
Tenants = list[tuple[Read[TenantShape], TenantShape]]


def check_api(shape: ApiShape, context: Context) -> list[Finding]:
    return list(chain.from_iterable(check(shape, context) for check in _CHECKS))


def _audience(shape: ApiShape, _context: Context) -> Iterable[Finding]:
    """RFC 8707 §2: a resource has no fragment."""
    if "#" in shape.audience and urlsplit(shape.audience).scheme:
        yield Finding(("audience",), "has a fragment", "write the URI without #")


def _scopes(shape: ApiShape, _context: Context) -> Iterable[Finding]:
    yield from repeated(("scopes",), shape.scopes)
    for index, scope in enumerate(shape.scopes):
        if scope in scopes.SUPPORTED:
            yield Finding(("scopes", index), f"`{scope}` belongs to OpenID Connect", "give it a name of the API's own")


def _repetitions(shape: ApiShape, _context: Context) -> Iterable[Finding]:
    yield from repeated(("roles",), shape.roles or ())
    yield from repeated(("tenants",), shape.tenants or ())
    yield from repeated(("introspection", "clients"), shape.introspection.clients)
    yield from repeated(("exchange", "from"), shape.exchange.clients if shape.exchange else ())


def _credentials(shape: ApiShape, context: Context) -> Iterable[Finding]:
    own, auth = shape.introspection.client_id, shape.introspection.auth
    if (own is None) != (auth is None):
        what = "`client_id` and `auth` belong together: the API proves itself by both"
        yield Finding(("introspection",), what, "write both, or neither")
    if auth is None:
        return
    path = ("introspection", "auth")
    if auth.method == "none":
        yield Finding((*path, "method"), "an API that asks about tokens must prove itself", "use client_secret_basic")
    elif auth.secret is None:
        yield Finding(path, f"`{auth.method}` needs a secret", "add `secret: {env: NAME}`")
    yield from unresolved((*path, "secret"), auth.secret, context)
    secret = context.secrets.secret(auth.secret, context.file)
    if secret is not None and (weak := weakness(secret)):
        yield Finding((*path, "secret"), *weak)


def _algorithm(shape: ApiShape, context: Context) -> Iterable[Finding]:
    algorithm = shape.access_token_signed_response_alg
    if algorithm is not None and algorithm not in context.algorithms:
        remedy = f"use {' or '.join(context.algorithms)}, or add it to signing.also in broker.yaml"
        yield Finding(("access_token_signed_response_alg",), f"there is no key for {algorithm}", remedy)


_CHECKS: tuple[Check, ...] = (_audience, _scopes, _repetitions, _credentials, _algorithm)


def named_elsewhere(apis: Apis, clients: Clients, tenants: Tenants) -> Iterator[Problem]:
    """Clients and tenants that an API names, APIs that a client names, services of a tenant."""
    granted = {client.client_id: client.grant_types for _, client in clients}
    known = set(granted)
    yield from _presenting(tenants, known)
    yield from _services(tenants, granted)
    for read, api in apis:
        asking, exchanging = api.introspection.clients, api.exchange.clients if api.exchange else []
        for key, below, named in (("introspection", "clients", asking), ("exchange", "from", exchanging)):
            for index, name in enumerate(named):
                if name not in known:
                    what = f"there is no client `{name}`"
                    yield from read.problem((key, below, index), what, "mend the id, or remove it")
        yield from _exchanging(read, exchanging, granted)
    yield from _tenants(apis, {tenant.id for _, tenant in tenants})
    yield from _apis(clients, {api.audience for _, api in apis})


def _exchanging(read: Read[ApiShape], names: list[str], granted: Mapping[str, list[str]]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if TOKEN_EXCHANGE not in granted.get(name, [TOKEN_EXCHANGE]):
            what = f"`{name}` exchanges nothing: it lacks the grant {TOKEN_EXCHANGE}"
            yield from read.problem(("exchange", "from", index), what, "add the grant to the client", warning=True)


def _tenants(apis: Apis, known: set[str]) -> Iterator[Problem]:
    for read, api in apis:
        for index, name in enumerate(api.tenants or ()):
            if name not in known:
                yield from read.problem(("tenants", index), f"there is no tenant `{name}`", "mend the id, or remove it")


def _apis(clients: Clients, known: set[str]) -> Iterator[Problem]:
    for read, client in clients:
        for index, name in enumerate(client.apis):
            if name not in known:
                what = f"there is no API with the audience `{name}`"
                yield from read.problem(("apis", index), what, "add a file for it below apis/, or mend the name")


def _services(tenants: Tenants, known: Mapping[str, list[str]]) -> Iterator[Problem]:
    for read, tenant in tenants:
        for index, service in enumerate(tenant.services):
            path = ("services", index, "client")
            if service.client not in known:
                yield from read.problem(path, f"there is no client `{service.client}`", "mend the id, or remove it")
            elif "client_credentials" not in known[service.client]:
                what = f"`{service.client}` has no tokens of its own: it lacks the grant client_credentials"
                yield from read.problem(path, what, "add the grant to the client", warning=True)


def _presenting(tenants: Tenants, known: set[str]) -> Iterator[Problem]:
    for read, tenant in tenants:
        for index, provider in enumerate(tenant.identity_providers):
            for place, name in enumerate(provider.token_exchange.clients if provider.token_exchange else ()):
                if name not in known:
                    path = ("identity_providers", index, "token_exchange", "clients", place)
                    yield from read.problem(path, f"there is no client `{name}`", "mend the id, or remove it")
