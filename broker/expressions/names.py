"""Reads a CEL text far enough to know which claims it names, and puts typed variables in their place.

CEL has no way to type the members of a map, so `incoming.department` becomes a variable of its own (`__t0`, text) and
`has(incoming.department)` another (`__h0`, bool), both padded to the length of what they replace: CEL's positions stay
those of the file. `incoming` is read by name only: what an expression reads is known before it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from broker.errors import BrokerError

SOURCE_LIMIT = 4096  # characters
NAMES_LIMIT = 16  # distinct incoming names of one type in one expression; the environment declares as many slots
SLOT_LETTERS = {"text": "t", "list": "l", "bool": "b", "number": "n"}

_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*)
      | (?P<string>[bB]?[rR](?:\"\"\".*?\"\"\"|'''.*?'''|"[^"\n]*"|'[^'\n]*')
          | [bB]?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
      | (?P<number>0[xX][0-9a-fA-F]+[uU]?|\d*\.\d+(?:[eE][+-]?\d+)?|\d+(?:[eE][+-]?\d+)?[uU]?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>&&|\|\||[=!<>]=|.)""",
    re.VERBOSE | re.DOTALL,
)
_PLAIN_STRING = re.compile(r"""(["'])([^\\]*)\1""", re.DOTALL)


class ExpressionError(BrokerError):
    """The expression cannot be used. `what` is for the operator; line and column count from 1 inside the text."""

    code = "invalid_configuration"
    public = "A claims rule is not valid."

    def __init__(self, what: str, line: int = 1, column: int = 1) -> None:
        super().__init__("expression", detail=f"{line}:{column}: {what}")
        self.what = what
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # string | number | name | mark
    text: str
    start: int
    end: int


@dataclass(slots=True)
class Reading:
    """What a text names. `typed` is the text with slots in place of names; slot and presence: name -> variable."""

    typed: str
    slots: dict[str, str] = field(default_factory=dict)
    presence: dict[str, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)  # named by `"key" in incoming`
    reads_claims: bool = False
    outgoing: dict[str, None] = field(default_factory=dict)  # claims.<name>, in order

    @property
    def only(self) -> str | None:
        """The incoming claim that is all there is to the text; most rules are no more than that."""
        return next((name for name, slot in self.slots.items() if slot == self.typed.strip()), None)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.slots) | frozenset(self.presence) | frozenset(self.keys)


def tokens(source: str) -> tuple[Token, ...]:
    """Every token but blanks and comments. Raises ExpressionError where the text is none at all."""
    if len(source) > SOURCE_LIMIT:
        raise ExpressionError(f"the expression is longer than {SOURCE_LIMIT} characters")
    if any("\ud800" <= character <= "\udfff" or character == "\x00" for character in source):
        raise ExpressionError("the expression holds a character that is no text")
    found = tuple(
        Token(match.lastgroup or "mark", match.group(), match.start(), match.end())
        for match in _TOKEN.finditer(source)
        if match.lastgroup != "blank"
    )
    for before, token in zip((None, *found), found, strict=False):
        _refuse_hidden_names(source, before, token)
    return found


def _refuse_hidden_names(source: str, before: Token | None, token: Token) -> None:
    if token.text == "`" or (token.kind == "name" and token.text.startswith("__")):
        raise _error(
            source, token, f"{token.text} is not understood", 'names such as "a-b" are read by incoming["a-b"]'
        )
    if token.text == "." and (before is None or (before.kind == "mark" and before.text not in {")", "]", "}"})):
        raise _error(source, token, "a name may not begin with a dot", "write incoming.department")


def read(source: str, types: Mapping[str, str]) -> Reading:
    """Replace every name. `types`: incoming name -> text | list | bool | number; a name without a type is a list."""
    found = tokens(source)
    reading = Reading(source)
    text = list(source)
    for at, token in enumerate(found):
        if token.kind != "name" or _is_member(found, at):
            continue
        if token.text == "claims":
            _note_outgoing(reading, found, at)
        elif token.text == "incoming":
            for start, end, variable in _places(source, found, at, reading, types):
                text[start:end] = variable.ljust(end - start)
    reading.typed = "".join(text)
    return reading


