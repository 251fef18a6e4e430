"""`impersonation` of a tenant: false, or who may act for its people, and for whom never."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from broker.configuration.shapes.fields import Duration, Name, OneOf, Shape


class OperatorsShape(Shape):
    role: Name


class ImpersonationShape(Shape):
    allowed: bool = False
    operators: OperatorsShape | None = None
    never_roles: list[Name] = Field(default_factory=list)
    approval: Annotated[str, OneOf(("none", "second_person"))] = "none"
    longest: Duration = Field(default=1800, alias="max")


class _Off:
    """`false` is short for {allowed: false}."""

    def __call__(self, value: object) -> object:
        return {} if value is False else value

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"const": False}, handler(schema)]}


ImpersonationField = Annotated[ImpersonationShape, _Off()]
