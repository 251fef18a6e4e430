"""A relying party of FAPI 2.0: it pushes, proves itself and its key, and signs its requests where the plan says so."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import jwt
from werkzeug.test import TestResponse

from tests.conformance.op import keys
from tests.conformance.op.party import Party, Tokens
from tests.conformance.op.suite import Browser, Landed, Suite, payload

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REFUSED_ASSERTION = {"invalid_client", "invalid_request"}  # the suite takes either
Headers = dict[str, str]


class FapiParty(Party):
    """auth: private_key_jwt | mtls. bound: dpop | mtls. number: the plan's first or second client."""

    def __init__(self, suite: Suite, auth: str = "private_key_jwt", bound: str = "dpop", number: str = "1") -> None:
        super().__init__(suite, f"fapi-{auth}-{bound}-{number}")
        self.auth, self.bound, self.number = auth, bound, number
        self.key, self.client_key = f"dpop-{number}", f"client-{number}"
        self.verifier = secrets.token_urlsafe(48)

    @property
    def now(self) -> int:
        return int(self.suite.clock())

    def request(self, **changes: str | None) -> dict[str, str]:
        pkce: dict[str, str | None] = {"code_challenge": keys.challenge(self.verifier), "code_challenge_method": "S256"}
        return super().request(**{**pkce, **changes})

    def assertion(self, signer: str | None = None, alg: str | None = None, **changes: Any) -> str:
        """RFC 7523 §3, FAPI 2.0 §5.3.3.1: for the issuer and for nobody else. None takes a claim away."""
        said = {"iss": self.client_id, "sub": self.client_id, "aud": self.issuer, "iat": self.now, "exp": self.now + 60}
        return keys.sign(
            {**said, "jti": secrets.token_urlsafe(16), **changes}, signer or self.client_key, alg, typ="JWT"
        )

    def asserted(self, assertion: str | None = None) -> dict[str, str]:
        """What proves the client in a form."""
        if self.auth == "mtls":
            return {"client_id": self.client_id}
        return {"client_assertion_type": JWT_BEARER, "client_assertion": assertion or self.assertion()}

    def proof(self, endpoint: str, method: str = "POST", key: str | None = None, **claims: Any) -> Headers:
        return {
            "DPoP": keys.proof(key or self.key, method, str(self.discovery[f"{endpoint}_endpoint"]), self.now, **claims)
        }

    def tls(self) -> Headers:
        """What the proxy says of the connection, where the plan has one with a certificate."""
        return keys.tls(self.client_key) if "mtls" in {self.auth, self.bound} else {}

    def pushed_form(self, asked: Mapping[str, str]) -> dict[str, str]:
        return dict(asked)

    def push(
        self,
        asked: Mapping[str, str] | None = None,
        own: Mapping[str, str] | None = None,
        headers: Headers | None = None,
        **changes: str | None,
    ) -> TestResponse:
        """own: what proves the client, instead of what is right."""
        form = self.pushed_form(self.request(**changes) if asked is None else asked)
        sent = {**form, **(self.asserted() if own is None else own)}
        path = str(self.discovery["pushed_authorization_request_endpoint"]).removeprefix(self.issuer)
        return self.send("POST", path, data=sent, headers={**self.tls(), **(headers or {})})

    def pushed(self, asked: Mapping[str, str] | None = None, headers: Headers | None = None) -> str:
        """RFC 9126 §2.2"""
        answer = self.push(asked, headers=headers)
        assert answer.status_code == 201, answer.text
        members = payload(answer)
        assert 0 < members["expires_in"] < 600, "FAPI 2.0 §5.3.2.2"
        assert str(members["request_uri"]).startswith("urn:")
        return str(members["request_uri"])

    def open(self, request_uri: str, asked: Mapping[str, str], browser: Browser | None = None) -> Landed:
        """The browser at /authorize with what was pushed."""
        browser = browser or Browser(self.suite)
        first = browser.open(self.at("authorization"), {"client_id": self.client_id, "request_uri": request_uri})
        landed = browser.follow(first, self.redirect_uri)
        if landed.parameters is not None:
            self._require_own_answer(landed, asked)
        return landed

    def visit(self, asked: Mapping[str, str], browser: Browser | None = None, method: str = "GET") -> Landed:
        return self.open(self.pushed(asked), asked, browser)

    def redeem(self, code: str, **form: str) -> TestResponse:
        return super().redeem(code, **{"code_verifier": self.verifier, **form})

    def post(self, endpoint: str, **form: str) -> TestResponse:
        return self.post_as(endpoint, self.asserted(), self.proof(endpoint) if self.bound == "dpop" else {}, **form)

    def post_as(self, endpoint: str, own: Mapping[str, str], headers: Headers, **form: str) -> TestResponse:
        """With another proof of the client, or of its key."""
        return self.send("POST", self.at(endpoint), data={**own, **form}, headers={**self.tls(), **headers})

    def userinfo(
        self, access_token: str, method: str = "GET", scheme: str | None = None, **claims: Any
    ) -> TestResponse:
        if self.bound == "mtls":
            headers = {"Authorization": f"{scheme or 'Bearer'} {access_token}", **self.tls()}
            return self.send(method, self.at("userinfo"), headers=headers)
        own = self.proof("userinfo", method, access_token=access_token, **claims)
        headers = {"Authorization": f"{scheme or 'DPoP'} {access_token}", **own}
        return self.send(method, self.at("userinfo"), headers=headers)

    def verified(self, answer: Mapping[str, Any], asked: Mapping[str, str]) -> Tokens:
        """RFC 9449 §5, §6.1; RFC 8705 §3.1: the token says whose it is."""
        assert answer["token_type"] == ("DPoP" if self.bound == "dpop" else "Bearer")
        bound = {"jkt": keys.thumbprint(self.key)}
        if self.bound == "mtls":
            bound = {"x5t#S256": keys.certificate_thumbprint(self.client_key)}
        assert jwt.decode(answer["access_token"], options={"verify_signature": False})["cnf"] == bound
        header, claims = self.verify_id_token(answer["id_token"], answer["access_token"])
        assert claims.get("nonce") == asked.get("nonce")
        return Tokens(answer, claims, header)


class SigningParty(FapiParty):
    """Every request is in a signed object (FAPI 2.0 Message Signing §5.3)."""

    def __init__(self, suite: Suite, number: str = "1") -> None:
        super().__init__(suite, number=number)
        self.client_id = f"signed-{number}"

    def pushed_form(self, asked: Mapping[str, str]) -> dict[str, str]:
        return {"client_id": self.client_id, "request": self.object(asked)}

    def object(
        self, asked: Mapping[str, str], signer: str | None = None, alg: str | None = None, **changes: Any
    ) -> str:
        """None takes a claim away."""
        about = {"iss": self.client_id, "aud": self.issuer, "nbf": self.now, "exp": self.now + 300}
        claims = {**asked, **about, **changes}
        return keys.sign(claims, signer or self.client_key, alg, typ="oauth-authz-req+jwt")

    def push_object(self, value: str, **outside: str) -> TestResponse:
        form = {"client_id": self.client_id, "request": value, **outside, **self.asserted()}
        path = str(self.discovery["pushed_authorization_request_endpoint"]).removeprefix(self.issuer)
        return self.send("POST", path, data=form)
