"""What changed between two folders, in the words of the files: only files whose bytes differ are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from broker.configuration.bundle import FOLDERS
from broker.configuration.document import read

Files = Mapping[str, bytes]

_KEYS = {"clients": "client_id", "apis": "audience", "tenants": "id"}
_KINDS = {"clients": "client", "apis": "API", "tenants": "tenant"}
_LONGEST = 160  # characters of a value that is shown


@dataclass(frozen=True, slots=True)
class Change:
    """kind: tenant | client | API | file (a metadata file). change: added | removed | changed.

    details: one line a key, such as `home_realm.email_domains: + contoso.com`.
    """

    kind: str
    id: str
    change: str
    details: tuple[str, ...] = ()


def between(before: Files, after: Files) -> tuple[Change, ...]:
    """Every object that differs, tenants last; a file that only moved or was reformatted is no change."""
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    was, now = _objects(before, names), _objects(after, names)
    changes = [
        change
        for kind, name in sorted({*was, *now})
        if (change := _change(kind, name, was.get((kind, name)), now.get((kind, name)))) is not None
    ]
    others = sorted(name for name in names if not name.endswith(".yaml"))
    return (*changes, *(Change("file", name, _verb(before.get(name), after.get(name))) for name in others))


def environment_of(files: Files, names: set[str] | None = None) -> frozenset[str]:
    """The environment variables that these files (of them: `names`) take secrets from."""
    wanted = (name for name in (files if names is None else names) if name.endswith(".yaml") and name in files)
    return frozenset(found for name in wanted for found in _variables(read(files[name], name).value))


def _objects(files: Files, names: set[str]) -> dict[tuple[str, str], Mapping[str, object]]:
    found: dict[tuple[str, str], Mapping[str, object]] = {}
    for name in sorted(names):
        folder = name.partition("/")[0]
        if name not in files or folder not in FOLDERS or not name.endswith(".yaml"):
            continue
        value = read(files[name], name).value or {}
        found[_KINDS[folder], str(value.get(_KEYS[folder], name))] = value
    return found


def _change(
    kind: str, name: str, before: Mapping[str, object] | None, after: Mapping[str, object] | None
) -> Change | None:
    if before is None or after is None:
        return Change(kind, name, _verb(before, after))
    details = tuple(_differences("", before, after))
    return Change(kind, name, "changed", details) if details else None


def _verb(before: object, after: object) -> str:
    return "added" if before is None else "removed" if after is None else "changed"


def _differences(path: str, before: object, after: object) -> Iterator[str]:
    """One line a key that differs, however deep it stands."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}, key=str):
            yield from _differences(f"{path}.{key}" if path else str(key), before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _in_lists(path, before, after)
    elif _exactly(before) == _exactly(after):
        return
    elif before is None:
        yield f"{path}: + {_shown(after)}"
    elif after is None:
        yield f"{path}: - {_shown(before)}"
    else:
        yield f"{path}: {_shown(before)} -> {_shown(after)}"


def _in_lists(path: str, before: Sequence[object], after: Sequence[object]) -> Iterator[str]:
    was, now = _named(before), _named(after)
    if was is not None and now is not None:
        for name in sorted({*was, *now}):
            yield from _differences(f"{path}[{name}]", was.get(name), now.get(name))
        return
    old, new = [_exactly(item) for item in before], [_exactly(item) for item in after]
    for step, begin, end, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if step != "equal":
            yield from (f"{path}: - {_shown(item)}" for item in before[begin:end])
            yield from (f"{path}: + {_shown(item)}" for item in after[start:stop])


def _named(items: Sequence[object]) -> dict[str, object] | None:
    """Objects by their `id`; None: these are no such objects. An empty list is both."""
    named: dict[str, object] = {str(item["id"]): item for item in items if isinstance(item, Mapping) and "id" in item}
    return named if len(named) == len(items) else None


def _exactly(value: object) -> str:
    """Text, truths and numbers stay apart, which `==` does not see to: 1 == True."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else _exactly(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _variables(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        if set(value) == {"env"} and isinstance(value["env"], str):
            yield value["env"]
        for member in value.values():
            yield from _variables(member)
    elif isinstance(value, list):
        for item in value:
            yield from _variables(item)
