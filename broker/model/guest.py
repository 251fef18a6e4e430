"""Somebody of another tenant, invited into this one (contract section 5, Guests)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guest:
    """One entry of `guests`. What it says is what it is: an entry that is changed is another one.

    email: canonical domain, local part in lower case. roles: sorted. until: epoch seconds at which it is over.
    """

    home_tenant: str
    email: str
    roles: tuple[str, ...] = ()
    until: int | None = None

    def over(self, now: float) -> bool:
        return self.until is not None and now >= self.until
