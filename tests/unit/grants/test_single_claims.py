"""Claims asked for one by one (OIDC Core §5.5): where they were asked for, and only while the client may see them."""

from __future__ import annotations

from dataclasses import replace

from broker.model import Terms
from tests.unit.grants.house import PLAIN, WEB, House, claims, configuration

OPENID = ("openid",)


def test_a_claim_stands_where_it_was_asked_for(house: House) -> None:
    terms = Terms(id_token_claims=("name",), userinfo_claims=("email",))
    tokens = house.tokens_of(scope=OPENID, terms=terms)
    said, shown = claims(tokens["id_token"]), house.userinfo(tokens["access_token"]).json or {}
    assert (said["name"], "email" in said) == ("Ada", False)
    assert (shown["email"], shown["email_verified"], "name" in shown) == ("ada@contoso.example", True, False)


def test_a_minimal_id_token_still_says_what_was_asked_of_it(house: House) -> None:
    tokens = house.tokens_of(PLAIN, terms=Terms(id_token_claims=("email",)))
    said = claims(tokens["id_token"])
    assert (said["email"], "name" in said, "department" in said) == ("ada@contoso.example", False, False)


def test_that_an_address_is_verified_may_be_asked_alone(house: House) -> None:
    shown = house.userinfo(
        house.tokens_of(scope=OPENID, terms=Terms(userinfo_claims=("email_verified",)))["access_token"]
    ).json
    assert shown is not None
    assert (shown["email_verified"], "email" in shown) == (True, False)


def test_what_nobody_asked_for_is_not_there(house: House) -> None:
    tokens = house.tokens_of(scope=OPENID)
    assert {"name", "email", "email_verified"}.isdisjoint(claims(tokens["id_token"]))
    assert {"name", "email", "email_verified"}.isdisjoint(house.userinfo(tokens["access_token"]).json or {})


def test_a_refresh_remembers_what_was_asked(house: House) -> None:
    tokens = house.tokens_of(scope=OPENID, terms=Terms(id_token_claims=("name",)))
    again = house.refresh(tokens["refresh_token"]).json or {}
    assert claims(again["id_token"])["name"] == "Ada"


def test_a_claim_goes_when_the_client_loses_its_scope(house: House) -> None:
    """Contract section 3: the current revision decides."""
    tokens = house.tokens_of(scope=OPENID, terms=Terms(id_token_claims=("name",), userinfo_claims=("email", "name")))
    house.live = configuration(replace(WEB, scopes=("openid", "email")))
    again = house.refresh(tokens["refresh_token"]).json or {}
    assert "name" not in claims(again["id_token"])
    shown = house.userinfo(again["access_token"]).json or {}
    assert ("email" in shown, "name" in shown) == (True, False)
