"""The one door for YAML: bytes to plain values, with a place (line, column) for every one of them.

The parser's events are read one after the other, never recursively and never composed to a graph, so neither depth nor
aliases can hurt (attack catalogue YM-01 to YM-08, YM-21, YM-22). Refused: tags, anchors, aliases, merge keys,
directives, a second document, duplicate or non-text keys, nulls, `${…}`, invisible characters, and what `scalars` calls
ambiguous. Places are only worked out when somebody asks: a file without problems never pays for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn

import yaml

from broker.configuration.scalars import FIRST_OF_SUSPECTS, Ambiguous, plain
from broker.errors import Problem

LONGEST_FILE = 1_048_576
DEEPEST = 20
MOST_PROBLEMS = 100

Path = tuple[str | int, ...]
Tree = object  # dict[str, Tree] | list[Tree] | Scalar | None (None: refused, a problem says why)

# C0 and C1 controls, line separators, bidirectional overrides: they make a file look like something it is not
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value and its key begin, counted from 1. Items of a list have no key: both places are the same."""

    key: tuple[int, int]
    value: tuple[int, int]


@dataclass
class Document:
    """One YAML file. `value` None: nothing could be read at all. `refused`: paths whose value a problem took."""

    file: str
    data: bytes
    value: dict[str, Tree] | None = None
    problems: list[Problem] = field(default_factory=list)
    refused: set[Path] = field(default_factory=set)

    @cached_property
    def _places(self) -> dict[Path, Place]:
        builder = _Builder(self.file, places={})
        builder.read(self.data)
        return builder.places or {}

    def problem(
        self, path: Path, what: str, remedy: str = "", *, at_key: bool = False, warning: bool = False
    ) -> Problem:
        """A problem of the value at `path`, or of the nearest thing around it that stands in the file."""
        near = path
        while near and near not in self._places:
            near = near[:-1]
        place = self._places.get(near, Place((1, 1), (1, 1)))
        line, column = place.key if at_key and near == path else place.value
        return Problem(self.file, line, column, dotted(path), what, remedy, warning)


