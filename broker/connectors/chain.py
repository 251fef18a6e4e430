"""Brokers behind brokers: who said it first is kept, and what comes from ourselves is refused."""

from __future__ import annotations

from collections.abc import Iterable

from broker.errors import AssertionRejected

LONGEST = 10  # authorities; nobody chains more on purpose
_LONGEST_NAME = 1024  # SAML Core §8.3.6


def chain_of(upstream: str, behind: Iterable[object], ours: Iterable[str]) -> tuple[str, ...]:
    """The upstream and the authorities that it names behind itself, the nearest first; () where it names none.

    ours: our issuer and entityIDs. Raises AssertionRejected: chain (too long, no names), loop (we are among them).
    """
    named = list(behind)
    if not all(isinstance(one, str) and 0 < len(one) <= _LONGEST_NAME and one.isprintable() for one in named):
        raise AssertionRejected("chain", detail="an authority behind the identity provider has no usable name")
    if len(named) > LONGEST:
        raise AssertionRejected("chain", detail=f"more than {LONGEST} authorities behind the identity provider")
    texts = tuple(dict.fromkeys(str(one) for one in named if one != upstream))
    us = {name.rstrip("/") for name in ours}
    if any(text.rstrip("/") in us for text in (upstream, *texts)):
        raise AssertionRejected("loop", "This sign-in went round in a circle. Ask your administrator.", detail="loop")
    return (upstream, *texts) if texts else ()
