"""What somebody let a client do: the scopes, claims and APIs that its page named."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Consent:
    """scopes, resources: as they were asked for. claims: single ones, beside those that the scopes show."""

    scopes: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()

    def joined(self, other: Consent) -> Consent:
        """What was allowed before stays allowed."""
        return Consent(
            scopes=tuple(dict.fromkeys((*self.scopes, *other.scopes))),
            claims=tuple(dict.fromkeys((*self.claims, *other.claims))),
            resources=tuple(dict.fromkeys((*self.resources, *other.resources))),
        )
