"""User codes (RFC 8628 §6.1): eight consonants, which spell no word; typed in any case, with or without dash."""

from __future__ import annotations

import secrets

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8


def new() -> str:
    """34 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    return f"{code[:4]}-{code[4:]}"


def read(typed: str) -> str | None:
    """What somebody typed, without what they may have put between; None: it cannot be a code."""
    code = "".join(letter for letter in typed[:64].upper() if letter not in "-–— .\t")
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None
