"""Is this redirect URI one that the client registered? (contract section 2, RFC 9700 §2.1, RFC 8252 §7.3)"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

PLACEHOLDER = "{tenant}"
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Match:
    """The URI is registered. `label`: what stood for `{tenant}`, still to be compared with the active tenant's."""

    label: str | None = None


def match(registered: Iterable[str], unverified_uri: str, *, any_loopback_port: bool) -> Match | None:
    """The registered URI that `unverified_uri` is, character by character; None: it is none of them.

    any_loopback_port: the client is a native app; an http URI on a loopback IP may differ in its port.
    """
    patterns = []
    for uri in registered:
        if PLACEHOLDER in uri:
            patterns.append(uri)
        elif uri == unverified_uri or (any_loopback_port and _same_but_port(uri, unverified_uri)):
            return Match()
    labels = (_label(pattern, unverified_uri) for pattern in patterns)
    return next((Match(label) for label in labels if label is not None), None)


def fill(pattern: str, label: str) -> str:
    """The URI that `pattern` means for the tenant with this host label."""
    return pattern.replace(PLACEHOLDER, label, 1)


def _label(pattern: str, unverified_uri: str) -> str | None:
    before, _, after = pattern.partition(PLACEHOLDER)
    label = unverified_uri[len(before) : len(unverified_uri) - len(after)]
    proven = _LABEL.fullmatch(label) is not None and fill(pattern, label) == unverified_uri
    return label if proven else None


def _same_but_port(uri: str, unverified_uri: str) -> bool:
    ours, theirs = _LOOPBACK.fullmatch(uri), _LOOPBACK.fullmatch(unverified_uri)
    if ours is None or theirs is None or int(theirs[2] or 80) > 65535:
        return False
    return (ours[1], ours[3]) == (theirs[1], theirs[3])
