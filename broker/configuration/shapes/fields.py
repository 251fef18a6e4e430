"""The kinds of value that the shapes are made of. Each refuses with what is wrong and what would be right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic.types import StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from broker.model.realm import Network

ID_PATTERN = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
VARIABLE_PATTERN = "^[A-Za-z_][A-Za-z0-9_]{0,199}$"
CLIENT_ID_PATTERN = "^[\\x21-\\x7e]{1,200}$"
AUDIENCE_PATTERN = "^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,300}$"
SCOPE_PATTERN = "^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,100}$"  # RFC 6749 §3.3
CLAIM_PATTERN = '^[^\\s"]{1,300}$'
UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
HEADER_PATTERN = "^[A-Za-z][A-Za-z0-9-]{0,63}$"
LONGEST_DURATION = 3660 * 86400

PATTERN_HINTS: Mapping[str, tuple[str, str]] = {
    ID_PATTERN: ("is not an id", "use 1 to 63 of a-z, 0-9 and -, neither first nor last a -"),
    CLIENT_ID_PATTERN: ("is not a client id", "use up to 200 visible ASCII characters without spaces"),
    AUDIENCE_PATTERN: (
        "is not an audience",
        "use a URI, or a name without spaces and quotation marks",
    ),
    VARIABLE_PATTERN: ("is not the name of an environment variable", "use letters, digits and _"),
    SCOPE_PATTERN: ("is not a scope", 'use visible ASCII characters without spaces, " and \\'),
    UUID_PATTERN: ("is not a tenant id", "write it as 11111111-2222-3333-4444-555555555555, in lower case"),
    HEADER_PATTERN: ("is not the name of a header", "use letters, digits and -"),
    CLAIM_PATTERN: ("is not a claim name", "use up to 300 characters without spaces and quotation marks"),
}


class Shape(BaseModel):
    """Closed and strict: no unknown key, no conversion of one type to another."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


def refuse(what: str, remedy: str = "") -> PydanticCustomError:
    """The error of a field's own check; `reading` turns it into a problem."""
    return PydanticCustomError("refused", "{what}", {"what": what, "remedy": remedy})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise refuse(
            "must be text", "put it in quotes" if isinstance(value, (int, float)) else "write one piece of text"
        )
    return value


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([1-9][0-9]{0,6})([smhd])")


def _duration(value: object) -> int:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise refuse("is not a duration", "write a whole number and a unit: 30s, 10m, 8h or 90d")
    seconds = int(found[1]) * _UNITS[found[2]]
    if seconds > LONGEST_DURATION:
        raise refuse("is longer than ten years", "write a shorter duration")
    return seconds


def _network(value: object) -> Network:
    text = _text(value)
    try:
        return ip_network(text, strict=True)
    except ValueError as error:
        raise refuse("is not a network", _network_remedy(text)) from error


def _network_remedy(text: str) -> str:
    try:
        return f"bits are set beyond the prefix: did you mean {ip_network(text, strict=False)}?"
    except ValueError:
        return "write an address with a prefix, such as 192.0.2.0/24 or 2001:db8::/32"


def read_texts(value: object) -> tuple[str, ...]:
    """One text or a list of texts."""
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, str) and item for item in items):
        raise refuse("must be one piece of text or a list of texts", "write `sub` or `[tid+oid, sub]`")
    return tuple(items)


def _everyone_or_some(value: object) -> tuple[str, ...] | None:
    """`all` -> None, or a list of tenant ids."""
    if value == "all":
        return None
    if not isinstance(value, list) or not value:
        raise refuse("must be `all` or a list of tenant ids", "write `all` or `[contoso, fabrikam]`")
    return tuple(_text(item) for item in value)


def _nullable_array(**also: object) -> dict[str, object]:
    return {"anyOf": [also, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}


Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Identifier = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
ClientId = Annotated[str, StringConstraints(pattern=CLIENT_ID_PATTERN)]
Audience = Annotated[str, StringConstraints(pattern=AUDIENCE_PATTERN)]
Scope = Annotated[str, StringConstraints(pattern=SCOPE_PATTERN)]
ClaimName = Annotated[str, StringConstraints(pattern=CLAIM_PATTERN)]
Duration = Annotated[
    int, PlainValidator(_duration), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,6}[smhd]$"})
]
NetworkField = Annotated[Network, PlainValidator(_network), WithJsonSchema({"type": "string"})]
Texts = Annotated[tuple[str, ...], PlainValidator(read_texts), WithJsonSchema(_nullable_array(type="string"))]
TenantsField = Annotated[
    tuple[str, ...] | None, PlainValidator(_everyone_or_some), WithJsonSchema(_nullable_array(const="all"))
]


@dataclass(frozen=True)
class OneOf:
    """A choice between words: those of this version, and those that a later version will know."""

    now: tuple[str, ...]
    later: tuple[str, ...] = ()

    def __call__(self, value: object) -> str:
        if isinstance(value, str) and value in self.now:
            return value
        remedy = f"use {_listed(self.now)}"
        if isinstance(value, str) and value in self.later:
            raise refuse(f"`{value}` is not supported by this version", remedy)
        raise refuse("is not one of the words that may stand here", remedy)

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"enum": list(self.now)}


@dataclass(frozen=True)
class NotYet:
    """A key that this version does not implement: only the values that ask for nothing are accepted."""

    harmless: tuple[object, ...] = ()

    def __call__(self, value: object) -> object:
        if any(type(value) is type(item) and value == item for item in self.harmless):
            return value
        raise refuse("is not supported by this version", "remove it")

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"enum": list(self.harmless)} if self.harmless else {"not": {}}


def _listed(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


SigningAlgorithm = Annotated[str, OneOf(("ES256", "RS256", "PS256", "EdDSA"))]


class SecretRef(Shape):
    """Where a secret is kept; never the secret itself. Exactly one of the two."""

    env: Annotated[str, StringConstraints(pattern=VARIABLE_PATTERN)] | None = None
    file: Text | None = None
    sealed: Annotated[object, NotYet()] = None


def _not_in_the_file(value: object) -> object:
    if isinstance(value, (str, int)):
        raise refuse("a secret may not stand in the file", "write {env: NAME} or {file: PATH}")
    return value


def _exactly_one(ref: SecretRef) -> SecretRef:
    if (ref.env is None) == (ref.file is None):
        raise refuse("needs exactly one of `env` and `file`", "write {env: NAME} or {file: PATH}")
    return ref


SecretField = Annotated[SecretRef, BeforeValidator(_not_in_the_file), AfterValidator(_exactly_one)]
