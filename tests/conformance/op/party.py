"""A relying party with the suite's conditions: each answer is checked where it arrives."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from werkzeug.test import TestResponse

from tests.attacks.setting import APP_SECRET
from tests.conformance.op import keys
from tests.conformance.op.suite import RETURN, SECOND_RETURN, Browser, Landed, Suite, payload

SKEW = 10  # seconds that the suite's clock may be off
DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Tokens:
    """A token answer whose ID token was verified."""

    answer: Mapping[str, Any]
    id_token: Mapping[str, Any]
    header: Mapping[str, Any] = field(default_factory=dict)

    @property
    def access_token(self) -> str:
        return str(self.answer["access_token"])

    @property
    def refresh_token(self) -> str:
        return str(self.answer["refresh_token"])


class Party:
    """client_id: one of `suite.clients`. response_mode None: the default, which is the query."""

    def __init__(self, suite: Suite, client_id: str = "basic", response_mode: str | None = None) -> None:
        self.suite, self.client_id, self.response_mode = suite, client_id, response_mode
        self.redirect_uri = SECOND_RETURN if client_id == "second" or client_id.endswith("-2") else RETURN
        self.issuer = suite.issuer
        self.discovery = payload_of_discovery(suite)

    def at(self, name: str) -> str:
        """The path of an endpoint, as discovery names it."""
        return str(self.discovery[f"{name}_endpoint"]).removeprefix(self.issuer)

    def request(self, **changes: str | None) -> dict[str, str]:
        """An authorization request; None takes a parameter away."""
        asked: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
            "response_mode": self.response_mode,
            **changes,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def authorize(self, browser: Browser | None = None, method: str = "GET", **changes: str | None) -> Landed:
        return self.visit(self.request(**changes), browser, method)

    def visit(self, asked: Mapping[str, str], browser: Browser | None = None, method: str = "GET") -> Landed:
        browser = browser or Browser(self.suite)
        path = self.at("authorization")
        first = browser.post(path, asked) if method == "POST" else browser.open(path, asked)
        landed = browser.follow(first, self.redirect_uri)
        if landed.parameters is not None:
            self._require_own_answer(landed, asked)
        return landed

    def _require_own_answer(self, landed: Landed, asked: Mapping[str, str]) -> None:
        """RFC 6749 §4.1.2, RFC 9207 §2, Form Post Response Mode §2."""
        expected = {"iss": self.issuer, **({"state": asked["state"]} if "state" in asked else {})}
        kept = {"kept": "1"} if "?" in self.redirect_uri and self.response_mode != "form_post" else {}
        code = {"code"} if "code" in landed.answer else {"error", "error_description"}
        assert {name: landed.answer.get(name) for name in expected | kept} == expected | kept
        assert set(landed.answer) == {*expected, *kept, *code}
        assert ("Location" in landed.response.headers) is (self.response_mode != "form_post")

    def error(self, browser: Browser | None = None, **changes: str | None) -> str:
        """The code of an authorization error response."""
        landed = self.authorize(browser, **changes)
        assert "code" not in landed.answer
        return landed.answer["error"]

    def sign_in(self, browser: Browser | None = None, method: str = "GET", **changes: str | None) -> Tokens:
        """The happy flow: request, answer, code, verified tokens."""
        asked = self.request(**changes)
        landed = self.visit(asked, browser, method)
        return self.verified(payload(self.redeem(landed.code)), asked)

    def redeem(self, code: str, **form: str) -> TestResponse:
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri}
        return self.post("token", **{**grant, **form})

    def refresh(self, refresh_token: str, **form: str) -> TestResponse:
        return self.post("token", grant_type="refresh_token", refresh_token=refresh_token, **form)

    def post(self, endpoint: str, **form: str) -> TestResponse:
        """To an endpoint that this client authenticates at."""
        if self.suite.clients[self.client_id]["auth"]["method"] == "client_secret_post":
            own = {"client_id": self.client_id, "client_secret": APP_SECRET}
            return self.send("POST", self.at(endpoint), data=own | form)
        return self.send("POST", self.at(endpoint), data=form, auth=(self.client_id, APP_SECRET))

    def send(self, method: str, path: str, **how: Any) -> TestResponse:
        return self.suite.browser().open(path, method=method, base_url=self.issuer, **how)

    def userinfo(self, access_token: str, method: str = "GET") -> TestResponse:
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.send(method, self.at("userinfo"), headers=headers)

    def verified(self, answer: Mapping[str, Any], asked: Mapping[str, str]) -> Tokens:
        """RFC 6749 §5.1; OIDC Core §3.1.3.3, §3.1.3.7, §3.1.3.8, §2."""
        assert answer["token_type"] == "Bearer"
        assert 0 < int(answer["expires_in"]) <= 3600
        header, claims = self.verify_id_token(answer["id_token"], answer["access_token"])
        assert claims.get("nonce") == asked.get("nonce")
        return Tokens(answer, claims, header)

    def verify_id_token(self, id_token: str, access_token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        header = jwt.get_unverified_header(id_token)
        (key,) = [one for one in self.published() if one["kid"] == header["kid"]]
        assert (
            key["alg"]
            == header["alg"]
            == (self.suite.clients[self.client_id]).get("id_token_signed_response_alg", "ES256")
        )
        claims = jwt.decode(
            id_token,
            jwt.PyJWK(key),
            algorithms=[header["alg"]],
            audience=self.client_id,
            issuer=self.issuer,
            options={"require": ["iss", "sub", "aud", "exp", "iat"], "verify_exp": False, "verify_iat": False},
        )
        now = self.suite.clock()
        assert abs(claims["iat"] - now) <= SKEW
        assert claims["exp"] > now
        assert 0 < len(claims["sub"]) <= 255
        assert claims["aud"] == self.client_id
        assert claims["at_hash"] == keys.half_hash(access_token, header["alg"])
        return header, claims

    def published(self) -> list[dict[str, Any]]:
        path = str(self.discovery["jwks_uri"]).removeprefix(self.issuer)
        return list((self.send("GET", path).json or {})["keys"])


def payload_of_discovery(suite: Suite) -> dict[str, Any]:
    return dict(suite.browser().get(DISCOVERY, base_url=suite.issuer).json or {})
