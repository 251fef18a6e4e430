"""A static bound on what an expression can build. CEL's own limits stop long loops and deep nesting, not growth:

    ["aaaaaaaaaa"].map(x, x + x).map(x, x + x) …         doubles at every step: 2.5 s and 3 GB after 28
    incoming.x.replace("a", "aaaaaaaaaa").replace(…) …   ten times at every step
    incoming.x.split("").map(c, incoming.x.split(""))    the square of what somebody sends

So: an expression's factor (output over input) is computed from its text and bounded, and what a macro builds for each
element may name nothing but that element.
"""

from __future__ import annotations

from collections.abc import Sequence

from broker.expressions.names import Token, error_at

FACTOR_LIMIT = 4096

_MACROS = {"map", "filter", "exists", "exists_one", "all"}
_BUILDERS = {"map", "filter", "split", "replace", "join"}


def factor(source: str, found: Sequence[Token]) -> int:
    """How many times longer than its input the result can be. Raises ExpressionError beyond FACTOR_LIMIT."""
    plus = sum(1 for token in found if token.text == "+")
    total = 1 + plus
    for at, token in enumerate(found):
        if not _is_call(found, at):
            continue
        arguments = found[at + 2 : _closing(found, at + 1)]
        if token.text == "format":
            raise error_at(source, token.start, "format is not offered; join texts with +")
        if token.text in _MACROS:
            _refuse_foreign_names(source, found, at, arguments)
        total *= _growth(source, token, arguments, plus)
        if total > FACTOR_LIMIT:
            raise error_at(source, token.start, "the expression can build too much text; use fewer steps")
    return total


def _growth(source: str, token: Token, arguments: Sequence[Token], plus: int) -> int:
    if token.text == "map":
        return plus + max(1, sum(1 for argument in arguments if argument.text == ","))  # [x, x] repeats like x + x
    if token.text == "quote":
        return 2
    if token.text == "join":
        return 1 + _length(source, token, arguments, 0) if arguments else 1
    if token.text == "replace":
        return _replacement(source, token, arguments)
    return 1


def _replacement(source: str, token: Token, arguments: Sequence[Token]) -> int:
    sought, put = _length(source, token, arguments, 0), _length(source, token, arguments, 2)
    return 1 + put if sought == 0 else max(1, -(-put // sought))


def _length(source: str, token: Token, arguments: Sequence[Token], at: int) -> int:
    """Length of a literal argument, quotes left out. An escape counts as written: longer than it is for what is put,
    so a sought text with an escape counts as one character."""
    if at >= len(arguments) or arguments[at].kind != "string":
        raise error_at(source, token.start, f"{token.text} takes literal texts only; write them in quotes")
    if at + 1 < len(arguments) and arguments[at + 1].text != ",":
        raise error_at(source, token.start, f"{token.text} takes literal texts only; write each as one text")
    quoted = arguments[at].text.lstrip("bBrR")
    quotes = 3 if quoted.startswith(('"""', "'''")) else 1
    text = quoted[quotes:-quotes]
    return 1 if at == 0 and token.text == "replace" and "\\" in text else len(text)


def _refuse_foreign_names(source: str, found: Sequence[Token], at: int, arguments: Sequence[Token]) -> None:
    body = arguments[2:]
    own = arguments[0].text if arguments else ""
    start = at + 4  # after `map ( x ,`
    builds = any(
        token.text == "+" or (token.text in _BUILDERS and _is_call(found, start + n)) for n, token in enumerate(body)
    )
    if not builds:
        return
    foreign = {"incoming", "claims", *_variables_around(found, at)} - {own}
    for n, token in enumerate(body):
        if token.kind == "name" and token.text in foreign and found[start + n - 1].text != ".":
            what = f"what {found[at].text} builds for each element may not name {token.text}; use {own} only"
            raise error_at(source, token.start, what)


def _variables_around(found: Sequence[Token], at: int) -> set[str]:
    """Variables of the macros whose bodies hold position `at`."""
    return {
        found[other + 2].text
        for other in range(at)
        if found[other].text in _MACROS and _is_call(found, other) and _closing(found, other + 1) > at
    }


def _is_call(found: Sequence[Token], at: int) -> bool:
    return found[at].kind == "name" and at + 1 < len(found) and found[at + 1].text == "("


def _closing(found: Sequence[Token], opening: int) -> int:
    """Index of the parenthesis that closes the one at `opening`; the end of the text where none does."""
    depth = 0
    for at in range(opening, len(found)):
        depth += {"(": 1, ")": -1}.get(found[at].text, 0)
        if depth == 0:
            return at
    return len(found)
