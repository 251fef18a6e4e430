"""A tenant's claims rules: one kind each, roles from the list, no reserved claim, every expression compiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from broker import expressions
from broker.configuration.checks.finding import Context, Finding
from broker.configuration.document import Path
from broker.configuration.profiles import profile
from broker.configuration.shapes import RuleShape, TenantShape
from broker.model.reserved import RESERVED

_KINDS = {"claims": "set", "role": "role", "roles": "roles", "drop": "drop", "deny": "deny"}  # field -> key
Types = tuple[str, Mapping[str, str]]  # the identity provider's id, and the types of its incoming claims


def check_rules(shape: TenantShape, _context: Context) -> Iterable[Finding]:
    worlds = list(_worlds(shape))
    for index, rule in enumerate(shape.claims):
        path: Path = ("claims", index)
        yield from _kind(rule, path)
        yield from _reserved(rule, path)
        yield from _roles(rule, path, frozenset(shape.roles))
        for below, source, wants in expressions_in(rule):
            yield from _compiles((*path, *below), source, wants, worlds)


def incoming_types(shape: TenantShape) -> Iterator[Types]:
    """Of each identity provider: its profile's types, its own `claim_types`, and those of what the hook answers."""
    told = shape.enrich.hook.claims if shape.enrich else {}
    for provider in shape.identity_providers:
        yield provider.id, {**profile(provider.vendor).types, **provider.claim_types, **told}


def _worlds(shape: TenantShape) -> Iterator[Types]:
    """The distinct ones: usually one."""
    seen: list[Mapping[str, str]] = []
    for name, types in incoming_types(shape):
        if types not in seen:
            seen.append(types)
            yield name, types


def _kind(rule: RuleShape, path: Path) -> Iterable[Finding]:
    kinds = [key for field, key in _KINDS.items() if getattr(rule, field) is not None]
    if len(kinds) != 1:
        what = f"a rule does one thing, this one {' and '.join(kinds) if kinds else 'none'}"
        yield Finding(path, what, "write exactly one of set, role, roles, drop and deny in a rule")


def _reserved(rule: RuleShape, path: Path) -> Iterable[Finding]:
    for name in rule.claims or ():
        if name in RESERVED:
            yield Finding((*path, "set", name), f"`{name}` belongs to the broker", "give the claim another name")
    for index, name in enumerate(rule.drop or ()):
        if name in RESERVED:
            yield Finding((*path, "drop", index), f"`{name}` belongs to the broker", "remove it: no rule can drop it")


def _roles(rule: RuleShape, path: Path, known: frozenset[str]) -> Iterable[Finding]:
    remedy = f"use one of {', '.join(sorted(known))}" if known else "add it to the tenant's `roles`"
    if rule.role is not None and rule.role not in known:
        yield Finding((*path, "role"), f"`{rule.role}` is not in the tenant's roles", remedy)
    for value, role in (rule.roles.map if rule.roles else {}).items():
        if role not in known:
            yield Finding((*path, "roles", "map", value), f"`{role}` is not in the tenant's roles", remedy)


def expressions_in(rule: RuleShape) -> Iterator[tuple[Path, str, str]]:
    """Where it stands in the rule, its source, and what it must give."""
    for claim, source in (rule.claims or {}).items():
        yield ("set", claim), source, "value"
    if rule.roles is not None:
        yield ("roles", "from"), rule.roles.source, "list"
    if rule.when is not None:
        yield ("when",), rule.when, "bool"


def _compiles(path: Path, source: str, wants: str, worlds: list[Types]) -> Iterable[Finding]:
    for name, types in worlds:
        try:
            expressions.compile(source, types, wants)
        except expressions.ExpressionError as error:
            of = f" (claims of `{name}`)" if len(worlds) > 1 else ""
            yield Finding(path, f"the expression is not valid: {error.what}{of}", _remedy(error))
            return


def _remedy(error: expressions.ExpressionError) -> str:
    return f"see line {error.line}, character {error.column} of the expression"
