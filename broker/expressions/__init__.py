"""The one door to CEL: a rule's text in, a value or a plain-words problem out; never an exception at sign-in.

    compile(source, incoming_types, wants) -> Expression        raises ExpressionError: what, line, column
    Expression.evaluate(incoming, claims)  -> Evaluated         never raises

names      the lexer: which incoming claims a text reads, by name, and nothing else
growth     the static bound on how much text an expression can build
compiled   the CEL library itself: type check, evaluation, reading results
"""

from __future__ import annotations

from broker.expressions.compiled import Evaluated, Expression, compile_expression
from broker.expressions.names import ExpressionError

compile = compile_expression  # noqa: A001  # `expressions.compile` is the word everybody expects

__all__ = ["Evaluated", "Expression", "ExpressionError", "compile"]
