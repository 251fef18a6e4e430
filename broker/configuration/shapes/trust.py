"""Kinds of value that say how long, and by which keys, an upstream is trusted."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from broker.configuration.shapes.fields import refuse

_HEX = re.compile("[0-9a-f]{64}")


def _fingerprint(value: object) -> str:
    """As `openssl x509 -fingerprint -sha256` and Windows write it, colons and capitals included."""
    text = value.replace(":", "").lower() if isinstance(value, str) else ""
    if _HEX.fullmatch(text) is None:
        raise refuse(
            "is not a certificate's SHA-256 fingerprint", "write 64 hexadecimal digits, colons may stand between"
        )
    return text


def _day(value: object) -> int:
    """The first moment of that day, in UTC."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise refuse("is not a date", "write it as 2027-01-31")
    return int(datetime.combine(day, time(), UTC).timestamp())


Fingerprint = Annotated[
    str, PlainValidator(_fingerprint), WithJsonSchema({"type": "string", "pattern": "^([0-9a-fA-F]{2}:?){32}$"})
]
Day = Annotated[int, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
