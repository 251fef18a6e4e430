"""Step-up that an application asks for (RFC 9470, Core §5.5.1.1): acr_values are wishes, an essential acr is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from broker import jose
from broker.assurance import MULTI_FACTOR
from tests.attacks.world import UnderWay, World, code_of, query

OKTA = "urn:okta:loa:2fa:any"


@pytest.fixture
def okta(fresh: World) -> World:
    """contoso's provider is one that can be asked for several factors."""
    fresh.idp("contoso", "op")["vendor"] = "okta"
    fresh.apply()
    return fresh


def several(world: World, *methods: str) -> None:
    world.ops["contoso"].switches.claims = {"amr": list(methods)}


def essential(*acrs: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(acrs)}}})


def claims_of(world: World, code: str) -> tuple[dict[str, Any], dict[str, Any]]:
    tokens = world.redeem(code).json or {}
    return jose.peek(tokens["id_token"]).claims, jose.peek(tokens["access_token"]).claims


def stepped_up(world: World, browser: FlaskClient, **asked: str) -> UnderWay:
    """The application sends the browser again, which goes on to the provider."""
    return world.begin("contoso", "op", browser=browser, **asked)


def test_discovery_names_what_can_be_relied_on(world: World) -> None:
    document = world.visit(world.browser(), "/.well-known/openid-configuration").json or {}
    assert document["acr_values_supported"] == [MULTI_FACTOR]


def test_a_resource_server_s_challenge_is_answered_end_to_end(okta: World) -> None:
    """RFC 9470 §4: an access token of a password, a new request with acr_values and max_age, a better token."""
    browser, code = okta.signed_in("contoso", "op")
    id_token, access_token = claims_of(okta, code)
    assert "acr" not in {*id_token, *access_token}
    under_way = stepped_up(okta, browser, acr_values=MULTI_FACTOR, max_age="300")
    asked = query(under_way.url)
    assert (asked["acr_values"], asked["max_age"]) == (OKTA, "300")
    several(okta, "pwd", "otp")
    id_token, access_token = claims_of(okta, under_way.finish())
    assert id_token["acr"] == access_token["acr"] == MULTI_FACTOR
    assert access_token["auth_time"] >= okta.clock() - 300
    again = okta.authorize(browser, tenant="contoso", idp="op", acr_values=MULTI_FACTOR, max_age="300")
    assert claims_of(okta, code_of(again))[1]["acr"] == MULTI_FACTOR, "no second trip"


def test_who_did_not_ask_hears_what_the_upstream_said(okta: World) -> None:
    okta.ops["contoso"].switches.claims = {"acr": OKTA}
    browser, code = okta.signed_in("contoso", "op")
    assert claims_of(okta, code)[0]["acr"] == OKTA
    silent = okta.authorize(browser, tenant="contoso", idp="op", prompt="none", acr_values=f"urn:x {MULTI_FACTOR}")
    assert claims_of(okta, code_of(silent))[0]["acr"] == MULTI_FACTOR


def test_a_refreshed_token_keeps_the_name_that_was_asked_for(okta: World) -> None:
    several(okta, "mfa")
    tokens = okta.tokens("contoso", "op", acr_values=MULTI_FACTOR)
    renewed = okta.refresh(tokens["refresh_token"]).json or {}
    assert jose.peek(renewed["access_token"]).claims["acr"] == MULTI_FACTOR


def test_a_wish_that_is_not_met_fails_nothing(okta: World) -> None:
    """OIDC Core §3.1.2.1: voluntary. The token does not say what nobody proved."""
    browser, code = okta.signed_in("contoso", "op", acr_values=MULTI_FACTOR)
    assert "acr" not in claims_of(okta, code)[0]
    assert code_of(okta.authorize(browser, tenant="contoso", idp="op", acr_values=MULTI_FACTOR, prompt="none"))


def test_a_wish_that_nobody_understands_is_not_sent_on(fresh: World) -> None:
    """OP-28: neither words of the application's own, nor ours where the provider cannot be asked for it."""
    for wish in ("1 2", MULTI_FACTOR):
        under_way = fresh.begin("contoso", "op", acr_values=wish)
        assert "acr_values" not in query(under_way.url)
        assert under_way.finish()
        assert code_of(fresh.authorize(under_way.browser, tenant="contoso", idp="op", acr_values=wish))


def test_an_essential_acr_that_is_not_proven_gives_no_code(okta: World) -> None:
    """OP-28, RFC 9470 §5: the error of OpenID Connect Core Error Code unmet_authentication_requirements."""
    under_way = okta.begin("contoso", "op", claims=essential(MULTI_FACTOR))
    assert query(under_way.url)["acr_values"] == OKTA
    response = okta.assert_refused(under_way.answer, "acr_unmet", "sign_in.denied")
    assert query(response.headers["Location"])["error"] == "unmet_authentication_requirements"


def test_an_essential_acr_that_nobody_knows_gives_no_code(okta: World) -> None:
    under_way = okta.begin("contoso", "op", claims=essential("urn:unknown"))
    okta.assert_refused(under_way.answer, "acr_unmet", "sign_in.denied")


def test_an_essential_acr_is_asked_of_the_provider_though_there_is_a_session(okta: World) -> None:
    browser, _ = okta.signed_in("contoso", "op")
    silent = lambda: okta.authorize(  # noqa: E731
        browser, tenant="contoso", idp="op", prompt="none", claims=essential(MULTI_FACTOR)
    )
    response = okta.assert_refused(silent, "acr_unmet", "authorize.rejected")
    assert query(response.headers["Location"])["error"] == "login_required"
    several(okta, "mfa")
    code = stepped_up(okta, browser, claims=essential("urn:unknown", MULTI_FACTOR)).finish()
    assert claims_of(okta, code)[0]["acr"] == MULTI_FACTOR


def test_the_upstream_s_own_name_can_be_essential_too(okta: World) -> None:
    okta.ops["contoso"].switches.claims = {"acr": "urn:own:level"}
    _, code = okta.signed_in("contoso", "op", claims=essential("urn:own:level"))
    assert claims_of(okta, code)[0]["acr"] == "urn:own:level"
