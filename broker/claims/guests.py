"""What is said of a guest: nothing that the home tenant's rules made (contract section 5, Guests)."""

from __future__ import annotations

from collections.abc import Mapping

from broker.claims.rules import Outcome
from broker.model import ClaimValue


def of_guest(outcome: Outcome, incoming: Mapping[str, ClaimValue], address: str) -> Mapping[str, ClaimValue]:
    """The name as the IdP sent it, and the address that was proven; what the home tenant keeps back stays there."""
    name = incoming.get("name")
    crossing = {"name": name, "email": address} if isinstance(name, str) else {"email": address}
    return {key: value for key, value in crossing.items() if key in outcome.claims}
