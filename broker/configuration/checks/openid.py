"""The rules between the keys of an upstream that speaks OAuth 2.0."""

from __future__ import annotations

from collections.abc import Iterable

from broker import domains
from broker.configuration.checks.finding import Context, Finding, repeated, unresolved
from broker.configuration.document import Path
from broker.configuration.entra import template_of
from broker.configuration.profiles import profile
from broker.configuration.shapes import IdentityProviderShape
from broker.configuration.urls import url_fault
from broker.model import TENANT_ID

# What the broker says itself; a configured value would contradict it.
_OURS = frozenset(
    (
        *("client_id", "client_secret", "response_type", "response_mode", "redirect_uri", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method", "login_hint", "max_age", "request", "request_uri", "registration"),
        *("id_token_hint", "acr_values", "claims", "resource", "hd", "uri"),
    )
)
_STAND_IN = "00000000-0000-0000-0000-000000000000"
_SPEAKS = {"github": "oauth2", "facebook": "oauth2", "microsoft": "oidc"}
_BY_SECRET = ("client_secret_basic", "client_secret_post")


def check_openid(provider: IdentityProviderShape, path: Path, context: Context) -> Iterable[Finding]:
    yield from _vendor(provider, path)
    if provider.protocol not in {"oidc", "oauth2"}:
        return
    yield from _secret(provider, path, context)
    yield from _authorize(provider, path)
    if provider.protocol == "oauth2":
        yield from _endpoints(provider, path, context)
    else:
        yield from _issuer(provider, path, context)
        yield from _tenants(provider, path)
        yield from _assertion(provider, path)
        yield from _hosted_domains(provider, path)
        yield from _scopes(provider, path)
        yield from _access_token(provider, path)


def _vendor(provider: IdentityProviderShape, path: Path) -> Iterable[Finding]:
    only = _SPEAKS.get(provider.vendor)
    if only is not None and provider.protocol != only:
        yield Finding((*path, "protocol"), f"vendor {provider.vendor} does not speak it", f"write `protocol: {only}`")


def _secret(provider: IdentityProviderShape, path: Path, context: Context) -> Iterable[Finding]:
    method = provider.client_auth or _BY_SECRET[0]
    if method in _BY_SECRET and provider.client_secret is None:
        yield Finding(path, "client_secret is missing", "add `client_secret: {env: NAME}`")
    if method not in _BY_SECRET and provider.client_secret is not None:
        yield Finding(path, f"client_auth `{method}` has no secret", "remove client_secret")
    if provider.protocol == "oauth2" and method not in _BY_SECRET:
        yield Finding((*path, "client_auth"), f"`{method}` is not for protocol oauth2", "use client_secret_post")
    if provider.client_secret_expires is not None and provider.client_secret is None:
        yield Finding((*path, "client_secret_expires"), "there is no client_secret", "remove it")
    yield from unresolved((*path, "client_secret"), provider.client_secret, context)


def _authorize(provider: IdentityProviderShape, path: Path) -> Iterable[Finding]:
    for name in provider.authorize or {}:
        if name in _OURS:
            yield Finding((*path, "authorize", name), "is said by the broker itself", "remove it")


def _endpoints(provider: IdentityProviderShape, path: Path, context: Context) -> Iterable[Finding]:
    given = provider.endpoints.model_dump(exclude_none=True) if provider.endpoints else {}
    for name, url in given.items():
        if fault := url_fault(url, context.rules):
            yield Finding((*path, "endpoints", name), *fault)
    needed = given if provider.endpoints else profile(provider.vendor).endpoints
    for name in ("authorization", "token", "profile"):
        if name not in needed:
            yield Finding((*path, "endpoints", name), "is missing: there is no discovery", f"add `{name}: https://…`")


def _issuer(provider: IdentityProviderShape, path: Path, context: Context) -> Iterable[Finding]:
    if provider.issuer is None and profile(provider.vendor).issuer is None:
        yield Finding((*path, "issuer"), "is missing: protocol oidc needs it", "add `issuer:`")
    if provider.issuer is not None:
        plain = provider.issuer.replace(f"/{TENANT_ID}", f"/{_STAND_IN}", 1)
        if fault := url_fault(plain, context.rules):
            yield Finding((*path, "issuer"), *fault)
        if "?" in provider.issuer:
            remedy = "write the issuer as the provider's discovery document has it"
            yield Finding((*path, "issuer"), "holds a query", remedy)
    if provider.discovery is not None and (fault := url_fault(provider.discovery, context.rules)):
        yield Finding((*path, "discovery"), *fault)


def _tenants(provider: IdentityProviderShape, path: Path) -> Iterable[Finding]:
    """A template without a list would trust every Entra tenant in the world."""
    many = template_of(provider.issuer or "", provider.vendor) is not None
    if many and provider.allowed_tids is None:
        what = "is missing: this issuer stands for every Entra tenant there is"
        yield Finding((*path, "allowed_tids"), what, "list the tenant ids whose people may sign in")
    if not many and provider.allowed_tids is not None:
        what = "is for an issuer of many tenants"
        yield Finding((*path, "allowed_tids"), what, f"remove it, or write {TENANT_ID} in the issuer")
    yield from repeated((*path, "allowed_tids"), provider.allowed_tids or ())


def _assertion(provider: IdentityProviderShape, path: Path) -> Iterable[Finding]:
    if provider.client_assertion is not None and provider.client_auth != "private_key_jwt":
        yield Finding((*path, "client_assertion"), "is for client_auth private_key_jwt", "remove it")


def _hosted_domains(provider: IdentityProviderShape, path: Path) -> Iterable[Finding]:
    path = (*path, "hosted_domains")
    if provider.hosted_domains is not None and provider.vendor != "google":
        yield Finding(path, "is for vendor google", "remove it")
    if provider.hosted_domains is None and provider.vendor == "google":
        what = "is missing: whatever Google account may sign in"
        yield Finding(path, what, "list your Workspace domains, or write [] if that is meant", warning=True)
    for index, domain in enumerate(provider.hosted_domains or ()):
        try:
            domains.normalise(domain)
        except ValueError as error:
            yield Finding((*path, index), str(error), "write a domain such as contoso.com")
    yield from repeated(path, provider.hosted_domains or ())


def _scopes(provider: IdentityProviderShape, path: Path) -> Iterable[Finding]:
    if provider.scopes is not None and "openid" not in provider.scopes:
        yield Finding((*path, "scopes"), "lacks openid", "add it: without it there is no ID token")


def _access_token(provider: IdentityProviderShape, path: Path) -> Iterable[Finding]:
    """Without a resource of ours, an access token is for somebody else."""
    path = (*path, "access_token_claims")
    if provider.access_token_claims and provider.resource is None:
        yield Finding(path, "needs `resource`: which access token is for us", "add `resource:` as AD FS knows it")
    if provider.access_token_claims and provider.userinfo == "merge":
        yield Finding(path, "takes the place of userinfo", "remove `userinfo: merge`")
