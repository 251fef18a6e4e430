"""CEL by cel-expr-python: typed compilation, bounded evaluation. Three traps of the library are closed here:

* a run-time error is not raised: it comes back as a value of type ERROR whose text is truthy;
* on Python 3.11 reading a CEL null aborts the process after some 3,000 reads: a result's type is looked at first and
  a null is never read, neither alone nor inside a list;
* tuples, integers beyond 64 bits and lone surrogates are errors: lists go in, and whatever is raised is a problem.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from cel_expr_python import cel
from cel_expr_python.ext import ext_strings

from broker.expressions.growth import factor
from broker.expressions.names import NAMES_LIMIT, SLOT_LETTERS, ExpressionError, Reading, read, tokens
from broker.model import ClaimValue

BUILT_LIMIT = 32_000_000  # characters that one evaluation may build
COMPILED_LIMIT = 4096  # expressions kept, of all tenants together; about 4 KB each

_FAILED = "it cannot be computed on these values"
_TOO_LONG = "it takes more than 9,999 steps on these values"  # the library's own budget for exists, map and the like
_KINDS = {"t": "text", "l": "a list", "b": "true or false", "n": "a number"}
_AT = re.compile(r"<input>:(-?\d+):(-?\d+): (.*)")
_OVERLOAD = re.compile(r"no matching overload for '(.+)' applied to '\((.*)\)'")
_COMPARISONS = {"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"}
_NUMERIC = {"int", "double", "uint", "list(int)", "list(double)", "list(uint)"}
_NOISE = re.compile(r" \[INVALID_ARGUMENT\]| \(in container ''\)|,? expecting (\{.*\}|<EOF>)")
_SLOT = re.compile(r"__[tlbnh]\d+")


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A value, or the problem in words that name claims and never hold a value."""

    value: ClaimValue | None
    problem: str | None = None


def _environment(number: cel.Type) -> cel.Env:
    """Every slot of every type, once for all expressions; `number` is what a number slot is checked as."""
    text, texts = cel.Type.STRING, cel.Type.List(cel.Type.STRING)
    kinds = {"t": text, "l": texts, "b": cel.Type.BOOL, "n": number, "h": cel.Type.BOOL}
    variables = {f"__{letter}{n}": kind for letter, kind in kinds.items() for n in range(NAMES_LIMIT)}
    variables["incoming"] = cel.Type.Map(text, cel.Type.BOOL)
    variables["claims"] = cel.Type.Map(text, cel.Type.DYN)
    return cel.NewEnv(variables=variables, extensions=[ext_strings.ExtStrings()])


