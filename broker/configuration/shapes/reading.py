"""A document to a shape, with every problem at once, each at its place and with a remedy.

Where a file has problems, what is left of it is still read (`Read.whole` is False then): the checks within and between
files run on that, so that one problem never hides another.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count, islice
from typing import Generic, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from broker.configuration.document import Document, Path
from broker.configuration.shapes.fields import PATTERN_HINTS, Shape
from broker.errors import Problem

S = TypeVar("S", bound=Shape)
_ROUNDS = 6  # each round of salvage takes out what the round before laid bare

_SWITCHES = frozenset(("verify", "verify_ssl", "verify_tls", "insecure", "skip_verify", "validate", "strict", "debug"))


@dataclass(frozen=True)
class Salvage:
    """How a salvaged shape differs from its file: what was taken out, and which required keys were made up."""

    dropped: frozenset[Path] = frozenset()
    invented: frozenset[str] = frozenset()

    def original(self, path: Path) -> Path:
        """A path in the shape as a path in the file: taking out an item moves those after it."""
        found: Path = ()
        for part in path:
            found = (*found, self._index(found, part) if isinstance(part, int) else part)
        return found

    def _index(self, around: Path, index: int) -> int:
        kept = (place for place in count() if (*around, place) not in self.dropped)
        return next(islice(kept, index, None))

    def explains(self, path: Path) -> bool:
        """Whether what is found at `path` of the file may come from what was taken out there or made up."""
        if path and path[0] in self.invented:
            return True
        return any(gone[: len(path)] == path or path[: len(gone)] == gone for gone in self.dropped)


@dataclass(frozen=True)
class Read(Generic[S]):
    """`shape` None: nothing usable. Not `whole`: it has problems, and the shape is what could be salvaged."""

    document: Document
    shape: S | None
    problems: tuple[Problem, ...]
    salvage: Salvage = Salvage()

    @property
    def whole(self) -> bool:
        return self.shape is not None and not self.problems

    def problem(self, path: Path, what: str, remedy: str = "", *, warning: bool = False) -> Iterator[Problem]:
        """A problem of the shape at its place in the file; none where it only follows from an earlier one."""
        if not self.explains(path):
            yield self.document.problem(self.salvage.original(path), what, remedy, warning=warning)

    def explains(self, path: Path) -> bool:
        return self.salvage.explains(self.salvage.original(path))


def read_shape(shape: type[S], document: Document) -> Read[S]:
    """Validate one document. Never raises."""
    if document.value is None:
        return Read(document, None, tuple(document.problems))
    try:
        value = shape.model_validate(document.value)
    except ValidationError as error:
        problems = [*document.problems, *_problems(shape, document, error.errors())]
        salvaged, salvage = _salvage(shape, document, error)
        return Read(document, salvaged, tuple(problems), salvage)
    return Read(document, value, tuple(document.problems), Salvage(frozenset(document.refused)))


def _problems(shape: type[Shape], document: Document, errors: list[ErrorDetails]) -> Iterator[Problem]:
    for error in errors:
        path = _path(error)
        if path in document.refused:
            continue
        what, remedy = _words(shape, error, path)
        yield document.problem(path, what, remedy, at_key=error["type"] == "extra_forbidden")


def _path(error: ErrorDetails) -> Path:
    return tuple(part for part in error["loc"] if part != "[key]")


def _words(shape: type[Shape], error: ErrorDetails, path: Path) -> tuple[str, str]:
    """What is wrong and what would be right, for each kind of error that pydantic can have with our shapes."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "refused":
        return str(context["what"]), str(context["remedy"])
    if kind == "missing":
        return "is missing", f"add `{path[-1]}:`"
    if kind == "extra_forbidden":
        return _unknown(shape, path)
    if kind == "string_pattern_mismatch":
        return PATTERN_HINTS.get(str(context["pattern"]), ("has a form that is not allowed here", "use another name"))
    if kind == "string_type":
        return "must be text", "put it in quotes" if isinstance(error["input"], (int, date)) else "write text"
    return _PLAIN_WORDS.get(kind, (error["msg"], ""))


_PLAIN_WORDS = {
    "string_too_short": ("is empty", "write a value, or leave the key out"),
    "string_too_long": ("is too long", "shorten it"),
    "bool_type": ("must be true or false", "write true or false without quotes"),
    "int_type": ("must be a whole number", "write it without quotes"),
    "list_type": ("must be a list", "write [a, b], or one `- item` a line"),
    "dict_type": ("must be a mapping", "write `key: value` lines"),
    "model_type": ("must be a mapping", "write `key: value` lines"),
    "model_attributes_type": ("must be a mapping", "write `key: value` lines"),
    "too_short": ("is empty", "write at least one, or leave the key out"),
}


def _unknown(shape: type[Shape], path: Path) -> tuple[str, str]:
    key, known = str(path[-1]), _known_keys(shape, path[:-1])
    if "fingerprint" in key.lower() or "thumbprint" in key.lower():
        return "certificate fingerprints are never trusted", "use `metadata: {file: …}` or `metadata: {url: …}`"
    if key in _SWITCHES:
        return "no check can be switched off", "remove it"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.7)
    return "unknown key", f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"


def _known_keys(shape: type[Shape], path: Path) -> list[str]:
    """The keys that may stand at `path`, in the order of the shape."""
    for part in path:
        if isinstance(part, str):
            below = next((f.annotation for n, f in shape.model_fields.items() if (f.alias or n) == part), None)
            shape = _shape_in(below) or shape
    return [field.alias or name for name, field in shape.model_fields.items()]


def _shape_in(annotation: object) -> type[Shape] | None:
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return annotation
    return next((found for part in get_args(annotation) if (found := _shape_in(part))), None)


_INVENTED: dict[str, object] = {
    "id": "unnamed",
    "client_id": "unnamed",
    "audience": "unnamed",
    "auth": {"method": "none"},
    "identity_providers": [],
}


def _salvage(shape: type[S], document: Document, error: ValidationError) -> tuple[S | None, Salvage]:
    """What is left when every faulty value is taken out; an item that cannot stand without it goes too."""
    dropped: set[Path] = set()
    invented: dict[str, object] = {}
    salvage = Salvage()
    for _ in range(_ROUNDS):
        for fault in error.errors():
            path = salvage.original(_path(fault))
            if fault["type"] == "missing" and len(path) == 1 and str(path[0]) in _INVENTED:
                invented[str(path[0])] = _INVENTED[str(path[0])]
            else:
                dropped.add(path[:-1] if fault["type"] == "missing" else path)
        dropped |= document.refused
        salvage = Salvage(frozenset(dropped), frozenset(invented))
        try:
            left = _without(document.value, (), dropped)
            return shape.model_validate({**left, **invented} if isinstance(left, dict) else left), salvage
        except ValidationError as next_error:
            error = next_error
    return None, Salvage()


def _without(value: object, path: Path, dropped: set[Path]) -> object:
    """A copy of the tree, the dropped paths left out."""
    if isinstance(value, dict):
        kept = ((key, below) for key, below in value.items() if (*path, key) not in dropped)
        return {key: _without(below, (*path, key), dropped) for key, below in kept}
    if isinstance(value, list):
        items = ((index, below) for index, below in enumerate(value) if (*path, index) not in dropped)
        return [_without(below, (*path, index), dropped) for index, below in items]
    return value
