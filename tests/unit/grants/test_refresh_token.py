"""grant_type=refresh_token: rotation, reuse detection, and the current revision's say."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from broker.model import Client, Entitlement
from tests.unit.grants.house import ALL_SCOPES, CODE_ONLY, LIFETIMES, SPA, WEB, House, claims


def test_a_refresh_gives_new_tokens_of_the_same_sign_in(house: House) -> None:
    """OIDC Core §12.2"""
    first = house.tokens_of()
    house.now += 120
    second = house.refresh(first["refresh_token"]).json or {}
    assert second["refresh_token"] != first["refresh_token"]
    before, after = claims(first["id_token"]), claims(second["id_token"])
    kept = ("iss", "sub", "aud", "auth_time", "sid", "acr")
    assert {name: before[name] for name in kept} == {name: after[name] for name in kept}
    assert "nonce" not in after
    assert after["iat"] == before["iat"] + 120
    assert house.last_event().event == "token.refreshed"


@pytest.mark.parametrize("client", [WEB, SPA], ids=["confidential", "public"])
def test_reuse_ends_the_family(house: House, client: Client) -> None:
    """TK-21"""
    first = house.tokens_of(client)
    second = house.refresh(first["refresh_token"], client).json or {}
    house.refused(house.refresh(first["refresh_token"], client), 400, "invalid_grant", "refresh_reuse")
    assert house.last_event().tenant == "contoso"
    house.refused(house.refresh(second["refresh_token"], client), 400, "invalid_grant", "grant_revoked")
    house.refused(house.userinfo(second["access_token"]), 401, "invalid_token", "grant_revoked")


def test_of_twenty_parallel_refreshes_one_succeeds(house: House) -> None:
    """TK-22"""
    token = house.tokens_of()["refresh_token"]
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: house.refresh(token).status_code, range(20)))
    assert sorted(answers) == [200, *[400] * 19]


def test_another_clients_token_is_refused_and_stays_good(house: House) -> None:
    """TK-23"""
    token = house.tokens_of()["refresh_token"]
    house.refused(house.refresh(token, SPA), 400, "invalid_grant", "refresh_client")
    assert house.refresh(token).status_code == 200


@pytest.mark.parametrize("twist", [lambda token: token[:-1], lambda token: token + "A", lambda _: "sid-1"])
def test_anything_but_the_token_is_unknown(house: House, twist: Callable[[str], str]) -> None:
    """TK-05"""
    token = house.tokens_of()["refresh_token"]
    house.refused(house.refresh(twist(token)), 400, "invalid_grant", "refresh_unknown")


def test_a_refresh_needs_a_token(house: House) -> None:
    house.refused(house.refresh(""), 400, "invalid_request", "refresh_token_missing")


def end_session(house: House) -> None:
    house.store.of("contoso").end_session("sid-1")


def grow_idle(house: House) -> None:
    house.people.living = False


def deny(house: House) -> None:
    house.people.entitlement = Entitlement(False, {}, (), reason="tenant_suspended")


def remove_tenant(house: House) -> None:
    house.live = replace(house.live, tenants={})


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (end_session, "session_ended"),
        (grow_idle, "session_ended"),
        (deny, "tenant_suspended"),
        (remove_tenant, "tenant_unknown"),
    ],
)
def test_what_ended_the_sign_in_ends_the_refresh(house: House, act: Callable[[House], None], reason: str) -> None:
    """TK-24, TK-59"""
    token = house.tokens_of()["refresh_token"]
    act(house)
    house.refused(house.refresh(token), 400, "invalid_grant", reason)


def test_a_suspended_tenants_token_works_again_afterwards(house: House) -> None:
    token = house.tokens_of()["refresh_token"]
    allowed = house.people.entitlement
    deny(house)
    house.refused(house.refresh(token), 400, "invalid_grant", "tenant_suspended")
    house.people.entitlement = allowed
    assert house.refresh(token).status_code == 200


def test_what_the_rules_no_longer_grant_is_gone(house: House) -> None:
    """TK-24: group removed"""
    token = house.tokens_of()["refresh_token"]
    house.people.entitlement = Entitlement(True, {}, ())
    access = claims((house.refresh(token).json or {})["access_token"])
    assert access["roles"] == []
    assert "department" not in access


def test_scope_may_shrink_for_one_token_and_not_grow(house: House) -> None:
    """TK-25"""
    first = house.tokens_of(scope=("openid", "email"))
    house.refused(
        house.refresh(first["refresh_token"], scope="openid email profile"), 400, "invalid_scope", "scope_wider"
    )
    second = house.refresh(first["refresh_token"], scope="openid").json or {}
    assert second["scope"] == "openid"
    assert "email" not in claims(second["id_token"])
    assert (house.refresh(second["refresh_token"]).json or {})["scope"] == "openid email"


def test_a_refresh_token_ends_with_its_session(house: House) -> None:
    token = house.tokens_of()["refresh_token"]
    house.now += LIFETIMES.session_absolute
    house.refused(house.refresh(token), 400, "invalid_grant", "refresh_expired")


def test_offline_access_outlives_the_session_but_not_its_own_limit(house: House) -> None:
    """TK-26"""
    tokens = house.tokens_of(scope=ALL_SCOPES)
    end_session(house)
    house.now += LIFETIMES.refresh_token - 1
    second = house.refresh(tokens["refresh_token"]).json or {}
    assert claims(second["id_token"])["sub"] == "sub-1"
    house.now += 1
    house.refused(house.refresh(second["refresh_token"]), 400, "invalid_grant", "refresh_expired")


def test_offline_access_can_be_withdrawn(house: House) -> None:
    tokens = house.tokens_of(scope=ALL_SCOPES)
    house.live = replace(house.live, clients={"web": replace(WEB, scopes=("openid",))})
    house.refused(house.refresh(tokens["refresh_token"]), 400, "invalid_grant", "offline_withdrawn")


def test_a_client_that_lost_the_grant_type_may_not_refresh(house: House) -> None:
    """TK-08"""
    token = house.tokens_of()["refresh_token"]
    house.refused(house.refresh(token, CODE_ONLY), 400, "unauthorized_client", "grant_not_allowed")


def test_refreshing_keeps_the_session_from_going_idle(house: House) -> None:
    token = house.tokens_of()["refresh_token"]
    house.now += 300
    house.refresh(token)
    session = house.store.of("contoso").session("sid-1")
    assert session is not None
    assert session.last_seen == house.now
