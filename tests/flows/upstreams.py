"""Two identity providers in this process that sign people in without asking: OpenID Connect and SAML.

For stories about the broker itself, where hundreds of sign-ins must cost little. Tenant `contoso` signs in by OIDC,
`northwind` by SAML; any number of brokers may use the same providers.
"""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from broker.demo.assertion import KeyPair, make_key_pair, metadata, read_request, respond
from tests.flows.broker_process import Installation
from tests.idps.oidc_op import OidcOp

SECRET = "app-secret-that-is-at-least-32-characters"
CALLBACK = "http://127.0.0.1:9/{}"  # never dialled: the browser stops there
ALICE = {"sub": "alice", "email": "alice@contoso.example", "name": "Alice", "groups": ["staff"]}
BOB = {"sub": "bob", "email": "bob@contoso.example", "name": "Bob", "groups": ["staff"]}
RULES: list[dict[str, object]] = [
    {"set": {"email": "incoming.email", "name": "incoming.name"}},
    {"roles": {"from": "incoming.groups", "map": {"staff": "viewer"}}},
]


@dataclass
class SamlIdp:
    """A WSGI application: metadata at /metadata, an answer about Nora for every request at /sso."""

    origin: str
    clock: Callable[[], float]
    keys: KeyPair = field(default_factory=lambda: make_key_pair("upstream"))

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        page = self._metadata() if request.path == "/metadata" else self._answer(request)
        return page(environ, start_response)

    def _metadata(self) -> Response:
        return Response(metadata(f"{self.origin}/metadata", f"{self.origin}/sso", self.keys), mimetype="text/xml")

    def _answer(self, request: Request) -> Response:
        asked = read_request(request.args["SAMLRequest"])
        nora = {"mail": ("nora@northwind.example",), "displayName": ("Nora",), "groups": ("staff",)}
        document = respond(asked, f"{self.origin}/metadata", "nora", nora, self.keys, self.clock())
        fields = {"SAMLResponse": b64encode(document).decode(), "RelayState": request.args["RelayState"]}
        inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
        return Response(f'<form method="post" action="{asked.acs}">{inputs}</form>', mimetype="text/html")


@dataclass(frozen=True)
class Upstreams:
    oidc: OidcOp
    saml: SamlIdp

    def installation(self, folder: Path, database: str = "", **environ: str) -> Installation:
        """Apps: `app` with a secret, `rsa` that wants RS256, `spa` without a secret."""
        made = Installation(folder, database=database, environ=environ)
        left = {"post_logout_redirect_uris": ["http://127.0.0.1:9/left"]}
        made.client("app", CALLBACK.format("callback"), SECRET, **left)
        made.client("rsa", CALLBACK.format("rsa"), SECRET, id_token_signed_response_alg="RS256")
        made.client("spa", CALLBACK.format("spa"))
        made.tenant("contoso", [self.oidc_row(made)], ["contoso.example"], roles=["viewer"], claims=RULES)
        made.tenant("northwind", [self.saml_row()], ["northwind.example"], roles=["viewer"], claims=RULES)
        return made

    def oidc_row(self, made: Installation) -> dict[str, object]:
        made.write("secrets/upstream", self.oidc.client_secret)
        return {
            "id": "op",
            "name": "OP",
            "protocol": "oidc",
            "vendor": "generic",
            "issuer": self.oidc.issuer,
            "client_id": self.oidc.client_id,
            "client_secret": {"file": "../secrets/upstream"},
        }

    def saml_row(self) -> dict[str, object]:
        source = {"url": f"{self.saml.origin}/metadata"}
        return {"id": "idp", "name": "IdP", "protocol": "saml", "vendor": "generic", "metadata": source}


@contextmanager
def upstreams(clock: Callable[[], float] = time.time) -> Iterator[Upstreams]:
    people = {person["email"]: person for person in (ALICE, BOB)}
    with OidcOp(clock=clock, people=people) as oidc, served() as place:  # type: ignore[arg-type]  # keys are str
        place.behind = saml = SamlIdp(place.origin, clock)
        yield Upstreams(oidc, saml)


@dataclass
class Place:
    """An origin whose application may come later."""

    origin: str
    behind: Any = None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.behind(environ, start_response)


@contextmanager
def served(port: int = 0) -> Iterator[Place]:
    """An HTTP server in threads of this process."""
    place = Place("")
    server = make_server("127.0.0.1", port, place, threaded=True, request_handler=_Quiet)
    place.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield place
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing."""
