"""Our names towards identity providers: each is one trust's alone, and none may lie below another one.

AD FS matches the identifier of a relying party by prefix, in whole path segments and without the query: a request of
`https://login.example.com/t/a/x` may be taken for one of `https://login.example.com/t/a`. And the name is the audience:
what was said to one trust is good for another of the same name, where an IdP serves both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from broker.configuration.document import Path
from broker.configuration.shapes import IdentityProviderShape, Read, TenantShape
from broker.errors import Problem

_KEYS = {"saml": "sp_entity_id", "wsfed": "wtrealm"}


@dataclass(frozen=True)
class _Name:
    parts: tuple[str, ...]
    read: Read[TenantShape]
    path: Path
    chosen: bool  # by the operator; else it is our metadata URL


def nested_names(tenants: list[tuple[Read[TenantShape], TenantShape]], issuer: str) -> Iterator[Problem]:
    names = [name for read, tenant in tenants for name in _names(read, tenant, issuer)]
    first = {name.parts: name for name in reversed(names)}
    yield from _shared(names, first)
    for name in names:
        for length in range(1, len(name.parts)):
            above = first.get(name.parts[:length])
            if above is not None:
                place, other = (above, name) if above.chosen else (name, above)
                what = f"{'/'.join(above.parts)} is also the beginning of our name {'/'.join(name.parts)} in "
                what += f"{other.read.document.file}: AD FS may take one for the other"
                yield from place.read.problem(place.path, what, "choose a name that lies beside it", warning=True)


def _shared(names: list[_Name], first: dict[tuple[str, ...], _Name]) -> Iterator[Problem]:
    for name in names:
        other = first[name.parts]
        if other is not name:
            place, other = (name, other) if name.chosen else (other, name)
            what = f"{'/'.join(name.parts)} is also our name in {other.read.document.file}: "
            what += "an answer to one of the two names the other as its audience too"
            remedy = "choose a name of its own, unless both are meant to be one trust"
            yield from place.read.problem(place.path, what, remedy, warning=True)


def _names(read: Read[TenantShape], tenant: TenantShape, issuer: str) -> Iterator[_Name]:
    for index, provider in enumerate(tenant.identity_providers):
        key = _KEYS.get(provider.protocol)
        if key is not None:
            chosen = _chosen(provider)
            name = chosen or f"{issuer}/t/{tenant.id}/{provider.protocol}/{provider.id}/metadata"
            yield _Name(_parts(name), read, ("identity_providers", index, key), chosen is not None)


def _chosen(provider: IdentityProviderShape) -> str | None:
    return provider.sp_entity_id if provider.protocol == "saml" else provider.wtrealm


def _parts(name: str) -> tuple[str, ...]:
    """Scheme and host in lower case, then the path's segments; a trailing slash and the query do not count."""
    try:
        parts = urlsplit(name)
    except ValueError:
        return (name,)
    if not parts.netloc:
        return (name,)
    return (f"{parts.scheme.lower()}://{parts.netloc.lower()}", *(part for part in parts.path.split("/") if part))
