"""The whole broker as the conformance suite meets it: two static clients a plan, one person, one identity provider.

`Party` is a relying party that knows the specifications and nothing of the broker's code: it reads discovery, keeps
cookies in a browser, types an address where it is asked who it is, and checks each answer as the suite's conditions do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from flask.testing import FlaskClient
from werkzeug import Request, Response
from werkzeug.test import TestResponse

from broker.app import prepare
from tests.attacks import setting
from tests.attacks.setting import Settings
from tests.attacks.world import World
from tests.conformance.op import everything, keys
from tests.idps.oidc_op import OidcOp

RETURN = "https://rp.example.com/callback?kept=1"  # a registered query stays (RFC 6749 §3.1.2)
SECOND_RETURN = "https://second.example.com/callback"
LEFT = "https://rp.example.com/left"
FRAME = "https://rp.example.com/frontchannel?kept=1"
ANA = "ana@contoso.com"
PERSON: Mapping[str, object] = {
    "sub": "ana-1",
    "name": "Ana Sousa",
    "given_name": "Ana",
    "family_name": "Sousa",
    "middle_name": "Maria",
    "nickname": "ana",
    "preferred_username": "ana",
    "profile": "https://people.example.com/ana",
    "picture": "https://people.example.com/ana.png",
    "website": "https://ana.example.com/",
    "gender": "female",
    "birthdate": "1990-01-02",
    "zoneinfo": "Europe/Lisbon",
    "locale": "pt-PT",
    "email": ANA,
    "email_verified": True,
    "phone_number": "+351 210 000 000",
    "address": {"formatted": "Rua Um 1, Lisboa"},
}
PROFILE = frozenset(PERSON) - {"sub", "email", "email_verified", "phone_number", "address"}
EVERY_SCOPE = ["openid", "profile", "email", "address", "phone", "offline_access"]
MTLS = {"header": "X-SSL-Client-Cert", "verify_header": "X-SSL-Client-Verify"}
FAPI = ("private_key_jwt", "mtls"), ("dpop", "mtls")  # client authentication, sender constraint
HOPS = 12


class Suite(World):
    """What stands in the configuration: the clients of every plan, and a tenant that lets everything be said."""

    def __init__(self, folder: Path, op: OidcOp, inbox: Inbox) -> None:
        self.inbox = inbox
        super().__init__(folder, {"contoso": op, "fabrikam": op})

    def apply(self) -> None:
        self.clients, self.tenants = (
            clients(self.inbox.url),
            {"contoso": tenant(self.ops["contoso"]), "fabrikam": portal()},
        )
        setting.write(self.folder, self.issuer, self.clients, self.tenants)
        signing = {"default": "ES256", "also": [alg for alg in everything.ALGORITHMS if alg != "ES256"]}
        deployment = {"issuer": self.issuer, "trusted_proxies": ["127.0.0.1/32"], "mtls": MTLS, "signing": signing}
        (self.folder / "broker.yaml").write_text(json.dumps(deployment))
        prepare(self.folder, self.environ, apply=True)


@dataclass
class Inbox:
    """The back-channel address of a client: what comes is checked as it comes, and waits in a queue."""

    url: str = ""
    posts: Queue[Mapping[str, str]] = field(default_factory=Queue)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        assert (request.method, request.mimetype) == ("POST", "application/x-www-form-urlencoded")
        self.posts.put(request.form.to_dict())
        return Response(status=200)(environ, start_response)


def clients(backchannel: str) -> dict[str, Settings]:
    secret = {"secret": {"env": "APP_SECRET"}}
    basic: Settings = {"redirect_uris": [RETURN], "pkce": "optional", "id_token_signed_response_alg": "RS256"}
    basic |= {"scopes": EVERY_SCOPE, "post_logout_redirect_uris": [LEFT], "id_token_claims": "minimal"}
    made = {
        "basic": {**basic, "auth": {"method": "client_secret_basic", **secret}, "initiate_login_uri": setting.START},
        "second": {**basic, "auth": {"method": "client_secret_post", **secret}, "redirect_uris": [SECOND_RETURN]},
        "signing": {**basic, "auth": {"method": "client_secret_basic", **secret, "jwks": keys.jwks("request")}},
        "framed": {**basic, "auth": {"method": "client_secret_basic", **secret}, "frontchannel_logout_uri": FRAME},
        "noticed": {
            **basic,
            "auth": {"method": "client_secret_basic", **secret},
            "backchannel_logout_uri": backchannel,
        },
    }
    for auth in FAPI[0]:
        for bound in FAPI[1]:
            for number in ("1", "2"):
                made[f"fapi-{auth}-{bound}-{number}"] = fapi(auth, bound, number)
    made["signed-1"], made["signed-2"] = ({**fapi("private_key_jwt", "dpop", number)} for number in ("1", "2"))
    for number in ("1", "2"):
        made[f"signed-{number}"]["require_signed_request_object"] = True
    made |= everything.clients(basic)
    return {name: {"client_id": name, **client} for name, client in made.items()}


def fapi(auth: str, bound: str, number: str) -> Settings:
    by_key = {"method": "private_key_jwt", "jwks": keys.jwks(f"client-{number}", f"rsa-{number}")}
    by_name = {"method": "tls_client_auth", "tls_client_auth_subject_dn": f"CN=client-{number}"}
    return {
        "auth": by_key if auth == "private_key_jwt" else by_name,
        "profile": "fapi2",
        "redirect_uris": [RETURN if number == "1" else SECOND_RETURN],
        **({"dpop": "required"} if bound == "dpop" else {"dpop": "never", "mtls_bound": True}),
    }


def tenant(op: OidcOp) -> Settings:
    said = {name: f"incoming.{name}" for name in PERSON if name not in {"sub", "email_verified", "address"}}
    return {
        "id": "contoso",
        "home_realm": {"email_domains": ["contoso.com"]},
        "identity_providers": [setting.oidc(op)],
        "claims": [{"set": {**said, "address": '"Rua Um 1, Lisboa"'}}],
    }


def portal() -> Settings:
    """Its people begin at their own portal."""
    return {
        "id": "fabrikam",
        "identity_providers": [setting.saml("fabrikam", unsolicited={"allowed_targets": ["basic"]})],
    }


@dataclass(frozen=True)
class Landed:
    """Where an authorization request ended: at the client with parameters, or (None) on a page of ours."""

    response: TestResponse
    parameters: Mapping[str, str] | None = None

    @property
    def answer(self) -> Mapping[str, str]:
        assert self.parameters is not None, (self.response.status, self.response.text[:1500])
        return self.parameters

    @property
    def code(self) -> str:
        assert "error" not in self.answer, self.answer
        return self.answer["code"]


class Browser:
    """One person's browser. `visits`: how often it was at the identity provider."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.http: FlaskClient = suite.browser()
        self.visits = 0

    def open(self, path: str, query: Mapping[str, str] | None = None) -> TestResponse:
        return self.http.get(path, base_url=self.suite.issuer, query_string=query)

    def post(self, path: str, form: Mapping[str, str]) -> TestResponse:
        return self.http.post(path, base_url=self.suite.issuer, data=form)

    def follow(self, response: TestResponse, redirect_uri: str) -> Landed:
        """Until the client has its answer, or a page waits that is not about who somebody is."""
        for _ in range(HOPS):
            location = response.headers.get("Location", "")
            if location.startswith(redirect_uri):
                return Landed(response, dict(parse_qsl(urlsplit(location).query)))
            if location.startswith(self.suite.ops["contoso"].issuer):
                self.visits += 1
                location = self.suite.ops["contoso"].authorize(location)
            if location:
                response = self.open(location.removeprefix(self.suite.issuer))
                continue
            action, fields = form_of(response)
            if action == redirect_uri:
                return Landed(response, fields)
            if "login_hint" not in fields:
                return Landed(response)
            response = self.open(action, {**fields, "login_hint": ANA})
        raise AssertionError("the journey goes in circles")


def form_of(response: TestResponse) -> tuple[str, dict[str, str]]:
    """The first form of a page: where it goes, and its inputs."""
    action = re.search(r'<form action="([^"]*)"', response.text)
    inputs = re.findall(r'<input [^>]*name="([^"]*)" value="([^"]*)"', response.text)
    return unescape(action[1]) if action else "", {name: unescape(value) for name, value in inputs}


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def payload(response: TestResponse) -> dict[str, Any]:
    """A good JSON answer that nobody keeps (RFC 6749 §5.1)."""
    assert response.status_code in {200, 201}, response.text
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    return dict(response.json or {})


def error(response: TestResponse) -> str:
    """The code of an error answer of one of our endpoints (RFC 6749 §5.2)."""
    assert response.status_code in {400, 401}, (response.status, response.text)
    assert response.mimetype == "application/json"
    members = response.json or {}
    assert "access_token" not in members
    return str(members["error"])
