"""private_key_jwt (RFC 7523 §3, OpenID Connect Core §9): one reason for each thing that an assertion may lack."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.clients import Assertions
from broker.errors import TokenRejected
from broker.jose import KeySet
from broker.model import ApplicationAuth, Client
from tests.unit.clients.signing import ISSUER, NOW, Marks, assertion, jwks, key, refused, unique, unsigned

APP = Client("app", "App", (), ApplicationAuth("private_key_jwt"))
FAPI = replace(APP, profile="fapi2")


def keys_of(_client: Client, _kid: str | None) -> KeySet:
    from broker.clients.keys import inline

    return inline(jwks(key("client"), key("rsa", "RS256"), key("pss", "PS256"), key("ed", "EdDSA")))


def prove(token: str, client: Client = APP, marks: Marks | None = None, now: float = NOW) -> None:
    Assertions(ISSUER, keys_of, (marks or Marks()).once, lambda: now).prove(client, token)


@pytest.mark.parametrize("typ", ["JWT", "client-authentication+jwt"])
@pytest.mark.parametrize("name", ["client", "rsa", "pss", "ed"])
def test_a_good_assertion_proves_the_client(name: str, typ: str) -> None:
    alg = {"client": "ES256", "rsa": "RS256", "pss": "PS256", "ed": "EdDSA"}[name]
    prove(assertion("app", key(name, alg), typ=typ))


def test_the_token_endpoint_may_be_the_audience_of_clients_that_know_no_better() -> None:
    older = replace(APP, assertion_audience="token_endpoint")
    prove(assertion("app", aud=f"{ISSUER}/token"), older)
    prove(assertion("app"), older)


@pytest.mark.parametrize("ahead", [8, 60])
def test_a_clock_that_is_a_little_ahead_is_forgiven(ahead: int) -> None:
    """fapi2: nbf 8 seconds ahead accepted"""
    prove(assertion("app", nbf=NOW + ahead, iat=NOW + ahead, exp=NOW + 120), FAPI)


Row = tuple[str, dict[str, Any], str]
ROWS: list[Row] = [
    ("TK-16 another server's token endpoint", {"aud": "https://evil.example/token"}, "aud"),
    ("TK-16 our token endpoint", {"aud": f"{ISSUER}/token"}, "aud"),
    ("TK-16 our PAR endpoint", {"aud": f"{ISSUER}/par"}, "aud"),
    ("TK-16 several", {"aud": [ISSUER, "https://evil.example"]}, "aud"),
    ("TK-16 a list of one", {"aud": [ISSUER]}, "aud"),
    ("TK-16 near miss", {"aud": f"{ISSUER}/"}, "aud"),
    ("TK-16 none", {"aud": None}, "aud"),
    ("TK-17 no jti", {"jti": None}, "jti"),
    ("TK-17 jti is no text", {"jti": 7}, "jti"),
    ("TK-17 huge jti", {"jti": "x" * 513}, "jti"),
    ("TK-18 iss", {"iss": "other"}, "iss"),
    ("TK-18 sub", {"sub": "other"}, "sub"),
    ("TK-18 no sub", {"sub": None}, "sub"),
    ("TK-18 no exp", {"exp": None}, "exp"),
    ("TK-18 expired five minutes ago", {"exp": NOW - 300}, "exp"),
    ("TK-18 just expired", {"exp": NOW}, "exp"),
    ("TK-18 a year", {"exp": NOW + 365 * 86400}, "exp"),
    ("TK-18 exp is text", {"exp": str(NOW + 60)}, "exp"),
    ("TK-18 exp is true", {"exp": True}, "exp"),
    ("nbf more than 60 seconds ahead", {"nbf": NOW + 61}, "nbf"),
    ("iat more than 60 seconds ahead", {"iat": NOW + 61}, "iat"),
]


@pytest.mark.parametrize(("claims", "reason"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_claim_that_is_wrong_refuses(claims: dict[str, Any], reason: str) -> None:
    marks = Marks()
    with refused(reason, TokenRejected):
        prove(assertion("app", **claims), marks=marks)
    assert not marks.seen, "what is refused uses nothing up"


def test_a_signature_that_is_not_the_clients_refuses() -> None:
    """TK-18: alg none, another client's key, another kid, an algorithm that the profile forbids."""
    good = {"iss": "app", "sub": "app", "aud": ISSUER, "jti": unique(), "exp": NOW + 60}
    with refused("alg", TokenRejected):
        prove(unsigned(good))
    with refused("key", TokenRejected):
        prove(assertion("app", key("stranger")))
    impostor = replace(key("stranger"), kid="client")
    with refused("signature", TokenRejected):
        prove(assertion("app", impostor))
    with refused("typ", TokenRejected):
        prove(assertion("app", typ="at+jwt"))
    with refused("alg", TokenRejected):
        prove(assertion("app", key("rsa", "RS256")), FAPI)


def test_an_assertion_is_good_once_and_is_remembered_as_long_as_it_would_be_good() -> None:
    """TK-17"""
    marks, token = Marks(), assertion("app", jti="same")
    prove(token, marks=marks)
    with refused("replay", TokenRejected):
        prove(token, marks=marks)
    assert list(marks.until.values()) == [
        NOW + 61,
    ] * len(marks.until)
    prove(assertion("app", jti="other"), marks=marks)


def test_one_client_cannot_use_up_the_names_of_anothers_assertions() -> None:
    marks = Marks()
    prove(assertion("app", jti="same"), marks=marks)
    prove(assertion("other", jti="same"), replace(APP, client_id="other"), marks)
