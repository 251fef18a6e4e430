"""Request parameters as they came: every value of every name is kept until somebody asks for exactly one."""

from __future__ import annotations

from collections.abc import Mapping

Parameters = Mapping[str, tuple[str, ...]]

MAY_REPEAT = frozenset({"resource", "audience"})  # RFC 8707 §2, RFC 8693 §2.1


def one(unverified: Parameters, name: str) -> str | None:
    """The value of `name`; None where absent or empty (RFC 6749 §3.1: no value is as if omitted).

    Call `repeated` first: of several values this answers the first.
    """
    values = unverified.get(name, ())
    return (values[0] or None) if values else None


def repeated(unverified: Parameters) -> str | None:
    """The first name sent more than once (RFC 6749 §3.1: refused); None: all are single."""
    return next((name for name, values in unverified.items() if len(values) > 1 and name not in MAY_REPEAT), None)


def too_long(unverified: Parameters, limit: int) -> str | None:
    """The first name with a value of more than `limit` characters; None: all fit."""
    return next((name for name, values in unverified.items() if any(len(value) > limit for value in values)), None)
