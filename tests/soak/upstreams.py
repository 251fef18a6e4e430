"""The identity providers: one class a protocol, each misbehaving in the way that its tenant is there for."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any
from xml.sax.saxutils import escape

from joserfc.jwk import Key, RSAKey
from werkzeug import Request, Response

from broker.demo.assertion import read_request
from tests.idps.oidc_op import OidcOp, compact
from tests.idps.saml_signer import Answer, Entity, Signer, assertion, sign, signer, text, tree

PEOPLE = 200  # of each tenant
CACHED = ' cacheDuration="PT5M"'


def address(number: int, tenant: str) -> str:
    return f"p{number}@{tenant}.example"


class Saml:
    """A WSGI application: metadata, and an answer about the next person for every request.

    groups: beside `staff`. spoil: what becomes of a good answer. metadata_as: instead of the metadata.
    """

    def __init__(
        self, tenant: str, *, groups: Sequence[str] = (), spoil: Callable[[bytes], bytes] = lambda good: good
    ) -> None:
        self.tenant = tenant
        self.origin = ""
        self.signing = signer(f"{tenant} 0")
        self.published: Sequence[Signer] = (self.signing,)
        self.metadata_as: bytes | None = None
        self.fetched = 0  # metadata
        self.rolled = 0
        self._groups = "".join(f"<saml:AttributeValue>{escape(name)}</saml:AttributeValue>" for name in groups)
        self._spoil = spoil
        self._people = itertools.count()

    def announce(self) -> None:
        """A, then A with B."""
        self.published = (self.signing, signer(f"{self.tenant} {self.rolled + 1}"))

    def switch(self) -> None:
        """B signs; A is still there."""
        self.signing = self.published[-1]
        self.rolled += 1

    def settle(self) -> None:
        """B alone."""
        self.published = (self.signing,)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        page = self._metadata() if request.path == "/metadata" else self._answer(request)
        return page(environ, start_response)

    def _metadata(self) -> Response:
        self.fetched += 1
        keys = [("signing", one) for one in self.published]
        entity = Entity(f"{self.origin}/metadata", keys, sso=f"{self.origin}/sso", entity_attributes=CACHED)
        return Response(self.metadata_as or entity.document(), mimetype="text/xml")

    def _answer(self, request: Request) -> Response:
        asked = read_request(request.args["SAMLRequest"])
        number = next(self._people) % PEOPLE
        answer = Answer(
            now=time.time(),
            acs=asked.acs,
            audience=asked.audience,
            issuer=f"{self.origin}/metadata",
            request_id=asked.id,
            response_id=f"_{secrets.token_hex(16)}",
            assertion_id=f"_{secrets.token_hex(16)}",
            name_id_value=f"person-{number}",
            attributes=self._attributes(number),
        )
        root = tree(answer.xml())
        sign(assertion(root), self.signing)
        fields = {"SAMLResponse": b64encode(self._spoil(text(root))).decode(), "RelayState": request.args["RelayState"]}
        inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
        return Response(f'<form method="post" action="{asked.acs}">{inputs}</form>', mimetype="text/html")

    def _attributes(self, number: int) -> str:
        said = {"mail": address(number, self.tenant), "displayName": f"Person {number}"}
        plain = "".join(
            f'<saml:Attribute Name="{name}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>'
            for name, value in said.items()
        )
        groups = f"{self._groups}<saml:AttributeValue>staff</saml:AttributeValue>"
        return f'{plain}<saml:Attribute Name="groups">{groups}</saml:Attribute>'


def saml_garbage() -> Callable[[bytes], bytes]:
    """Spoils a good answer, each time in another way."""
    ways: Sequence[Callable[[bytes], bytes]] = (
        lambda _: b"",
        lambda _: secrets.token_bytes(4096),
        lambda _: b"<html><body>502 Bad Gateway</body></html>",
        lambda good: good[: len(good) // 2],
        lambda good: good.replace(b"staff", b"admin"),
        lambda good: b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 999 + b'">]>' + good,
        lambda good: b"<a>" * 20_000 + good + b"</a>" * 20_000,
        lambda good: good + good,
        lambda _: b"<r>" + b"".join(b"<a%s/>" % secrets.token_hex(150).encode() for _ in range(3000)) + b"</r>",
    )
    turn = itertools.cycle(ways)

    def spoil(good: bytes) -> bytes:
        return next(turn)(good)

    return spoil


class Oidc(OidcOp):
    """Signs the next person in, whoever is asked for; its key set rolls."""

    def __init__(self, tenant: str) -> None:
        people = {
            address(number, tenant): {
                "sub": f"person-{number}",
                "name": f"Person {number}",
                "email": address(number, tenant),
                "email_verified": True,
                "groups": ["staff"],
            }
            for number in range(PEOPLE)
        }
        super().__init__(people=people)
        self.tenant = tenant
        self.rolled = 0
        self._signing = self.rsa
        self._coming = self.rsa
        self._next = itertools.count()

    def new_code(self, asked: Any) -> str:
        return super().new_code({**asked, "login_hint": address(next(self._next) % PEOPLE, self.tenant)})

    def announce(self) -> None:
        kid = f"op-{self.rolled + 1}"
        self._coming = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
        self._publish(self._signing, self._coming)

    def switch(self) -> None:
        key = self._signing = self._coming
        self.switches.sign = lambda header, claims: compact(header | {"kid": key.kid}, claims, key)
        self.rolled += 1

    def settle(self) -> None:
        self._publish(self._signing)

    def _publish(self, *keys: Key) -> None:
        self.switches.jwks = json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def oidc_garbage(op: Oidc) -> Callable[[], None]:
    """Call it to make the next token response another kind of garbage."""
    stranger: Key = RSAKey.generate_key(2048, {"kid": "op-rsa", "use": "sig", "alg": "RS256"})
    answers: Sequence[tuple[int, str, bytes] | None] = (
        (200, "text/html", b"<html>Please wait while we check your browser</html>"),
        (200, "application/json", secrets.token_bytes(4096)),
        (200, "application/json", b"[" * 100_000),
        (200, "application/json", b'{"access_token": "a", "token_type": "Bearer", "id_token": "a.b.c"}'),
        (200, "application/json", b'{"id_token": "' + b"x" * 8_000_000 + b'"}'),
        (500, "text/plain", b"java.lang.NullPointerException"),
        None,  # a stranger's signature
    )
    turn = itertools.cycle(answers)
    op.switches.sign = lambda header, claims: compact(header, claims, stranger)

    def spoil() -> None:
        op.switches.token_as = next(turn)

    return spoil
