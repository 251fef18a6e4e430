"""Fabrikam's identity provider: OpenID Connect, authorization code with PKCE, on joserfc."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import urlencode

from flask import Flask, Response, abort, jsonify, redirect, render_template, request
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.wrappers import Response as AnyResponse

from broker.demo.people import Person, find

ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge")


@dataclass(frozen=True, slots=True)
class RelyingParty:
    client_id: str
    secret: str = field(repr=False)
    redirect_uri: str


@dataclass(slots=True)
class Provider:
    origin: str
    people: tuple[Person, ...]
    party: RelyingParty
    clock: Callable[[], float]
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": secrets.token_hex(8), "use": "sig"}))
    codes: dict[str, tuple[Person, dict[str, str]]] = field(default_factory=dict)
    access: dict[str, Person] = field(default_factory=dict)

    def discovery(self) -> dict[str, object]:
        return {
            "issuer": self.origin,
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "userinfo_endpoint": f"{self.origin}/userinfo",
            "jwks_uri": f"{self.origin}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email"],
            "authorization_response_iss_parameter_supported": True,
        }

    def grant(self, person: Person, asked: dict[str, str]) -> str:
        """The redirect with a code; only to the registered address."""
        if asked["client_id"] != self.party.client_id or asked["redirect_uri"] != self.party.redirect_uri:
            abort(400, "Unknown client or redirect URI.")
        code = secrets.token_urlsafe(24)
        self.codes[code] = person, asked
        answer = {"code": code, "state": asked["state"], "iss": self.origin}
        return f"{self.party.redirect_uri}?{urlencode(answer)}"

    def redeem(self, code: str, verifier: str) -> dict[str, object] | None:
        """RFC 7636 §4.6: a code works once, with the verifier of its challenge."""
        person, asked = self.codes.pop(code, (None, {}))
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if person is None or not compare_digest(challenge, asked["code_challenge"]):
            return None
        token = secrets.token_urlsafe(24)
        self.access[token] = person
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self.id_token(person, asked),
        }

    def id_token(self, person: Person, asked: dict[str, str]) -> str:
        now = int(self.clock())
        own: dict[str, object] = {"iss": self.origin, "aud": self.party.client_id, "iat": now, "exp": now + 300}
        own |= {"auth_time": now, "amr": ["pwd"], **claims(person)}
        if asked["nonce"]:
            own["nonce"] = asked["nonce"]
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, own, self.key)

    def authenticates(self, user: str | None, password: str | None) -> bool:
        return user == self.party.client_id and compare_digest(password or "", self.party.secret)


def claims(person: Person) -> dict[str, object]:
    return {
        "sub": person.subject,
        "email": person.email,
        "email_verified": True,
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "department": person.department,
        "groups": list(person.groups),
    }


def create(provider: Provider, organisation: str) -> Flask:
    app = Flask(__name__, static_folder=None)
    _pages(app, provider, organisation)
    _back_channel(app, provider)
    return app


def _pages(app: Flask, provider: Provider, organisation: str) -> None:
    @app.get("/demo.css")
    def css() -> Response:
        return Response(render_template("demo.css"), mimetype="text/css")

    @app.get("/authorize")
    def ask() -> str:
        hidden = {name: request.args.get(name, "") for name in ASKED}
        people = provider.people
        return render_template("people.html", organisation=organisation, protocol="OIDC", people=people, hidden=hidden)

    @app.post("/authorize")
    def answer() -> AnyResponse:
        person = find(provider.people, request.form.get("email", ""))
        if person is None:
            abort(400, "Choose one of the people.")
        return redirect(provider.grant(person, {name: request.form.get(name, "") for name in ASKED}), 303)


def _back_channel(app: Flask, provider: Provider) -> None:
    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return jsonify(provider.discovery())

    @app.get("/jwks")
    def jwks() -> Response:
        return jsonify({"keys": [provider.key.as_dict(private=False)]})

    @app.post("/token")
    def token() -> tuple[Response, int]:
        basic = request.authorization
        if basic is None or not provider.authenticates(basic.username, basic.password):
            return jsonify(error="invalid_client"), 401
        answer = provider.redeem(request.form.get("code", ""), request.form.get("code_verifier", ""))
        return (jsonify(error="invalid_grant"), 400) if answer is None else (jsonify(answer), 200)

    @app.get("/userinfo")
    def userinfo() -> tuple[Response, int]:
        bearer = request.authorization
        person = provider.access.get(bearer.token or "") if bearer else None
        return (jsonify(error="invalid_token"), 401) if person is None else (jsonify(claims(person)), 200)
