"""Whether operators of a tenant's help desk may act for its people, as the tenant has said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Impersonation:
    """operators: the role of whoever may. never_roles: whoever holds one of them is never impersonated.
    longest: seconds that a token lasts at most."""

    operators: str
    never_roles: tuple[str, ...] = ()
    second_person: bool = False
    longest: int = 1800