_RUNS = _environment(cel.Type.DYN)  # numbers compare across int and double at run time …
_CHECKS = _environment(cel.Type.INT)  # … but not with text, which only a typed check finds


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; immutable and shared by all tenants and threads."""

    source: str
    wants: str  # bool | value | list
    names: frozenset[str]  # incoming claims it reads or asks for
    _program: cel.Expression = field(repr=False)
    _reading: Reading = field(repr=False)
    _factor: int = field(repr=False)
    _only: str | None = field(repr=False)  # set where the text is one incoming claim: CEL would give it back as it is
    _texts: bool = field(repr=False)  # every element of the list it gives is a text, by its static type

    def evaluate(self, incoming: Mapping[str, ClaimValue], claims: Mapping[str, ClaimValue]) -> Evaluated:
        """Never raises. A null, an error, a value of another type than wanted: a problem, not a value."""
        if self._only is not None:
            return self._read_alone(self._only, incoming.get(self._only))
        try:
            data, unbound = self._bind(incoming, claims)
            if self._factor > 1 and self._factor * (len(self.source) + _size(data)) > BUILT_LIMIT:
                return Evaluated(None, "it would build too much text from these values")
            result = self._program.eval(data=data)
            value = self._read(result)
        except (RuntimeError, TypeError, ValueError, OverflowError, MemoryError) as error:
            return Evaluated(None, _TOO_LONG if "Iteration budget" in str(error) else _FAILED)
        if value is not None:
            return Evaluated(value)
        return Evaluated(None, self._problem(result.type(), unbound, claims))

    def _bind(
        self, incoming: Mapping[str, ClaimValue], claims: Mapping[str, ClaimValue]
    ) -> tuple[dict[str, object], list[str]]:
        """The slots' values, and in words why a slot has none. An unbound slot is an error only where it is read."""
        reading = self._reading
        data: dict[str, object] = {"incoming": {key: True for key in reading.keys if present(incoming.get(key))}}
        unbound = []
        for name, slot in reading.slots.items():
            bound = _bound(incoming.get(name), slot[2])
            if bound is None:
                unbound.append(f"incoming.{name} {_why(incoming.get(name), slot[2])}")
            else:
                data[slot] = bound
        for name, slot in reading.presence.items():
            data[slot] = present(incoming.get(name))
        if reading.reads_claims:
            data["claims"] = {key: list(value) if isinstance(value, tuple) else value for key, value in claims.items()}
        return data, unbound

    def _read(self, result: cel.Value) -> ClaimValue | None:
        if self._texts and result.type() == cel.Type.LIST:
            return tuple(result.plain_value())
        return _READERS[self.wants](result)

    def _read_alone(self, name: str, value: ClaimValue | None) -> Evaluated:
        letter = self._reading.slots[name][2]
        if _bound(value, letter) is None:
            return Evaluated(None, f"incoming.{name} {_why(value, letter)}")
        return Evaluated((value,) if self.wants == "list" and isinstance(value, str) else value)

    def _problem(self, kind: cel.Type, unbound: list[str], claims: Mapping[str, ClaimValue]) -> str:
        if kind != cel.Type.ERROR:
            return f"its result is not {_WANTED[self.wants]}"
        unset = [f"claims.{name} is not set" for name in self._reading.outgoing if name not in claims]
        return next(iter((*unbound, *unset)), _FAILED)


def present(value: ClaimValue | None) -> bool:
    """Null and empty are absent (contract section 5, Rules)."""
    return value is not None and value not in ("", ())


def _bound(value: ClaimValue | None, letter: str) -> object:
    if not present(value):
        return None
    if letter == "t":
        return value if isinstance(value, str) else None
    if letter == "l":
        return list(value) if isinstance(value, tuple) else None
    if letter == "b":
        return value if isinstance(value, bool) else None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _why(value: ClaimValue | None, letter: str) -> str:
    if not present(value):
        return "is absent"
    return "has several values" if isinstance(value, tuple) else f"is not {_KINDS[letter]}"


def _size(data: object) -> int:
    if isinstance(data, str):
        return len(data)
    if isinstance(data, dict):
        return sum(_size(value) for value in data.values())
    return sum(map(len, data)) + len(data) if isinstance(data, list) else 8


def _read_bool(result: cel.Value) -> ClaimValue | None:
    return bool(result.value()) if result.type() == cel.Type.BOOL else None


def _read_list(result: cel.Value) -> ClaimValue | None:
    """A list of text; one text is a list of one. Each element's type is looked at before it is read."""
    kind = result.type()
    if kind == cel.Type.STRING:
        return (str(result.value()),)
    if kind != cel.Type.LIST:
        return None
    found = []
    for element in result.value():
        if element.type() != cel.Type.STRING:
            return None
        found.append(str(element.value()))
    return tuple(found)


def _read_value(result: cel.Value) -> ClaimValue | None:
    kind = result.type()
    if kind == cel.Type.STRING:
        return str(result.value())
    if kind == cel.Type.BOOL:
        return bool(result.value())
    if kind in (cel.Type.INT, cel.Type.UINT):
        return int(result.value())
    if kind == cel.Type.DOUBLE:
        number = float(result.value())
        return number if math.isfinite(number) else None
    return _read_list(result)


_READERS = {"bool": _read_bool, "value": _read_value, "list": _read_list}
_WANTED = {
    "bool": "true or false",
    "value": "text, a number, true or false, or a list of text",
    "list": "a list of text",
}
_RESULTS = {
    "bool": (cel.Type.BOOL, cel.Type.DYN),
    "value": (cel.Type.STRING, cel.Type.BOOL, cel.Type.INT, cel.Type.UINT, cel.Type.DOUBLE, cel.Type.DYN),
    "list": (cel.Type.STRING, cel.Type.DYN),
}
_TEXTS = cel.Type.List(cel.Type.STRING)
_LISTS = (_TEXTS, cel.Type.LIST)
_UNTYPED = {"dyn", "claims", "null"}  # through these a list of text may come to hold something else


