"""`sign_in` of a tenant: when, where from and how strongly its people must sign in."""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, PlainValidator, WithJsonSchema

from broker.configuration.shapes.fields import ClientId, Duration, Name, NetworkField, Shape, Text, refuse

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile("([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)")
_DAY = re.compile(f"({'|'.join(DAYS)})(?:-({'|'.join(DAYS)}))?")


def _time_of_day(value: object) -> int:
    """Minutes after midnight."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise refuse("is not a time of day", 'write it in quotes, from "00:00" to "24:00"')
    hours, minutes = (part for part in found.groups() if part is not None)
    return int(hours) * 60 + int(minutes)


def _days(value: object) -> tuple[int, ...]:
    """[mon-fri, sun]; 0 is Monday. A span may go over the end of the week."""
    listed = value if isinstance(value, list) else []
    found = [_DAY.fullmatch(item) if isinstance(item, str) else None for item in listed]
    if not found or None in found:
        raise refuse("is not a list of days", "write [mon-fri] or [mon, wed, sat-sun]")
    spans = [(DAYS.index(one[1]), DAYS.index(one[2] or one[1])) for one in found if one is not None]
    return tuple(sorted({day % 7 for first, last in spans for day in range(first, first + (last - first) % 7 + 1)}))


def _timezone(value: object) -> str:
    try:
        return ZoneInfo(value).key if isinstance(value, str) else _no_timezone()
    except (KeyError, ValueError, OSError):
        return _no_timezone()


def _no_timezone() -> str:
    raise refuse("is not a time zone that this machine knows", "write a name such as Europe/Berlin")


TimeOfDay = Annotated[
    int, PlainValidator(_time_of_day), WithJsonSchema({"type": "string", "pattern": f"^({_TIME.pattern})$"})
]
Days = Annotated[
    tuple[int, ...],
    PlainValidator(_days),
    WithJsonSchema({"type": "array", "minItems": 1, "items": {"type": "string", "pattern": f"^{_DAY.pattern}$"}}),
]
TimeZone = Annotated[str, PlainValidator(_timezone), WithJsonSchema({"type": "string"})]


class HoursShape(Shape):
    """until: before `from`, it is on the next morning."""

    begin: TimeOfDay = Field(alias="from")
    until: TimeOfDay = Field(alias="to")
    timezone: TimeZone
    days: Days = tuple(range(7))


class TokenLifetimesShape(Shape):
    access_token: Duration | None = None
    id_token: Duration | None = None
    refresh_token: Duration | None = None


class ClientSignInShape(Shape):
    """What is stricter towards one client."""

    require_mfa: bool | None = None
    allowed_networks: list[NetworkField] = Field(default_factory=list)
    allowed_roles: list[Name] | None = None
    hours: HoursShape | None = None
    max_age: Duration | None = None
    lifetimes: TokenLifetimesShape = TokenLifetimesShape()


class SignInShape(ClientSignInShape):
    """And for all of them together; a session is one for all clients, so its limits are too."""

    allowed_clients: list[ClientId] | None = None
    session_absolute: Duration | None = None
    session_idle: Duration | None = None
    clients: dict[ClientId, ClientSignInShape] = Field(default_factory=dict)
    workloads: bool = True


class MultiFactorShape(Shape):
    """`mfa` of an identity provider: what means several factors there. Any one of them is enough."""

    acr: list[Text] = Field(default_factory=list)
    amr: list[Text] = Field(default_factory=list)
    acrs: list[Text] = Field(default_factory=list)


class MultiFactorKeys(Shape):
    """Mixed into the identity provider; `checks.sign_in` judges it."""

    mfa: MultiFactorShape | None = None
