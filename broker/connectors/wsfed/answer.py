"""The form of a WS-Federation answer (WS-Federation 1.2 §13.2.2): wa, wresult, wctx, each once, all unverified."""

from __future__ import annotations

from broker.errors import AssertionRejected
from broker.model import Callback

LONGEST_CONTEXT = 80  # bytes, as our names of transactions are


def context_of(callback: Callback) -> str | None:
    """`wctx`; None where nobody here asked. Raises AssertionRejected: binding, wa, wctx."""
    if callback.method != "POST":
        raise AssertionRejected("binding", detail="not HTTP POST")
    if callback.form.get("wa", ()) != ("wsignin1.0",):
        raise AssertionRejected("wa", detail="not wsignin1.0")
    contexts = callback.form.get("wctx", ())
    if len(contexts) > 1 or any(len(context.encode("utf-8", "replace")) > LONGEST_CONTEXT for context in contexts):
        raise AssertionRejected("wctx", detail="repeated or too long")
    return contexts[0] if contexts and contexts[0] else None


def result_of(callback: Callback) -> str:
    """`wresult`. Raises AssertionRejected: wresult."""
    results = callback.form.get("wresult", ())
    if len(results) != 1 or not results[0]:
        raise AssertionRejected("wresult", detail=f"{len(results)} wresult fields")
    return results[0]
