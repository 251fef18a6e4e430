"""A hostile or careless JWK Set never yields a key we would not trust, and never an unexpected error."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from broker.errors import TokenRejected
from broker.jose import generate, load, parse_jwks, public_jwk

EC_JWK = public_jwk(load("ec", "ES256", generate("ES256")))
RSA_JWK = public_jwk(load("rsa", "RS256", generate("RS256")))
OKP_JWK = public_jwk(load("okp", "EdDSA", generate("EdDSA")))


def number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def small_rsa(bits: int) -> dict[str, object]:
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key().public_numbers()
    return {"kty": "RSA", "kid": "small", "n": number(numbers.n), "e": number(numbers.e)}


def p384() -> dict[str, object]:
    numbers = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    return {"kty": "EC", "crv": "P-384", "x": number(numbers.x), "y": number(numbers.y)}


def read(*keys: object) -> list[str | None]:
    return [key.kid for key in parse_jwks(json.dumps({"keys": keys}).encode()).keys]


def test_the_usable_keys_are_kept_in_order() -> None:
    assert read(EC_JWK, RSA_JWK, OKP_JWK) == ["ec", "rsa", "okp"]


def test_a_key_without_use_and_alg_serves_every_algorithm_of_its_kind() -> None:
    bare = {name: RSA_JWK[name] for name in ("kty", "n", "e", "kid")}
    keys = parse_jwks(json.dumps({"keys": [bare]}).encode())
    assert [len(keys.find("rsa", alg)) for alg in ("RS256", "PS256", "ES256")] == [1, 1, 0]


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "o"},
        {**RSA_JWK, "use": "enc"},
        {**RSA_JWK, "key_ops": ["encrypt"]},
        {**RSA_JWK, "key_ops": "verify"},
        {**RSA_JWK, "alg": "RS512"},
        {**RSA_JWK, "alg": "HS256"},
        {**RSA_JWK, "alg": ["RS256"]},
        {**RSA_JWK, "e": number(1)},
        {**RSA_JWK, "e": number(3)},
        {**RSA_JWK, "e": number(65538)},
        {**RSA_JWK, "e": ""},
        {**RSA_JWK, "e": number(2**32 + 1)},
        {**RSA_JWK, "e": number(2**2000 + 1)},
        {**RSA_JWK, "n": 7},
        {**RSA_JWK, "n": "AQ"},
        {**RSA_JWK, "n": "é"},
        {**RSA_JWK, "n": number(2**16385 - 1)},
        {"kty": "RSA"},
        {**EC_JWK, "y": EC_JWK["x"]},
        {**EC_JWK, "x": "AA"},
        {**EC_JWK, "x": None},
        {**EC_JWK, "crv": "secp256k1"},
        {**EC_JWK, "alg": "RS256"},
        {**OKP_JWK, "x": "AA"},
        {**OKP_JWK, "crv": "X25519"},
        {"kty": ["RSA"]},
        {},
        [],
        None,
        "key",
        7,
        small_rsa(1024),
        p384(),
    ],
)
def test_a_key_we_would_not_trust_is_dropped_and_the_others_stay(jwk: object) -> None:
    assert read(jwk, EC_JWK) == ["ec"]


def test_private_members_of_a_careless_issuer_are_not_looked_at() -> None:
    assert read({**RSA_JWK, "d": "AQAB", "p": "AQ"}, EC_JWK) == ["rsa", "ec"]


def test_a_set_of_ten_thousand_keys_is_read_in_part() -> None:
    assert len(read(*([OKP_JWK] * 10_000))) == 256


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"keys":{}}', b'{"keys":null}', b"<html>", b'{"keys":[],"keys":[]}']
)
def test_what_is_no_jwk_set_is_refused(body: bytes) -> None:
    with pytest.raises(TokenRejected) as rejected:
        parse_jwks(body)
    assert rejected.value.reason == "json"
