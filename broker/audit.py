"""The reference that joins what the user was shown, the log lines and the audit events of one sign-in."""

from __future__ import annotations

import re
import secrets

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread or misheard: no 0 o, 1 i l

_FORM = re.compile(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}")


def new_reference() -> str:
    """`xxxx-xxxx`, 39 bits: found by whoever was shown it, guessed by nobody in passing."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def read_reference(typed: str) -> str | None:
    """A reference as a person may have typed or pasted it, `(ref ABCD-2345)` included; None: not one."""
    found = _FORM.search(typed.strip().lower())
    return found[0] if found else None
