"""The rules between the keys of one client."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain

from broker.configuration.checks.application_auth import check_auth
from broker.configuration.checks.finding import Context, Finding, repeated, urls
from broker.configuration.checks.impersonation import check_help_desk
from broker.configuration.checks.profile import check_fapi2, check_requests
from broker.configuration.checks.sector import check_sector
from broker.configuration.checks.workload import check_identities
from broker.configuration.shapes import ClientShape
from broker.configuration.shapes.client import DEVICE_CODE, JWT_BEARER, TOKEN_EXCHANGE
from broker.configuration.urls import origin_fault, redirect_fault, url_fault
from broker.model.reserved import RESERVED

_SUB = re.compile("[0-9a-f]{32}")  # see `TenantStore.person`
Check = Callable[[ClientShape, Context], Iterable[Finding]]


def check_client(shape: ClientShape, context: Context) -> list[Finding]:
    return list(chain.from_iterable(check(shape, context) for check in _CHECKS))


def _client_id(shape: ClientShape, _context: Context) -> Iterable[Finding]:
    """RFC 9068 §5: a workload's `sub` is its client_id, and may never be a person's."""
    if _SUB.fullmatch(shape.client_id):
        yield Finding(("client_id",), "looks like our name of a person", "write a name that is not 32 hex digits")


def _pkce(shape: ClientShape, _context: Context) -> Iterable[Finding]:
    if shape.auth.method == "none" and shape.pkce != "required":
        yield Finding(("pkce",), "a public client must use PKCE", "write `pkce: required`")


def _grants(shape: ClientShape, _context: Context) -> Iterable[Finding]:
    if not set(shape.grant_types) - {"refresh_token"}:
        what = "has no grant that gives a first token"
        yield Finding(("grant_types",), what, "add authorization_code, or client_credentials for a service")
    alone = [name for name in shape.grant_types if name in ("client_credentials", TOKEN_EXCHANGE, JWT_BEARER)]
    if shape.auth.method == "none" and alone:
        what = f"a public client cannot use {' and '.join(alone)}"
        yield Finding(("grant_types",), what, "remove that, or give the client a secret")


def _redirect_uris(shape: ClientShape, context: Context) -> Iterable[Finding]:
    public = shape.auth.method == "none"
    visited = "authorization_code" in shape.grant_types
    if visited and shape.redirect_uris is None:
        yield Finding(("redirect_uris",), "is missing", "add `redirect_uris:`")
    elif visited and not shape.redirect_uris:
        yield Finding(("redirect_uris",), "is empty", "write at least one redirect URI")
    elif shape.redirect_uris and not visited:
        what = "nobody is ever sent there without the grant authorization_code"
        yield Finding(("redirect_uris",), what, "remove it, or add the grant")
    own = shape.redirect_uris or []
    yield from urls(("redirect_uris",), own, lambda u: redirect_fault(u, context.rules, public=public))
    after_logout = shape.post_logout_redirect_uris
    yield from urls(
        ("post_logout_redirect_uris",), after_logout, lambda u: redirect_fault(u, context.rules, public=public)
    )


def _other_urls(shape: ClientShape, context: Context) -> Iterable[Finding]:
    yield from urls(("origins",), shape.origins, lambda url: origin_fault(url, context.rules))
    for key in ("backchannel_logout_uri", "frontchannel_logout_uri", "initiate_login_uri"):
        url: str | None = getattr(shape, key)
        if url is not None and (fault := url_fault(url, context.rules)):
            yield Finding((key,), *fault)


def _consent(shape: ClientShape, _context: Context) -> Iterable[Finding]:
    if shape.consent == "required" and not {"authorization_code", DEVICE_CODE} & set(shape.grant_types):
        what = "nobody is ever asked without the grant authorization_code or the one for devices"
        yield Finding(("consent",), what, "remove it, or add the grant")


def _repetitions(shape: ClientShape, _context: Context) -> Iterable[Finding]:
    for key in ("redirect_uris", "post_logout_redirect_uris", "scopes", "claims", "origins", "grant_types", "apis"):
        yield from repeated((key,), getattr(shape, key) or ())
    yield from repeated(("roles",), shape.roles or ())
    yield from repeated(("tenants",), shape.tenants or ())


def _claims(shape: ClientShape, _context: Context) -> Iterable[Finding]:
    for index, name in enumerate(shape.claims):
        if name in RESERVED:
            what = f"`{name}` is not a claim that rules can give"
            yield Finding(("claims", index), what, "remove it: the broker itself decides about it", warning=True)


def _algorithms(shape: ClientShape, context: Context) -> Iterable[Finding]:
    for what in ("id_token", "access_token", "userinfo", "introspection"):
        key = f"{what}_signed_response_alg"
        algorithm: str | None = getattr(shape, key)
        if algorithm is not None and algorithm not in context.algorithms:
            remedy = f"use {' or '.join(context.algorithms)}, or add it to signing.also in broker.yaml"
            yield Finding((key,), f"there is no key for {algorithm}", remedy)


_CHECKS: tuple[Check, ...] = (
    _client_id,
    check_auth,
    check_identities,
    _pkce,
    _grants,
    _consent,
    _redirect_uris,
    _other_urls,
    _repetitions,
    _claims,
    _algorithms,
    check_sector,
    check_requests,
    check_help_desk,
    check_fapi2,
)