def _is_member(found: tuple[Token, ...], at: int) -> bool:
    return at > 0 and found[at - 1].text == "."


def _note_outgoing(reading: Reading, found: tuple[Token, ...], at: int) -> None:
    reading.reads_claims = True
    if _text(found, at + 1) == "." and _kind(found, at + 2) == "name" and _text(found, at + 3) != "(":
        reading.outgoing[found[at + 2].text] = None


def _places(
    source: str, found: tuple[Token, ...], at: int, reading: Reading, types: Mapping[str, str]
) -> Iterator[tuple[int, int, str]]:
    """What stands at `incoming`: a read, a presence test, or a key test; anything else is refused."""
    if _is_key_test(found, at):
        reading.keys.add(_literal(source, found[at - 2]))
        return
    name, last = _name_after(source, found, at)
    asked = _text(found, at - 1) == "(" and _text(found, at - 2) == "has" and _text(found, last + 1) == ")"
    if asked and not _is_member(found, at - 2):
        yield found[at - 2].start, found[last + 1].end, _slot(source, found[at], reading.presence, name, "h")
        return
    letter = SLOT_LETTERS[types.get(name, "list")]
    yield found[at].start, found[last].end, _slot(source, found[at], reading.slots, name, letter)


def _is_key_test(found: tuple[Token, ...], at: int) -> bool:
    """`"key" in incoming`; in `"a" + "b" in incoming` the key would be another one."""
    tested = _text(found, at - 1) == "in" and _kind(found, at - 2) == "string" and _text(found, at - 3) != "+"
    return tested and _text(found, at + 1) not in {".", "["}


def _name_after(source: str, found: tuple[Token, ...], at: int) -> tuple[str, int]:
    """The name that follows `incoming` and the index of its last token: `.a`, `.a.b` (one dotted name) or `["a"]`."""
    if _text(found, at + 1) == "[" and _kind(found, at + 2) == "string" and _text(found, at + 3) == "]":
        return _literal(source, found[at + 2]), at + 3
    parts: list[str] = []
    last = at
    while _text(found, last + 1) == "." and _kind(found, last + 2) == "name" and _text(found, last + 3) != "(":
        last += 2
        parts.append(found[last].text)
    if not parts:
        raise _error(source, found[at], "incoming is read by name", 'write incoming.department or "uri" in incoming')
    return ".".join(parts), last


def _slot(source: str, token: Token, slots: dict[str, str], name: str, letter: str) -> str:
    if name not in slots:
        number = sum(1 for slot in slots.values() if slot[2] == letter)
        if number >= NAMES_LIMIT:
            raise _error(source, token, f"more than {NAMES_LIMIT} incoming claims", "split the rule")
        slots[name] = f"__{letter}{number}"
    return slots[name]


def _literal(source: str, token: Token) -> str:
    plain = _PLAIN_STRING.fullmatch(token.text)
    if plain is None or token.text.startswith(('"""', "'''")) or not plain[2]:
        raise _error(source, token, "a claim's name is not plain text", 'write "urn:oid:2.5.4.11" without escapes')
    return plain[2]


def _text(found: tuple[Token, ...], at: int) -> str | None:
    return found[at].text if 0 <= at < len(found) else None


def _kind(found: tuple[Token, ...], at: int) -> str | None:
    return found[at].kind if 0 <= at < len(found) else None


def _error(source: str, token: Token, what: str, remedy: str) -> ExpressionError:
    return error_at(source, token.start, f"{what}; {remedy}")


def error_at(source: str, offset: int, what: str) -> ExpressionError:
    before = source[:offset]
    return ExpressionError(what, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)
