"""Frozen dataclasses to JSON text and back, for values that the store keeps sealed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from functools import partial
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_RESTORERS: dict[type[object], dict[str, Any]] = {}
_ABSENT: dict[type[object], dict[str, None]] = {}


def dumps(value: object) -> str:
    """JSON of a dataclass instance; tuples and sets become lists. None members are left out."""
    return _JSON.encode(_members(value))


def loads(kind: type[T], text: str) -> T:
    """The inverse of `dumps` for the same type."""
    return _restored(kind, json.loads(text))


def _members(value: object) -> dict[str, object]:
    members = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}  # type: ignore[arg-type]  # any dataclass instance
    return {name: member for name, member in members.items() if member is not None}


def _restored(kind: type[T], members: Mapping[str, Any]) -> T:
    restore = _restorers(kind)
    present = {name: restore[name](member) for name, member in members.items()}
    return kind(**_absent(kind) | present)


def _plain(value: object) -> object:
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value):
        return _members(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


_JSON = json.JSONEncoder(default=_plain, separators=(",", ":"))


def _restorers(kind: type[object]) -> dict[str, Any]:
    """Made once a type."""
    if kind not in _RESTORERS:
        _RESTORERS[kind] = {name: _restorer(hint) for name, hint in get_type_hints(kind).items()}
    return _RESTORERS[kind]


def _absent(kind: type[object]) -> dict[str, None]:
    """Members without a default: one that was left out was None. Made once a type."""
    if kind not in _ABSENT:
        fields = dataclasses.fields(kind)  # type: ignore[arg-type]  # a dataclass, by contract of `loads`
        missing = dataclasses.MISSING
        bare = (field.name for field in fields if field.default is missing and field.default_factory is missing)
        _ABSENT[kind] = dict.fromkeys(bare)
    return _ABSENT[kind]


def _restorer(hint: object) -> Any:
    origin = get_origin(hint)
    if origin is tuple:
        return tuple
    if origin is frozenset:
        return frozenset
    if origin is Mapping:
        return _mapping
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return partial(_restored, hint)
    if origin in {UnionType, Union}:  # None is never written, so of `X | None` an X is read
        kinds = [kind for kind in get_args(hint) if kind is not NoneType]
        return _restorer(kinds[0]) if len(kinds) == 1 else _same
    return _same


def _same(value: object) -> object:
    return value


def _mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    """Lists inside a mapping were tuples: attributes and claims hold no other sequence."""
    return {name: tuple(member) if isinstance(member, list) else member for name, member in value.items()}
