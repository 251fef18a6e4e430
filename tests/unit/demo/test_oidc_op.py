"""The demo's OpenID provider is strict where it matters: client, redirect URI, PKCE, single use."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet

from broker.demo import oidc_op
from broker.demo.people import FABRIKAM

NOW = 1_795_000_000.0
ORIGIN = "http://op.example"
PARTY = oidc_op.RelyingParty("broker", "secret", "https://sp.example/callback")
BASIC = {"Authorization": "Basic " + b64encode(b"broker:secret").decode()}
VERIFIER = "a-verifier-of-at-least-forty-three-characters"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "client_id": "broker",
    "redirect_uri": PARTY.redirect_uri,
    "state": "s",
    "nonce": "n",
    "code_challenge": CHALLENGE,
    "email": FABRIKAM[0].email,
}


@pytest.fixture
def op() -> FlaskClient:
    return oidc_op.create(oidc_op.Provider(ORIGIN, FABRIKAM, PARTY, lambda: NOW), "Fabrikam").test_client()


def code(op: FlaskClient) -> str:
    answer = parse_qs(urlsplit(op.post("/authorize", data=ASKED).headers["Location"]).query)
    assert answer["state"] == ["s"]
    assert answer["iss"] == [ORIGIN]
    return answer["code"][0]


def test_code_gives_an_id_token_and_userinfo(op: FlaskClient) -> None:
    got = op.post("/token", data={"code": code(op), "code_verifier": VERIFIER}, headers=BASIC).get_json()
    keys = KeySet.import_key_set(op.get("/jwks").get_json())
    claims = jwt.decode(got["id_token"], keys, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"], claims["exp"]) == (ORIGIN, "broker", "n", int(NOW) + 300)
    userinfo = op.get("/userinfo", headers={"Authorization": f"Bearer {got['access_token']}"}).get_json()
    assert userinfo["email"] == claims["email"] == FABRIKAM[0].email
    assert "d" not in op.get("/jwks").get_json()["keys"][0]


def test_code_works_once(op: FlaskClient) -> None:
    form = {"code": code(op), "code_verifier": VERIFIER}
    assert op.post("/token", data=form, headers=BASIC).status_code == 200
    assert op.post("/token", data=form, headers=BASIC).get_json() == {"error": "invalid_grant"}


def test_wrong_verifier_is_refused_and_uses_the_code_up(op: FlaskClient) -> None:
    got = code(op)
    for verifier in ("wrong", VERIFIER):
        answer = op.post("/token", data={"code": got, "code_verifier": verifier}, headers=BASIC)
        assert answer.get_json() == {"error": "invalid_grant"}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic " + b64encode(b"broker:wrong").decode()}])
def test_client_must_authenticate(op: FlaskClient, headers: dict[str, str]) -> None:
    form = {"code": code(op), "code_verifier": VERIFIER}
    assert op.post("/token", data=form, headers=headers).get_json() == {"error": "invalid_client"}


@pytest.mark.parametrize("change", [{"redirect_uri": "https://evil.example/"}, {"client_id": "x"}, {"email": "eve@x"}])
def test_nothing_leaves_for_an_unknown_client_address_or_person(op: FlaskClient, change: dict[str, str]) -> None:
    answer = op.post("/authorize", data=ASKED | change)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_userinfo_needs_a_token(op: FlaskClient) -> None:
    assert op.get("/userinfo").status_code == 401
    assert op.get("/userinfo", headers={"Authorization": "Bearer wrong"}).status_code == 401
