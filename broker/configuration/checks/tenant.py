"""The rules between the keys of one tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import chain

from broker import domains
from broker.configuration.bundle import resolve_reference
from broker.configuration.checks.enrich import check_enrichment, check_hook
from broker.configuration.checks.finding import Context, Finding, repeated
from broker.configuration.checks.guests import check_guests
from broker.configuration.checks.impersonation import check_impersonation
from broker.configuration.checks.openid import check_openid
from broker.configuration.checks.rules import check_rules
from broker.configuration.checks.saml import check_saml
from broker.configuration.checks.sign_in import check_multi_factor, check_sign_in
from broker.configuration.checks.upstream_life import check_linking, check_upstream_life
from broker.configuration.checks.vendor import check_silent_claims, check_subject
from broker.configuration.checks.wsfed import check_wsfed
from broker.configuration.document import Path
from broker.configuration.shapes import IdentityProviderShape, TenantShape, openid, saml, wsfed
from broker.configuration.urls import is_public_suffix, url_fault

Check = Callable[[TenantShape, Context], Iterable[Finding]]
ProviderCheck = Callable[[IdentityProviderShape, Path, Context], Iterable[Finding]]

_SAML_ONLY = (
    *("metadata", "entity_id", "sp_entity_id", "sign_requests", "want_signed", "name_id_format"),
    *("encryption", "sp_key", *saml.KEYS),
)


def check_tenant(shape: TenantShape, context: Context) -> list[Finding]:
    return list(chain.from_iterable(check(shape, context) for check in _CHECKS))


def patterns(listed: Iterable[str]) -> list[str | None]:
    """Canonical e-mail domain patterns; None where one is none."""
    return [_pattern(text) for text in listed]


def _pattern(text: str) -> str | None:
    return _normalised(text)[0]


@lru_cache(maxsize=4096)
def _normalised(text: str) -> tuple[str | None, str]:
    """The canonical pattern, or None and why there is none. One file asks for the same few domains several times."""
    try:
        return domains.normalise_pattern(text), ""
    except ValueError as error:
        return None, str(error)


def _domains(path: Path, listed: list[str]) -> Iterable[Finding]:
    seen: set[str] = set()
    for index, text in enumerate(listed):
        pattern, fault = _normalised(text)
        if pattern is None:
            yield Finding((*path, index), fault, "write a domain such as contoso.com or *.contoso.com")
            continue
        if pattern in seen:
            yield Finding((*path, index), f"`{pattern}` stands here twice", "keep one of the two")
        if is_public_suffix(pattern.removeprefix(domains.WILDCARD)):
            yield Finding(
                (*path, index), "is a public suffix, not a domain of one organisation", "write the whole domain"
            )
        seen.add(pattern)


def _home_realm(shape: TenantShape, _context: Context) -> Iterable[Finding]:
    yield from _domains(("home_realm", "email_domains"), shape.home_realm.email_domains)
    yield from repeated(("home_realm", "networks"), map(str, shape.home_realm.networks))


def _providers(shape: TenantShape, context: Context) -> Iterable[Finding]:
    if not shape.identity_providers:
        yield Finding(("identity_providers",), "is empty", "write at least one identity provider")
    seen: set[str] = set()
    for index, provider in enumerate(shape.identity_providers):
        path: Path = ("identity_providers", index)
        if provider.id in seen:
            yield Finding((*path, "id"), f"`{provider.id}` is already an identity provider here", "give it another id")
        seen.add(provider.id)
        yield from chain.from_iterable(check(provider, path, context) for check in _PROVIDER_CHECKS)


def _only_for(shape: TenantShape, _context: Context) -> Iterable[Finding]:
    """Two IdPs for one domain contradict each other; a domain that leads to no tenant never gets here."""
    owned = [pattern for pattern in patterns(shape.home_realm.email_domains) if pattern]
    taken: dict[str, str] = {}
    for index, provider in enumerate(shape.identity_providers):
        for place, pattern in enumerate(patterns(provider.only_for.email_domains) if provider.only_for else ()):
            path: Path = ("identity_providers", index, "for", "email_domains", place)
            if pattern in taken and taken[pattern] != provider.id:
                yield Finding(
                    path, f"`{pattern}` is already for `{taken[pattern]}`", "one domain, one identity provider"
                )
            if pattern is not None:
                taken.setdefault(pattern, provider.id)
            if pattern is not None and not _covered(pattern, owned):
                what = "is in none of the tenant's home_realm.email_domains: it leads nobody here"
                yield Finding(path, what, "add it there too", warning=True)


def _covered(pattern: str, owned: list[str]) -> bool:
    name = pattern.removeprefix(domains.WILDCARD)
    return pattern in owned or any(domains.matches(own, name) for own in owned)


_KEYS: Mapping[str, tuple[str, ...]] = {
    "saml": _SAML_ONLY,
    "oidc": (*openid.BOTH, *openid.OIDC_ONLY),
    "oauth2": (*openid.BOTH, *openid.OAUTH2_ONLY),
    "wsfed": wsfed.KEYS,
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "saml": ("metadata",),
    "oidc": ("client_id",),
    "oauth2": ("client_id",),
    "wsfed": ("metadata",),
}


def _protocol_keys(provider: IdentityProviderShape, path: Path, _context: Context) -> Iterable[Finding]:
    """What belongs to another protocol, and what this one lacks."""
    own = _KEYS[provider.protocol]
    for key in dict.fromkeys(key for keys in _KEYS.values() for key in keys if key not in own):
        if key in provider.model_fields_set:
            yield Finding((*path, key), f"does not belong to protocol {provider.protocol}", "remove it")
    for key in _NEEDED[provider.protocol]:
        if getattr(provider, key) is None:
            yield Finding((*path, key), f"is missing: protocol {provider.protocol} needs it", f"add `{key}:`")


def _metadata(provider: IdentityProviderShape, path: Path, context: Context) -> Iterable[Finding]:
    metadata = provider.metadata
    if metadata is None:
        return
    path = (*path, "metadata")
    if (metadata.url is None) == (metadata.file is None):
        yield Finding(path, "needs exactly one of `url` and `file`", "write {url: …} or {file: …}")
    if metadata.url is not None and (fault := url_fault(metadata.url, context.rules)):
        yield Finding((*path, "url"), *fault)
    if metadata.file is not None:
        yield from _metadata_file(metadata.file, (*path, "file"), context)


def _metadata_file(reference: str, path: Path, context: Context) -> Iterable[Finding]:
    name = resolve_reference(context.file, reference)
    if name is None:
        yield Finding(path, "leads out of the configuration folder", "put the file beside this one")
    elif name not in context.bundle.files and not any(name == problem.file for problem in context.bundle.problems):
        yield Finding(path, f"there is no file {name}", "put it there, or mend the path")


def _provider_domains(provider: IdentityProviderShape, path: Path, _context: Context) -> Iterable[Finding]:
    if provider.only_for is not None:
        yield from _domains((*path, "for", "email_domains"), provider.only_for.email_domains)


def _skew(provider: IdentityProviderShape, path: Path, _context: Context) -> Iterable[Finding]:
    if provider.skew is not None and provider.skew > 600:
        yield Finding((*path, "skew"), "is more than ten minutes", "mend the clocks; 2m is usual")


def _roles(shape: TenantShape, _context: Context) -> Iterable[Finding]:
    yield from repeated(("roles",), shape.roles)


def _services(shape: TenantShape, _context: Context) -> Iterable[Finding]:
    seen: set[str] = set()
    for index, service in enumerate(shape.services):
        path: Path = ("services", index)
        if service.client in seen:
            yield Finding((*path, "client"), f"`{service.client}` stands here twice", "write its roles in one place")
        seen.add(service.client)
        yield from repeated((*path, "roles"), service.roles)
        for place, role in enumerate(service.roles):
            if role not in shape.roles:
                what = f"`{role}` is not a role of this tenant"
                yield Finding((*path, "roles", place), what, "add it to `roles`, or remove it here")


_PROVIDER_CHECKS: tuple[ProviderCheck, ...] = (
    _protocol_keys,
    _metadata,
    check_openid,
    check_saml,
    check_wsfed,
    _provider_domains,
    _skew,
    check_subject,
    check_upstream_life,
    check_multi_factor,
)
_CHECKS: tuple[Check, ...] = (
    _home_realm,
    _providers,
    _only_for,
    _roles,
    _services,
    check_guests,
    check_sign_in,
    check_linking,
    check_enrichment,
    check_impersonation,
    check_hook,
    check_rules,
    check_silent_claims,
)
