"""`guests` of a tenant: people of other tenants that may come in."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from broker.configuration.shapes.fields import Identifier, Name, Shape, Text, refuse

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _date(value: object) -> date:
    """YAML reads a bare date as one; JSON and quotes leave text."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise refuse("is not a day of the calendar", "mend it") from error
    raise refuse("is not a date", "write a day such as 2027-06-30")


Date = Annotated[date, PlainValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]


class GuestShape(Shape):
    """until: the last day, in UTC."""

    home_tenant: Identifier
    email: Text
    roles: list[Name] = Field(default_factory=list)
    until: Date | None = None
