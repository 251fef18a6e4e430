"""A tenant's claims rules as data (contract section 5, Rules). Every expression is CEL source text.

`number` counts from 1, in file order; it names the rule in traces. `when` None: always.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Set:
    number: int
    claims: Mapping[str, str]  # outgoing claim -> expression; each key stands alone
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    number: int
    role: str
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Roles:
    number: int
    source: str  # expression giving a list of text
    map: Mapping[str, str]  # value -> role, exact
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    number: int
    claims: tuple[str, ...]
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Deny:
    number: int
    message: str
    when: str | None = None


Rule = Set | Role | Roles | Drop | Deny
