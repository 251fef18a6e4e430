"""`subject:` of an identity provider: what keys a person there."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from broker.configuration.shapes.fields import Shape, Texts, read_texts


class SubjectShape(Shape):
    """from: candidates in order, instead of the profile's, each a name or several joined by `+`. accept_mutable: an
    address or a user name may key a person, although it can be given to somebody else one day; None: as the profile
    has it."""

    candidates: Texts | None = Field(default=None, alias="from")
    accept_mutable: bool | None = None


class _ShortForm:
    """`sub` and `[tid+oid, sub]` are short for {from: …}."""

    def __call__(self, value: object) -> object:
        return {"from": list(read_texts(value))} if not isinstance(value, (dict, SubjectShape)) else value

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = {"type": "array", "items": {"type": "string"}, "minItems": 1}
        return {"anyOf": [{"type": "string"}, several, handler(schema)]}


SubjectField = Annotated[SubjectShape, _ShortForm()]
