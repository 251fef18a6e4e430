"""JSON Schema for editors: one document, `$defs` holds a part for each kind of file and what it is made of.

A YAML file names its part in its first line:
    # yaml-language-server: $schema=../broker.schema.json#/$defs/tenant
"""

from __future__ import annotations

from pydantic.json_schema import models_json_schema

from broker.configuration.shapes import ApiShape, BrokerShape, ClientShape, TenantShape, WorkloadShape

_NAMES = {
    "broker": BrokerShape,
    "client": ClientShape,
    "api": ApiShape,
    "workload": WorkloadShape,
    "tenant": TenantShape,
}


def schema() -> dict[str, object]:
    """The whole document; at its root, a file is any one of them."""
    shapes = [(shape, "validation") for shape in _NAMES.values()]
    _, document = models_json_schema(shapes, by_alias=True)  # type: ignore[arg-type]  # the literal widens in a list
    parts = {name: {"$ref": f"#/$defs/{shape.__name__}"} for name, shape in _NAMES.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration files of the broker",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in parts],
        "$defs": {**document["$defs"], **parts},
    }
