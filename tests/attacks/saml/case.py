"""One row of the attack tables: how the bad answer is built, and the reason it must be refused with.

`build(ctx)` gives the Callback that reaches the ACS, so the tables serve at connector level and over HTTP alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from broker.model import Callback
from tests.idps.saml_signer import Answer, Signer, assertion, posted, sign, text, tree


@dataclass(frozen=True)
class Context:
    """A sign-in under way: the IdP that is trusted, the request it answers, our names, the clock (epoch seconds)."""

    idp: Signer
    issuer: str
    acs: str
    audience: str
    request_id: str
    relay_state: str
    now: float
    skew: int = 120
    stranger: Signer | None = None  # a key that nobody trusts
    sp: Signer | None = None  # our own key

    def answer(self, **changes: Any) -> Answer:
        good = Answer(self.now, self.acs, self.audience, self.issuer, self.request_id)
        return good.but(**changes)

    def signed(self, what: str = "assertion", by: Signer | None = None, **changes: Any) -> etree._Element:
        """The answer's tree, signed as an honest IdP would. what: assertion | response | both."""
        root = tree(self.answer(**changes).xml())
        if what in ("assertion", "both"):
            sign(assertion(root), by or self.idp)
        if what in ("response", "both"):
            sign(root, by or self.idp)
        return tree(text(root))  # lxml does not find by name what xmlsec made

    def post(self, document: bytes | etree._Element) -> Callback:
        return posted(document, self.relay_state)


@dataclass(frozen=True)
class Case:
    id: str
    what: str
    reason: str
    build: Callable[[Context], Callback] = field(repr=False)
    want_signed: str = "either"
    reauthenticate: bool = False
    cbc: bool = False  # the IdP may encrypt with AES-CBC

    def __str__(self) -> str:
        return f"{self.id} {self.what}"


def edited(find: str, put: str, **changes: Any) -> Callable[[Context], Callback]:
    """A signed answer whose bytes are changed on the way."""

    def build(ctx: Context) -> Callback:
        raw = text(ctx.signed(**changes))
        assert find.encode() in raw, find
        return ctx.post(raw.replace(find.encode(), put.encode(), 1))

    return build


def said(what: str = "assertion", **changes: Any) -> Callable[[Context], Callback]:
    """A wrong answer that the IdP really signed; changes may be functions of the context."""

    def build(ctx: Context) -> Callback:
        values = {name: value(ctx) if callable(value) else value for name, value in changes.items()}
        return ctx.post(ctx.signed(what, **values))

    return build
