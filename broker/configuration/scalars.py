"""What a plain (unquoted) YAML scalar means here: text, true, false, a whole number or a date. All else is refused.

YAML 1.1 and 1.2 read many plain words differently (`no`, `0640`, `22:22`, `1e3`): a word on which readers disagree is
never guessed (attack catalogue YM-09 to YM-13); the operator quotes it.
"""

from __future__ import annotations

import re
from datetime import date

Scalar = str | int | bool | date

FIRST_OF_SUSPECTS = frozenset(("", *"0123456789+-.~tTfFyYnNoO<="))
_YAML_11_WORDS = frozenset(("yes", "no", "on", "off", "true", "false"))
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER_LIKE = re.compile(
    r"""[-+]?(
        0[0-9_]+ | 0b[01_]+ | 0o[0-7_]+ | 0x[0-9a-f_]+      # octal, binary, hexadecimal
      | [0-9][0-9_]* (:[0-5]?[0-9])+ (\.[0-9_]*)?           # base 60: 22:22
      | [0-9_]*\.?[0-9_]+ (e[-+]?[0-9]+)?                   # fractions, exponents, 1_000, +5
      | [0-9][0-9_]*\. (e[-+]?[0-9]+)?
      | \.(inf|nan)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:.*")


class Ambiguous(ValueError):
    """The scalar may not stand unquoted. args: what is wrong, what would be right."""


def plain(text: str) -> Scalar:
    """The value of a plain scalar. Raises Ambiguous."""
    if text[:1] not in FIRST_OF_SUSPECTS:
        return text
    if text == "true":
        return True
    if text == "false":
        return False
    if text in _NULLS:
        raise Ambiguous("has no value", "write a value, or leave the key out")
    if text.lower() in _YAML_11_WORDS:
        raise Ambiguous(f"`{text}` is read differently by different YAML readers", "write true or false, or quote it")
    return _number(text)


def _number(text: str) -> Scalar:
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DATE.fullmatch(text):
        return _date(text)
    if _NUMBER_LIKE.fullmatch(text) or _TIMESTAMP.fullmatch(text):
        raise Ambiguous(f"`{text}` is read differently by different YAML readers", f'quote it: "{text}"')
    return text


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Ambiguous(f"`{text}` looks like a date but is none", f'quote it: "{text}"') from error
