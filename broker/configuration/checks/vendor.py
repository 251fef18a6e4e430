"""What is known of a vendor against what the tenant's file counts on: who keys a person, and claims that never come."""

from __future__ import annotations

from collections.abc import Iterable

from broker import expressions
from broker.configuration.checks.finding import Context, Finding
from broker.configuration.checks.rules import expressions_in
from broker.configuration.document import Path
from broker.configuration.profiles import profile
from broker.configuration.shapes import IdentityProviderShape, TenantShape
from broker.model.subjects import MUTABLE_FORMATS, is_mutable

_ACCEPT = "`subject: {accept_mutable: true}`"
_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


def check_subject(provider: IdentityProviderShape, path: Path, _context: Context) -> Iterable[Finding]:
    """Addresses and user names are given to somebody else one day, who then would be the same person here."""
    found = profile(provider.vendor)
    accepts = found.accept_mutable if provider.accept_mutable is None else provider.accept_mutable
    if provider.accept_mutable is not True:
        yield from _changing_names(provider, (*path, "subject"))
    if provider.protocol not in {"saml", "wsfed"} or (provider.subject or found.subject)[0] != "name_id":
        return
    if provider.name_id_format in MUTABLE_FORMATS and not accepts:
        what = f"asks for a name that changes hands, and {provider.vendor} people are not known by one"
        yield Finding((*path, "name_id_format"), what, f"ask for {_PERSISTENT}, or write {_ACCEPT}", warning=True)
    elif found.name_id and provider.accept_mutable is None and provider.name_id_format != _PERSISTENT:
        what = f"people are known by the NameID, unless told otherwise {found.name_id}: it can pass to somebody else"
        remedy = f"name an immutable attribute with `subject: NAME`, or accept it with {_ACCEPT}"
        yield Finding((*path, "vendor"), what, remedy, warning=True)


def _changing_names(provider: IdentityProviderShape, path: Path) -> Iterable[Finding]:
    names = profile(provider.vendor).claim_names
    for candidate in provider.subject or ():
        for name in candidate.split("+"):
            if is_mutable(names.get(name, name)):
                remedy = "name an attribute that stays with the person, or write {from: …, accept_mutable: true}"
                yield Finding(path, f"`{name}` can be given to somebody else one day", remedy)


def check_silent_claims(shape: TenantShape, _context: Context) -> Iterable[Finding]:
    """A rule that reads a claim which none of the tenant's identity providers ever sends, and no hook gives."""
    told = shape.enrich.hook.claims.keys() if shape.enrich else set[str]()
    providers = [provider for provider in shape.identity_providers if provider.enabled]
    for index, rule in enumerate(shape.claims):
        for below, source, wants in expressions_in(rule):
            for name in sorted(_read(source, wants, providers) - told):
                reasons = [profile(one.vendor).never.get(one.protocol, {}).get(name) for one in providers]
                if reasons and reasons[0] is not None and None not in reasons:
                    vendor = f"{providers[0].vendor} never sends it over {providers[0].protocol}"
                    path: Path = ("claims", index, *below)
                    yield Finding(path, f"reads incoming.{name}, but {vendor}", reasons[0], warning=True)


def _read(source: str, wants: str, providers: list[IdentityProviderShape]) -> frozenset[str]:
    """The incoming claims it names; none of an expression that is refused anyway."""
    types = {**profile(providers[0].vendor).types, **providers[0].claim_types} if providers else {}
    try:
        return expressions.compile(source, types, wants).names
    except expressions.ExpressionError:
        return frozenset()
