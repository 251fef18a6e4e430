"""Signed request objects (RFC 9101, FAPI 2.0 Message Signing §5.3): every check refuses with its own reason."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from broker import jose
from broker.clients import RequestObjects
from broker.errors import InvalidRequestObject, OAuthError, RequestNotSupported
from broker.model import ApplicationAuth, Client
from broker.oauth2.parameters import Parameters

ISSUER = "https://login.example.com"
NOW = 1_800_000_000
KEYS = {alg: jose.load(alg.lower(), alg, jose.generate(alg)) for alg in ("ES256", "RS256", "PS256", "EdDSA")}
STRANGER = jose.load("es256", "ES256", jose.generate("ES256"))
JWKS = json.dumps({"keys": [jose.public_jwk(key) for key in KEYS.values()]}).encode()
WEB = Client("web", "Web", ("https://app.example.com/cb",), ApplicationAuth("private_key_jwt"))
MUST = replace(WEB, require_signed_request=True)
FAPI = replace(WEB, profile="fapi2")
OUTSIDE: Parameters = {"client_id": ("web",)}
CLAIMS: dict[str, object] = {
    "iss": "web",
    "aud": ISSUER,
    "exp": NOW + 300,
    "nbf": NOW,
    "client_id": "web",
    "response_type": "code",
    "state": "inside",
}


class Keys:
    def keyset(self, _client: Client, _kid: str | None) -> jose.KeySet:
        return jose.parse_jwks(JWKS, ("sig",))


OBJECTS = RequestObjects(ISSUER, Keys())


def signed(alg: str = "ES256", typ: str = "oauth-authz-req+jwt", **changed: object) -> str:
    """CLAIMS with changes; None leaves a claim out."""
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    return jose.sign(claims, KEYS[alg], typ)


def read(text: str, client: Client = WEB, outside: Parameters = OUTSIDE) -> Parameters:
    return OBJECTS.read(client, text, outside, NOW)


def refusal(text: str, client: Client = WEB, outside: Parameters = OUTSIDE) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        read(text, client, outside)
    return refused.value


def unsigned() -> str:
    parts = ({"alg": "none"}, CLAIMS)
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts), ""])


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_what_is_inside_is_the_request(alg: str) -> None:
    outside = {**OUTSIDE, "state": ("outside",), "nonce": ("outside",), "response_type": ("code",)}
    assert read(signed(alg), outside=outside) == {
        "client_id": ("web",),
        "response_type": ("code",),
        "state": ("inside",),
    }


@pytest.mark.parametrize("typ", ["oauth-authz-req+jwt", "application/oauth-authz-req+jwt", "JWT"])
def test_its_type_is_its_own_or_none_in_particular(typ: str) -> None:
    assert read(signed(typ=typ))["state"] == ("inside",)


def test_members_are_read_as_if_they_had_come_by_themselves() -> None:
    """RFC 9101 §4: numbers and objects stay JSON; RFC 8707 §2: `resource` may be a list."""
    inside = read(signed(max_age=60, claims={"userinfo": {"email": None}}, resource=["https://a", "https://b"], x=[1]))
    assert inside["max_age"] == ("60",)
    assert json.loads(inside["claims"][0]) == {"userinfo": {"email": None}}
    assert inside["resource"] == ("https://a", "https://b")
    assert "x" not in inside


def test_several_audiences_are_good_when_one_is_ours() -> None:
    assert read(signed(aud=["https://other.example.com", ISSUER]))["state"] == ("inside",)


def test_a_clients_clock_may_be_a_little_ahead() -> None:
    assert read(signed(nbf=NOW + 8))["state"] == ("inside",)


ANYBODY: list[tuple[str, str, str]] = [
    ("no exp", signed(exp=None), "request_exp"),
    ("exp a text", signed(exp="soon"), "request_exp"),
    ("expired", signed(exp=NOW), "request_expired"),
    ("good for over an hour", signed(exp=NOW + 3631), "request_lifetime"),
    ("good for over an hour, some day", signed(exp=NOW + 3631, nbf=NOW + 30), "request_lifetime"),
    ("nbf a text", signed(nbf="now"), "request_nbf"),
    ("nbf later", signed(nbf=NOW + 60), "request_too_early"),
    ("iss of another", signed(iss="other"), "request_iss"),
    ("no iss", signed(iss=None), "request_iss"),
    ("aud of another", signed(aud="https://other.example.com"), "request_aud"),
    ("aud without us", signed(aud=["https://other.example.com"]), "request_aud"),
    ("no aud", signed(aud=None), "request_aud"),
    ("client_id of another", signed(client_id="other"), "request_client_id"),
    ("sub is the client", signed(sub="web"), "request_sub"),
    ("type of an ID token", signed(typ="id+jwt"), "request_typ"),
    ("type of an access token", signed(typ="at+jwt"), "request_typ"),
    ("type of a client assertion", signed(typ="client-authentication+jwt"), "request_typ"),
    ("type of a proof", signed(typ="dpop+jwt"), "request_typ"),
    ("scope a list", signed(scope=["openid"]), "request_member"),
    ("max_age a flag", signed(max_age=True), "request_member"),
    ("claims a number", signed(claims=1), "request_member"),
    ("resource of numbers", signed(resource=[1]), "request_member"),
    ("stranger's key", jose.sign(CLAIMS, STRANGER, "JWT"), "request_signature"),
    ("changed", signed()[:-4] + "AAAA", "request_signature"),
    ("encrypted", "a.b.c.d.e", "request_unsupported"),
    ("no JWT", "x", "request_malformed"),
]


@pytest.mark.parametrize(("text", "reason"), [row[1:] for row in ANYBODY], ids=[row[0] for row in ANYBODY])
def test_a_bad_object_is_refused(text: str, reason: str) -> None:
    """OP-29"""
    refused = refusal(text)
    assert type(refused) is InvalidRequestObject
    assert refused.reason == reason


OF_FAPI: list[tuple[str, str, str]] = [
    ("RS256", signed("RS256"), "request_alg"),
    ("no nbf", signed(nbf=None), "request_nbf"),
    ("over an hour long", signed(exp=NOW + 3600, nbf=NOW - 1), "request_lifetime"),
    ("over an hour old", signed(nbf=NOW - 3601, exp=NOW + 1), "request_lifetime"),
]


@pytest.mark.parametrize(("text", "reason"), [row[1:] for row in OF_FAPI], ids=[row[0] for row in OF_FAPI])
def test_fapi_is_stricter(text: str, reason: str) -> None:
    """FAPI 2.0 Message Signing §5.3.1"""
    assert refusal(text, FAPI).reason == reason
    assert read(text)["state"] == ("inside",)


def test_an_hour_is_good() -> None:
    assert read(signed(exp=NOW + 3600), FAPI)["state"] == ("inside",)
    assert read(signed(exp=NOW + 3600 + 30))["state"] == ("inside",), "by a clock that is ahead"


def test_an_unsigned_object_is_not_supported_and_no_object_where_one_is_required() -> None:
    """OP-29, OIDC Core §6"""
    assert type(refusal(unsigned())) is RequestNotSupported
    assert type(refusal(unsigned(), MUST)) is InvalidRequestObject
    assert refusal(unsigned()).reason == refusal(unsigned(), MUST).reason == "request_unsigned"


def test_response_type_outside_must_be_the_one_inside() -> None:
    """OIDC Core §6.1"""
    assert refusal(signed(), outside={**OUTSIDE, "response_type": ("token",)}).reason == "request_response_type"
