"""RFC 8707: the audience of a person's tokens, from the authorization request to every refresh."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.model import Terms

from .house import House, claims, header
from .services import APP, ARCHIVE, ORDERS, STOCK, world

SCOPE = ("openid", "email", "orders.read", "stock.read")


@pytest.fixture
def apis(house: House) -> House:
    house.live = world()
    return house


def signed_in(apis: House, *resources: str) -> dict[str, Any]:
    return apis.tokens_of(APP, scope=SCOPE, terms=Terms(resources=resources))


def test_a_token_is_for_the_api_that_was_asked_for(apis: House) -> None:
    tokens = signed_in(apis, ORDERS.audience)
    access = claims(tokens["access_token"])
    assert (access["aud"], access["scope"]) == (ORDERS.audience, "openid email orders.read")
    assert access["exp"] - access["iat"] == 300
    assert header(tokens["access_token"])["alg"] == "RS256"
    assert header(tokens["id_token"])["alg"] == "ES256"


def test_without_one_it_is_for_the_clients_own_audience(apis: House) -> None:
    assert claims(signed_in(apis)["access_token"])["aud"] == APP.audience


def test_roles_in_the_access_token_are_the_apis_and_in_the_id_token_the_clients(apis: House) -> None:
    tokens = signed_in(apis, STOCK.audience)
    assert claims(tokens["access_token"])["roles"] == []
    assert claims(tokens["id_token"])["roles"] == ["viewer"]


def test_userinfo_keeps_working(apis: House) -> None:
    answer = apis.userinfo(signed_in(apis, ORDERS.audience)["access_token"])
    assert (answer.status_code, (answer.json or {})["email"]) == (200, "ada@contoso.example")


def test_several_apis_and_a_refresh_for_one_of_them(apis: House) -> None:
    tokens = signed_in(apis, STOCK.audience, ARCHIVE.audience)
    assert claims(tokens["access_token"])["aud"] == [STOCK.audience, ARCHIVE.audience]
    narrower = apis.refresh(tokens["refresh_token"], APP, resource=ARCHIVE.audience).json or {}
    assert claims(narrower["access_token"])["aud"] == ARCHIVE.audience
    wide = apis.refresh(narrower["refresh_token"], APP).json or {}
    assert claims(wide["access_token"])["aud"] == [STOCK.audience, ARCHIVE.audience]


def test_a_code_for_one_of_them(apis: House) -> None:
    code = apis.sign_in(APP, scope=SCOPE, terms=Terms(resources=(STOCK.audience, ARCHIVE.audience)))
    tokens = apis.redeem(code, APP, resource=STOCK.audience).json or {}
    assert claims(tokens["access_token"])["aud"] == STOCK.audience


def test_a_refresh_never_reaches_further_and_is_not_used_up_by_trying(apis: House) -> None:
    refresh_token = signed_in(apis, STOCK.audience)["refresh_token"]
    wider = apis.refresh(refresh_token, APP, resource=ORDERS.audience)
    apis.refused(wider, 400, "invalid_target", "target_wider")
    assert apis.refresh(refresh_token, APP).status_code == 200


def test_a_code_never_reaches_further(apis: House) -> None:
    code = apis.sign_in(APP, scope=SCOPE, terms=Terms(resources=(STOCK.audience,)))
    apis.refused(apis.redeem(code, APP, resource=ORDERS.audience), 400, "invalid_target", "target_wider")


def test_an_api_that_stopped_serving_the_tenant(apis: House) -> None:
    refresh_token = signed_in(apis, STOCK.audience)["refresh_token"]
    elsewhere = {**apis.live.apis, STOCK.audience: replace(STOCK, tenants=("fabrikam",))}
    apis.live = replace(apis.live, apis=elsewhere)
    apis.refused(apis.refresh(refresh_token, APP), 400, "invalid_target", "target_tenant")
