"""Where each incoming claim comes from: the upstream name, and the rows that gave it its short name and its type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from broker.claims.incoming import meanings, types_of
from broker.model import IdentityProvider, Value


@dataclass(frozen=True, slots=True)
class Source:
    """One upstream name. name: the short one; None where it makes no claim. row: what decided on the name; typed: what
    on the type. used: False where another upstream name, which comes first, gives a claim of one value."""

    sent: str
    name: str | None
    row: str
    type: str | None = None
    typed: str | None = None
    used: bool = True


def explain(idp: IdentityProvider, attributes: Mapping[str, tuple[Value, ...]]) -> tuple[Source, ...]:
    """In the order in which the names are looked at; then what makes no claim. Says nothing about values."""
    types, taken = types_of(idp), set[str]()
    sources = []
    for sent, name in meanings(idp, attributes):
        kind = types.get(name, "list")
        empty = not any(str(value).strip() for value in attributes[sent])
        used = not empty and (kind == "list" or name not in taken)
        sources.append(Source(sent, name, _row(idp, sent, name), kind, _typed(idp, name), used))
        taken |= set() if empty else {name}
    known = {source.sent for source in sources}
    left_out = "it stands for a list that was left out, which no rule may read"
    return (*sources, *(Source(name, None, left_out, used=False) for name in attributes if name not in known))


def _row(idp: IdentityProvider, sent: str, name: str) -> str:
    if sent in idp.profile.claim_names:
        return f"{idp.profile.name}: claim_names: {sent}: {name}"
    return "it is a short name" if name in types_of(idp) else "no row: it keeps its name"


def _typed(idp: IdentityProvider, name: str) -> str:
    if name in idp.claim_types:
        return "claim_types of the identity provider"
    return f"{idp.profile.name}: types" if name in idp.profile.types else "no row: a list"