def compile_expression(source: str, incoming_types: Mapping[str, str], wants: str) -> Expression:
    """Check `source` against the profile's types. wants: bool | value | list (a text counts as a list of one).

    incoming_types: name -> text | list | bool | number; a name that is not there is a list of text.
    Raises ExpressionError. Each distinct (source, types it names, wants) is compiled once for all tenants.
    """
    names = _names(source)
    relevant = tuple((name, incoming_types[name]) for name in names if name in incoming_types)
    return _compiled(source, relevant, wants)


@lru_cache(maxsize=COMPILED_LIMIT)
def _names(source: str) -> tuple[str, ...]:
    return tuple(sorted(read(source, {}).names))


@lru_cache(maxsize=COMPILED_LIMIT)
def _compiled(source: str, relevant: tuple[tuple[str, str], ...], wants: str) -> Expression:
    reading = read(source, dict(relevant))
    found = tokens(source)
    growth = factor(source, found)
    program = _compile(_RUNS, source, reading)
    _refuse_result(program.return_type(), wants)
    if any(slot[2] == SLOT_LETTERS["number"] for slot in reading.slots.values()):
        _refuse_number_misuse(source, reading, wants)
    texts = program.return_type() == _TEXTS and not _UNTYPED & {token.text for token in found}
    texts = texts and not any(slot[2] == SLOT_LETTERS["number"] for slot in reading.slots.values())
    return Expression(source, wants, reading.names, program, reading, growth, reading.only, texts)


def _compile(environment: cel.Env, source: str, reading: Reading) -> cel.Expression:
    try:
        return environment.compile(reading.typed)
    except RuntimeError as error:
        raise _in_words(str(error), source, reading) from None


def _refuse_number_misuse(source: str, reading: Reading, wants: str) -> None:
    """A number slot runs untyped, since CEL has no type for "int or double": check it as an int, and let pass what
    that check refuses only because an int is compared with a double."""
    try:
        _refuse_result(_CHECKS.compile(reading.typed).return_type(), wants)
    except RuntimeError as error:
        complaints = [message for *_, message in _complaints(str(error))]
        if not complaints or not all(map(_between_numbers, complaints)):
            raise _in_words(str(error), source, reading) from None


def _between_numbers(message: str) -> bool:
    found = _OVERLOAD.search(message)
    return found is not None and found[1] in _COMPARISONS and set(found[2].split(", ")) <= _NUMERIC


def _refuse_result(kind: cel.Type, wants: str) -> None:
    if kind in _RESULTS[wants] or (wants != "bool" and kind in _LISTS):
        return
    raise ExpressionError(f"the result is {_type_words(kind)}; it must be {_WANTED[wants]}")


def _type_words(kind: cel.Type) -> str:
    words = {"STRING": "text", "LIST<STRING>": "a list of text", "BOOL": "true or false", "NULL": "null"}
    return words.get(str(kind.name()), str(kind.name()).lower())


def _complaints(message: str) -> Iterator[tuple[int, int, str]]:
    for line in message.splitlines():
        found = _AT.search(line)
        if found:
            yield max(1, int(found[1])), max(1, int(found[2])), _NOISE.sub("", found[3])


def _in_words(message: str, source: str, reading: Reading) -> ExpressionError:
    """The library's first complaint, its slots named as the operator wrote them."""
    line, column, what = next(_complaints(message), (1, 1, "the expression is not valid or too deeply nested"))
    written = {slot: f"incoming.{name}" for name, slot in (*reading.slots.items(), *reading.presence.items())}
    what = _SLOT.sub(lambda slot: written.get(slot[0], slot[0]), what)
    operands = _OVERLOAD.search(what)
    if operands:
        plain = operands[2].replace("list(string)", "list of text").replace("string", "text")
        what = f"{operands[1].strip('_@')} cannot be applied to ({plain})"
    return ExpressionError(what, min(line, source.count("\n") + 1), column)
