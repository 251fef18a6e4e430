"""One row: how the bad answer is built, and the reason it must be refused with. Ids are those of the SAML rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from broker.model import Callback
from tests.idps.saml_signer import Answer, Signer, sign, text, tree
from tests.idps.wsfed_signer import WST, Token11, envelope, sign_token, the_token


@dataclass(frozen=True)
class Context:
    """A sign-in under way: the IdP that is trusted, our names, the clock (epoch seconds)."""

    idp: Signer
    issuer: str
    callback: str
    realm: str
    wctx: str
    now: float
    skew: int = 120
    stranger: Signer | None = None
    sp: Signer | None = None
    trust: str = WST

    def token(self, **changes: Any) -> Token11:
        return Token11(self.now, self.realm, self.issuer).but(**changes)

    def signed(self, by: Signer | None = None, **changes: Any) -> etree._Element:
        """The envelope's tree with a SAML 1.1 token, signed as AD FS would."""
        root = tree(envelope(self.token(**changes).xml(), self.realm, self.trust))
        sign_token(the_token(root), by or self.idp)
        return tree(text(root))

    def signed20(self, **changes: Any) -> etree._Element:
        """The same with a SAML 2.0 token, as Entra and newer AD FS send it."""
        bare = {"recipient": None, "inner_in_response_to": None, "confirmed_until": None}
        answer = Answer(self.now, self.callback, self.realm, self.issuer, "").but(**{**bare, **changes})
        xml = answer.xml()
        token = xml[xml.index("<saml:Assertion") : xml.index("</samlp:Response>")]
        token = token.replace(
            "<saml:Assertion", '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', 1
        )
        root = tree(envelope(token, self.realm, self.trust))
        sign(the_token(root), self.idp)
        return tree(text(root))

    def post(self, document: bytes | str | etree._Element, **fields: tuple[str, ...]) -> Callback:
        if not isinstance(document, str):
            raw = document if isinstance(document, bytes) else text(document)
            document = raw.decode("utf-8", "surrogateescape")
        form = {"wa": ("wsignin1.0",), "wresult": (document,), "wctx": (self.wctx,)}
        return Callback("POST", {}, {name: values for name, values in {**form, **fields}.items() if values})


@dataclass(frozen=True)
class Case:
    id: str
    what: str
    reason: str
    build: Callable[[Context], Callback] = field(repr=False)
    reauthenticate: bool = False
    wauth: str | None = None
    cbc: bool = False

    def __str__(self) -> str:
        return f"{self.id} {self.what}"


def said(**changes: Any) -> Callable[[Context], Callback]:
    """A wrong SAML 1.1 token that the IdP really signed; changes may be functions of the context."""
    return lambda ctx: ctx.post(ctx.signed(**_values(ctx, changes)))


def said20(**changes: Any) -> Callable[[Context], Callback]:
    return lambda ctx: ctx.post(ctx.signed20(**_values(ctx, changes)))


def edited(find: str, put: str, **changes: Any) -> Callable[[Context], Callback]:
    """A signed answer whose bytes are changed on the way."""

    def build(ctx: Context) -> Callback:
        raw = text(ctx.signed(**changes)).decode()
        assert find in raw, find
        return ctx.post(raw.replace(find, put, 1))

    return build


def raw(change: Callable[[str], str]) -> Callable[[Context], Callback]:
    return lambda ctx: ctx.post(change(text(ctx.signed()).decode()))


def shaped(change: Callable[[Context, etree._Element], None]) -> Callable[[Context], Callback]:
    """change acts on an honest, signed envelope."""

    def build(ctx: Context) -> Callback:
        root = ctx.signed()
        change(ctx, root)
        return ctx.post(root)

    return build


def _values(ctx: Context, changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value(ctx) if callable(value) else value for name, value in changes.items()}
