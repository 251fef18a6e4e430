"""Which claims to ask for: those that go out anyway, those that the tenant's rules read, and what proves a sign-in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from broker import expressions
from broker.model import Deny, Drop, IdentityProvider, Role, Roles, Rule, Set, Tenant

EVERYWHERE = ("email", "name", "given_name", "family_name")
_BROKER_S = frozenset({"sub", "email_verified", "name_id", "name_id_format", "tid", "oid"})  # nobody maps these


@dataclass(frozen=True, slots=True)
class Wanted:
    """claim: the short name. source: what to choose, in the vendor's words. name: what to send it as."""

    claim: str
    source: str
    name: str


def wanted(tenant: Tenant, idp: IdentityProvider) -> tuple[Wanted, ...]:
    """In the profile's order first. What comes by a scope of OpenID Connect, or never comes, is not asked for."""
    rows, never = idp.profile.ask.get(idp.protocol, {}), idp.profile.never.get(idp.protocol, {})
    names = {*EVERYWHERE, *_read(tenant, idp), *(set(rows) & _evidence(tenant, idp))} - _BROKER_S - set(never)
    known = [Wanted(short, row.source, row.name) for short, row in rows.items() if short in names]
    unknown = sorted(names - set(rows) - set(EVERYWHERE))
    return (*known, *(Wanted(name, f"what holds `{name}`", name) for name in unknown if _is_plain(name)))


def subject_names(idp: IdentityProvider) -> tuple[str, ...]:
    """The attributes that the operator chose to key people by, instead of the profile's."""
    settings = idp.saml or idp.wsfed or idp.oidc or idp.oauth2
    chosen = settings.subject if settings else ()
    return tuple(part for part in (chosen[0].split("+") if chosen else ()) if part not in _BROKER_S and _is_plain(part))


def _evidence(tenant: Tenant, idp: IdentityProvider) -> frozenset[str]:
    """Where several factors are wanted, what proves them: authentication methods, or Entra's contexts."""
    asking = tenant.sign_in.require_mfa or any(one.require_mfa for one in tenant.sign_in.clients.values())
    return frozenset({"acrs" if idp.mfa is not None and idp.mfa.acrs else "amr"} if asking else ())


def _read(tenant: Tenant, idp: IdentityProvider) -> Iterator[str]:
    types = {**idp.profile.types, **idp.claim_types}
    for rule in tenant.rules:
        for source, wants in _sources(rule):
            yield from _names(source, wants, types)


def _names(source: str, wants: str, types: Mapping[str, str]) -> frozenset[str]:
    try:
        return expressions.compile(source, types, wants).names
    except expressions.ExpressionError:  # does not fit this provider's claims: it is for another one
        return frozenset()


def _sources(rule: Rule) -> Iterator[tuple[str, str]]:
    match rule:
        case Set():
            yield from ((source, "value") for source in rule.claims.values())
        case Roles():
            yield rule.source, "list"
        case Role() | Drop() | Deny():
            pass
    if rule.when is not None:
        yield rule.when, "bool"


def _is_plain(name: str) -> bool:
    return name.isprintable() and not any(mark in name for mark in "\"'`<>&|")
