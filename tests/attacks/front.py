"""Clients that push, sign, and do both; and what they send."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker import jose
from tests.attacks.setting import APP_SECRET, CALLBACK
from tests.attacks.world import CHALLENGE, UnderWay, World
from tests.idps.oidc_op import OidcOp

KEY = jose.load("k1", "ES256", jose.generate("ES256"))
RSA = jose.load("k2", "RS256", jose.generate("RS256"))
JWKS = {"keys": [jose.public_jwk(KEY), jose.public_jwk(RSA)]}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GOOD = {
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid email",
    "state": "pushed state",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "tenant": "contoso",
    "idp": "op",
}
Changes = Mapping[str, str | None]


def world_with_clients(folder: Path, providers: Mapping[str, OidcOp]) -> World:
    """With clients that push, sign, and do both."""
    world = World(folder, providers)
    secret = {"method": "client_secret_post", "secret": {"env": "APP_SECRET"}}
    keys = {"method": "private_key_jwt", "jwks": JWKS}
    world.clients |= {
        "pusher": {"auth": secret, "require_pushed_authorization_requests": True},
        "signer": {"auth": {**secret, "jwks": JWKS}, "require_signed_request_object": True},
        "fapi": {"auth": keys, "profile": "fapi2"},
        "query-only": {"auth": secret, "response_modes": ["query"]},
    }
    for name in ("pusher", "signer", "fapi", "query-only"):
        world.clients[name] |= {"client_id": name, "redirect_uris": [CALLBACK]}
    world.apply()
    return world


def push(world: World, client_id: str = "web", changed: Changes | None = None, **more: Any) -> TestResponse:
    """GOOD with changes, as the client itself: None leaves a parameter out."""
    form: dict[str, Any] = {"client_id": client_id, **GOOD, **client_proof(world, client_id), **(changed or {})}
    present = {name: value for name, value in form.items() if value is not None}
    return world.browser().post("/par", base_url=world.issuer, data=present, **more)


def client_proof(world: World, client_id: str) -> dict[str, str]:
    if client_id == "spa":
        return {}
    if client_id != "fapi":
        return {"client_secret": APP_SECRET}
    now = int(world.clock())
    about = {"iss": "fapi", "sub": "fapi", "aud": world.issuer, "iat": now, "exp": now + 60}
    signed = jose.sign({**about, "jti": secrets.token_urlsafe(16)}, KEY, "JWT")
    return {"client_assertion_type": ASSERTION, "client_assertion": signed}


def pushed(world: World, client_id: str = "web", changed: Changes | None = None) -> str:
    answer = push(world, client_id, changed)
    assert answer.status_code == 201, answer.text
    members = answer.json or {}
    assert members["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert members["expires_in"] == 90
    return str(members["request_uri"])


def visit(
    world: World, request_uri: str, client_id: str = "web", browser: FlaskClient | None = None, **more: str
) -> TestResponse:
    asked = {"client_id": client_id, "request_uri": request_uri, **more}
    return (browser or world.browser()).get("/authorize", base_url=world.issuer, query_string=asked)


def begun(world: World, request_uri: str, client_id: str = "web", **more: str) -> UnderWay:
    browser = world.browser()
    response = visit(world, request_uri, client_id, browser, **more)
    assert response.status_code == 303, response.text
    return UnderWay(world, browser, "contoso", "op", client_id, response.headers["Location"])


def signed(world: World, client_id: str = "signer", key: jose.SigningKey = KEY, **changed: object) -> str:
    now = int(world.clock())
    about = {"iss": client_id, "aud": world.issuer, "exp": now + 300, "nbf": now, "client_id": client_id}
    claims = {name: value for name, value in {**about, **GOOD, **changed}.items() if value is not None}
    return jose.sign(claims, key, "oauth-authz-req+jwt")
