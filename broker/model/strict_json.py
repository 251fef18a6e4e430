"""JSON from strangers, read one way only.

Refused with ValueError: bytes that are not UTF-8, a repeated member (RFC 8259 §4: readers disagree which one counts),
NaN and infinities, lone surrogates (they cannot be written again), nesting beyond the interpreter's depth.
"""

from __future__ import annotations

import json
import math


def parse(body: bytes) -> object:
    """The JSON value of `body`. Raises ValueError."""
    text = body.decode("utf-8")
    try:
        value: object = json.loads(
            text, object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite_number
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def parse_object(body: bytes) -> dict[str, object]:
    """The JSON object of `body`. Raises ValueError, also for any other value."""
    value = parse(body)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number
