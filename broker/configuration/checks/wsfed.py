"""What the names of a WS-Federation identity provider look like."""

from __future__ import annotations

import re
from collections.abc import Iterable

from broker.configuration.checks.finding import Context, Finding
from broker.configuration.document import Path
from broker.configuration.shapes import IdentityProviderShape

URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]+")


def check_wsfed(provider: IdentityProviderShape, path: Path, _context: Context) -> Iterable[Finding]:
    """AD FS takes nothing else for an identifier or a method (WS-Federation 1.2 §13.2.1)."""
    for key, example in (
        ("wtrealm", "urn:broker:contoso"),
        ("wauth", "http://schemas.microsoft.com/claims/multipleauthn"),
    ):
        value = getattr(provider, key)
        if value is not None and URI.fullmatch(value) is None:
            yield Finding((*path, key), "is not an absolute URI", f"write one, such as {example}")
