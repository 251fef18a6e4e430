"""Our own tokens when they come back: kind, key, issuer, audience, time (RFC 9068 §4, RFC 8725 §3.12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from broker import jose
from broker.errors import InvalidToken, TokenRejected
from broker.tokens.access import AccessToken
from tests.unit.grants.house import NOW, PLAIN, WEB, House, claims

Change = Callable[[dict[str, Any]], object]


def read(house: House, token: str) -> AccessToken:
    return house.tokens.access_token(token, house.live)


def signed(house: House, change: Change, typ: str = "at+jwt") -> str:
    """A token with our own good signature, and one thing wrong."""
    members = claims(house.tokens_of()["access_token"])
    change(members)
    return jose.sign(members, house.keys.signing("ES256"), typ)


def test_a_good_token_names_its_grant_client_and_tenant(house: House) -> None:
    found = read(house, house.tokens_of()["access_token"])
    assert (found.client_id, found.tenant, found.sub) == ("web", "contoso", "sub-1")
    assert house.store.of("contoso").grant(found.grant_id) is not None


def test_a_token_that_may_not_name_its_tenant_is_still_found(house: House) -> None:
    token = house.tokens_of(PLAIN)["access_token"]
    assert "contoso" not in str(claims(token))
    assert read(house, token).tenant == "contoso"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda token: token.update(iss="https://login.example.com/"), "iss"),
        (lambda token: token.pop("iss"), "iss"),
        (lambda token: token.update(exp=NOW), "exp"),
        (lambda token: token.update(exp="9999999999"), "exp"),
        (lambda token: token.pop("exp"), "exp"),
        (lambda token: token.update(aud="https://other.example.com"), "aud"),
        (lambda token: token.update(aud="web"), "aud"),
        (lambda token: token.update(aud=["https://api.example.com"]), "aud"),
        (lambda token: token.update(client_id="nobody"), "client_id"),
        (lambda token: token.pop("client_id"), "client_id"),
        (lambda token: token.update(jti="nodot"), "jti"),
        (lambda token: token.pop("jti"), "jti"),
        (lambda token: token.pop("tenant"), "jti"),
    ],
)
def test_each_fault_has_its_own_reason(house: House, change: Change, reason: str) -> None:
    """TK-48, TK-49"""
    with pytest.raises(InvalidToken) as caught:
        read(house, signed(house, change))
    assert caught.value.reason == reason


@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", ""])
def test_only_an_access_token_is_one(house: House, typ: str) -> None:
    """TK-53"""
    with pytest.raises(InvalidToken) as caught:
        read(house, signed(house, lambda token: None, typ))
    assert caught.value.reason == "typ"


def test_a_token_without_our_key_is_refused(house: House) -> None:
    """TK-48: alg none, a foreign key under our kid, an unknown kid"""
    key = house.keys.signing("ES256")
    members = claims(house.tokens_of()["access_token"])
    forged = jose.sign(members, jose.load(key.kid, "ES256", jose.generate("ES256")), "at+jwt")
    unknown = jose.sign(members, jose.load("other", "ES256", jose.generate("ES256")), "at+jwt")
    for token, reason in ((forged, "signature"), (unknown, "key"), ("e30.e30.", "alg"), ("a.b", "malformed")):
        with pytest.raises(InvalidToken) as caught:
            read(house, token)
        assert caught.value.reason == reason


def test_a_hint_may_have_expired(house: House) -> None:
    token = house.tokens_of()["id_token"]
    house.now += 30 * 86400
    hint = house.tokens.hint(token, house.live)
    assert (hint.client_id, hint.sub, hint.sid) == (WEB.client_id, "sub-1", "sid-1")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda token: token.update(iss="https://evil.example"), "iss"),
        (lambda token: token.update(aud=["web", "spa"]), "aud"),
        (lambda token: token.pop("sub"), "aud"),
    ],
)
def test_a_hint_is_an_id_token_of_ours(house: House, change: Change, reason: str) -> None:
    """OP-26"""
    with pytest.raises(TokenRejected) as caught:
        house.tokens.hint(signed(house, change, "JWT"), house.live)
    assert caught.value.reason == reason


def test_an_access_token_is_no_hint(house: House) -> None:
    """TK-53"""
    with pytest.raises(TokenRejected) as caught:
        house.tokens.hint(house.tokens_of()["access_token"], house.live)
    assert caught.value.reason == "typ"
