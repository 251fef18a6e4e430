"""The input of `broker claims try`: JSON to upstream names and values, as a connector would give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from broker.model import Value

Attributes = Mapping[str, tuple[Value, ...]]


def read_incoming(given: object) -> Attributes:
    """{short name: value or list}. Raises ValueError, which says what is wrong."""
    return dict(_flat(_object(given, "the input"), ""))


def read_raw(given: object, protocol: str) -> Attributes:
    """What the IdP sends; `protocol` decides its shape. Raises ValueError, which says what is wrong."""
    members = _object(given, "the input")
    if protocol in {"oidc", "oauth2"}:
        return dict(_flat(members, ""))
    unknown = sorted(set(members) - {"name_id", "name_id_format", "attributes"})
    if unknown or "attributes" not in members:
        raise ValueError('the input of --raw is {"name_id", "name_id_format", "attributes": {name: [values]}}')
    attributes = dict(_flat(_object(members["attributes"], "attributes"), ""))
    name_id = {name: (_scalar(members[name], name),) for name in ("name_id", "name_id_format") if members.get(name)}
    return {**attributes, **name_id}


def _flat(members: Mapping[str, object], prefix: str) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """Members of nested objects get dotted names; null is absent."""
    for name, value in members.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, tuple(_scalar(element, name) for element in value if element is not None)
        elif value is not None:
            yield prefix + name, (_scalar(value, name),)


def _object(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not a JSON object")
    return value


def _scalar(value: object, name: str) -> Value:
    if not isinstance(value, (str, int, float, bool)):
        raise ValueError(f"{name} is neither text, a number, true, false nor a list of these")
    return value
