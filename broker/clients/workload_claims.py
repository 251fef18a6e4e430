"""The claims of a workload token as a condition reads them: `incoming.<name>`, text unless the file says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from broker.model import ClaimValue

_OTHER = re.compile(r"[^A-Za-z0-9_]")


def incoming(claims: Mapping[str, object], types: Mapping[str, str]) -> Mapping[str, ClaimValue]:
    """Nested members under their joined names: `kubernetes.io: {namespace: x}` is `kubernetes_io_namespace`.

    Two claims that come to one name are both left out: nobody could say which of them a condition means.
    """
    found: dict[str, ClaimValue] = {}
    twice: set[str] = set()
    for name, value in _flat("", claims):
        if name in found:
            twice.add(name)
        found[name] = _typed(value, types[name])
    return {name: value for name, value in found.items() if name not in twice}


def _flat(prefix: str, claims: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in claims.items():
        joined = prefix + _OTHER.sub("_", name)
        if isinstance(value, dict):
            yield from _flat(f"{joined}_", value)
        elif value is not None:
            yield joined, value


def _typed(value: object, kind: str) -> ClaimValue:
    """What does not fit its type stays what it is, so that no condition can be evaluated on it."""
    if isinstance(value, list):
        return tuple(_text(item) for item in value)
    if kind == "list":
        return (_text(value),)
    if kind in {"bool", "number"} and isinstance(value, int | float):
        return value
    return _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""
