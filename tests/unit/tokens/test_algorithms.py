"""Every algorithm that `signing` names, from the key to a stock verifier (contract section 3, Signing)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from werkzeug.test import TestResponse

from broker.errors import TokenRejected
from broker.model import Signing
from tests.unit.grants.house import ISSUER, WEB, House, configuration, header, published

ALL = ("ES256", "RS256", "PS256", "EdDSA")
SIGNED = {f"{what}_alg" for what in ("id_token", "access_token", "userinfo", "introspection")}


@pytest.fixture(params=ALL)
def wanted(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def house(tmp_path: Path, few_rsa_keys: None) -> Iterator[House]:
    made = House(tmp_path, signing=Signing("EdDSA", ("PS256", "ES256")))
    yield made
    made.store.close()


def read(house: House, token: str, audience: str) -> dict[str, Any]:
    """As PyJWT does, with nothing but what we publish."""
    jwk = next(key for key in published(house.http) if key["kid"] == header(token)["kid"])
    assert jwk["alg"] == header(token)["alg"]
    key = jwt.PyJWK.from_dict(jwk)
    options: Any = {"verify_exp": False, "verify_iat": False}
    return dict(jwt.decode(token, key, algorithms=[jwk["alg"]], audience=audience, issuer=ISSUER, options=options))


def introspected(house: House, token: str, accept: str) -> TestResponse:
    return house.post("/introspect", {"token": token}, headers={"Accept": accept})


def test_a_client_chooses_one_for_everything_that_it_is_told(house: House, wanted: str) -> None:
    client = replace(WEB, **dict.fromkeys(SIGNED, wanted))
    house.live = configuration(client)
    tokens = house.tokens_of(client)
    access = read(house, tokens["access_token"], "https://api.example.com")
    said = read(house, tokens["id_token"], "web")
    assert said["sub"] == access["sub"] == "sub-1"
    answer = house.userinfo(tokens["access_token"])
    assert (answer.status_code, answer.mimetype) == (200, "application/jwt")
    assert answer.headers["Cache-Control"] == "no-store"
    person = read(house, answer.text, "web")
    assert {name: person[name] for name in ("sub", "email", "tenant", "roles")} == {
        name: said[name] for name in ("sub", "email", "tenant", "roles")
    }
    about = introspected(house, tokens["access_token"], "application/token-introspection+jwt")
    assert read(house, about.text, "web")["token_introspection"]["active"] is True
    signed = (tokens["access_token"], tokens["id_token"], answer.text, about.text)
    assert {header(token)["alg"] for token in signed} == {wanted}


def test_at_hash_fits_the_algorithm(house: House, wanted: str) -> None:
    """OIDC Core §3.1.3.6; for Ed25519 the hash is SHA-512."""
    client = replace(WEB, id_token_alg=wanted)
    house.live = configuration(client)
    tokens = house.tokens_of(client)
    hashed = hashlib.sha512 if wanted == "EdDSA" else hashlib.sha256
    expected = hashed(tokens["access_token"].encode()).digest()
    half = expected[: len(expected) // 2]
    assert read(house, tokens["id_token"], "web")["at_hash"] == jwt.utils.base64url_encode(half).decode()


def test_a_client_that_chooses_nothing_gets_the_deployments(house: House) -> None:
    tokens = house.tokens_of()
    about = introspected(house, tokens["access_token"], "application/token-introspection+jwt").text
    assert {header(token)["alg"] for token in (tokens["id_token"], tokens["access_token"], about)} == {"EdDSA"}
    assert house.userinfo(tokens["access_token"]).mimetype == "application/json"


def test_keys_of_each_are_published(house: House) -> None:
    keys = published(house.http)
    assert sorted(key["alg"] for key in keys) == sorted(ALL * 2), "active and next, and RS256 though nobody listed it"
    for key in keys:
        jwt.PyJWK.from_dict(json.loads(json.dumps(key)))


def test_discovery_lists_them(house: House) -> None:
    document = house.http.get("/.well-known/openid-configuration").json or {}
    for what in ("id_token", "userinfo", "introspection"):
        assert document[f"{what}_signing_alg_values_supported"] == ["EdDSA", "PS256", "ES256", "RS256"]


def test_signed_userinfo_is_no_id_token(house: House) -> None:
    """RFC 8725 §3.11: it says as much of a person, and proves nothing of a sign-in."""
    client = replace(WEB, userinfo_alg="ES256")
    house.live = configuration(client)
    answer = house.userinfo(house.tokens_of(client)["access_token"]).text
    assert header(answer)["typ"] == "userinfo+jwt"
    with pytest.raises(TokenRejected) as refused:
        house.tokens.hint(answer, house.live)
    assert refused.value.reason == "typ"
    response = house.userinfo(answer)
    assert response.status_code == 401
    assert house.last_event().reason == "typ"