def dotted(path: Path) -> str:
    """`identity_providers[0].metadata.url`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read(data: bytes, file: str) -> Document:
    """Parse one file. Never raises: everything wrong with it stands in `problems`."""
    builder = _Builder(file, places=None)
    value = builder.read(data)
    return Document(file, data, value, builder.problems, builder.refused)


class _Stop(Exception):
    """The rest of the file cannot be read in any sensible way; a problem has been noted."""


@dataclass(slots=True)
class _Level:
    """One open mapping or list, and in a mapping the key that waits for its value."""

    container: dict[str, Tree] | list[Tree]
    path: Path
    key: str | None = None
    duplicate: bool = False
    key_event: yaml.Event | None = None


class _Builder:
    def __init__(self, file: str, places: dict[Path, Place] | None) -> None:
        self.file = file
        self.places = places
        self.problems: list[Problem] = []
        self.refused: set[Path] = set()
        self.stack: list[_Level] = []
        self.documents = 0

    def read(self, data: bytes) -> dict[str, Tree] | None:
        try:
            root = self._events(self._text(data))
        except _Stop:
            return None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
            self._note(where, f"not valid YAML: {error.problem or error.context}", "mend the syntax")
            return None
        except yaml.YAMLError:
            self._note((1, 1), "not valid YAML", "mend the syntax")
            return None
        return root

    def _text(self, data: bytes) -> str:
        if len(data) > LONGEST_FILE:
            self._stop((1, 1), f"larger than {LONGEST_FILE} bytes", "split it into several files")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._stop(_place_in(data[: error.start]), "not UTF-8", "save the file as UTF-8")
        if found := _INVISIBLE.search(text):
            where = _place_in(text[: found.start()].encode())
            self._stop(where, f"the invisible character U+{ord(found[0]):04X}", "remove it")
        return text

    def _events(self, text: str) -> dict[str, Tree] | None:
        root: Tree = None
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._open(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
            elif isinstance(event, yaml.CollectionEndEvent):
                root = self.stack.pop().container
            elif isinstance(event, yaml.AliasEvent):
                self._stop(_at(event), "aliases (`*name`) are refused", "write the value out")
            elif isinstance(event, yaml.DocumentStartEvent):
                self._document(event)
        if isinstance(root, dict):
            return root
        if not self.problems:
            self._note((1, 1), "must be a mapping of keys to values", "write `key: value` lines")
        return None

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self.documents += 1
        if self.documents > 1:
            self._stop(_at(event), "a second document in one file", "one object a file: remove `---`")
        if event.version or event.tags:
            self._stop(_at(event), "YAML directives are refused", "remove the line that begins with %")

    def _open(self, event: yaml.CollectionStartEvent, container: dict[str, Tree] | list[Tree]) -> None:
        if event.anchor is not None or event.tag is not None:
            self._plain_node(event, _at(event))
        if len(self.stack) >= DEEPEST:
            self._stop(_at(event), f"nested deeper than {DEEPEST} levels", "flatten it")
        if self.stack and isinstance(self.stack[-1].container, dict) and self.stack[-1].key is None:
            self._stop(_at(event), "a key must be plain text", "write `key: value`")
        path = self._path()
        self._put(container, event)
        self.stack.append(_Level(container, path))

    def _plain_node(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, where: tuple[int, int]) -> None:
        if event.anchor is not None:
            self._stop(where, "anchors (`&name`) are refused", "remove the anchor and write each value out")
        if event.tag is not None:
            self._stop(where, "tags (`!name`) are refused", "remove the tag; quote the value where it is text")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if event.anchor is not None or event.tag is not None:
            self._plain_node(event, _at(event))
        level = self.stack[-1] if self.stack else None
        if level is not None and level.key is None and isinstance(level.container, dict):
            self._key(event, level, level.container)
        else:
            self._put(self._value(event), event)

    def _key(self, event: yaml.ScalarEvent, level: _Level, container: dict[str, Tree]) -> None:
        key: str = event.value
        level.key, level.key_event, level.duplicate = key, event, key in container
        if level.duplicate or not event.implicit[0] or key[:1] in FIRST_OF_SUSPECTS:
            self._judge_key(key, event, duplicate=level.duplicate)

    def _judge_key(self, key: str, event: yaml.ScalarEvent, *, duplicate: bool) -> None:
        where, unquoted = _at(event), event.implicit[0]
        if key == "<<" and unquoted:
            self._note(where, "merge keys (`<<`) are refused", "write the keys out", refuse=True)
        elif unquoted and not _is_text(key):
            self._note(where, f"the key `{key}` is not text", f'quote it: "{key}"', refuse=True)
        elif _INVISIBLE.search(key):
            self._note(where, "an invisible character in a key", "remove it", refuse=True)
        elif duplicate:
            self._note(where, f"the key `{key}` stands here twice", "keep one of the two")

    def _value(self, event: yaml.ScalarEvent) -> Tree:
        text: str = event.value
        if event.implicit[0]:
            try:
                value = plain(text)
            except Ambiguous as error:
                self._note(_at(event), *error.args, refuse=True)
                return None
            if value is not text:
                return value
        elif _INVISIBLE.search(text):
            self._note(_at(event), "an invisible character in the text", "remove it", refuse=True)
            return None
        if "${" in text:
            self._note(_at(event), "variables are not filled in", "write the value itself", refuse=True)
            return None
        return text

    def _put(self, value: Tree, event: yaml.Event) -> None:
        if not self.stack:
            return
        level = self.stack[-1]
        if self.places is not None:
            where = _at(event)
            self.places.setdefault(self._path(), Place(_at(level.key_event) if level.key_event else where, where))
        if isinstance(level.container, list):
            level.container.append(value)
        elif level.key is not None:
            if not level.duplicate:
                level.container[level.key] = value
            level.key = None

    def _path(self) -> Path:
        """Of what comes next."""
        if not self.stack:
            return ()
        level = self.stack[-1]
        if isinstance(level.container, list):
            return (*level.path, len(level.container))
        return level.path if level.key is None else (*level.path, level.key)

    def _note(self, where: tuple[int, int], what: str, remedy: str, *, refuse: bool = False) -> None:
        path = self._path()
        if refuse:
            self.refused.add(path)
        self.problems.append(Problem(self.file, *where, dotted(path), what, remedy))
        if len(self.problems) >= MOST_PROBLEMS:
            raise _Stop

    def _stop(self, where: tuple[int, int], what: str, remedy: str) -> NoReturn:
        self._note(where, what, remedy)
        raise _Stop


def _is_text(key: str) -> bool:
    try:
        return isinstance(plain(key), str)
    except Ambiguous:
        return False


def _at(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def _place_in(before: bytes) -> tuple[int, int]:
    lines = before.decode(errors="replace").split("\n")
    return len(lines), len(lines[-1]) + 1
