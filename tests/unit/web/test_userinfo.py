"""/userinfo: what the current rules say, while the grant stands (OIDC Core §5.3, RFC 6750)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from broker.model import Entitlement
from tests.unit.grants.house import ALL_SCOPES, House, claims


def test_userinfo_and_id_token_agree_about_the_person(house: House) -> None:
    """userinfo-get"""
    tokens = house.tokens_of()
    response = house.userinfo(tokens["access_token"])
    identity = claims(tokens["id_token"])
    told = response.json or {}
    assert response.headers["Cache-Control"] == "no-store"
    assert told["sub"] == "sub-1"
    assert {"email", "email_verified", "name", "department", "tenant", "roles", "idp"} <= set(told)
    assert {name: identity[name] for name in told} == told


def test_the_token_may_come_in_the_header_or_the_body_of_a_post(house: House) -> None:
    """userinfo-post-header, userinfo-post-body"""
    token = house.tokens_of()["access_token"]
    by_header = house.http.post("/userinfo", headers={"Authorization": f"bearer {token}"})
    by_body = house.http.post("/userinfo", data={"access_token": token})
    assert by_header.json == by_body.json == house.userinfo(token).json
    assert by_body.status_code == 200


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        (("openid",), set()),
        (("openid", "profile"), {"name"}),
        (("openid", "email"), {"email", "email_verified"}),
        (("openid", "address"), {"address"}),
        (("openid", "phone"), {"phone_number"}),
    ],
)
def test_each_scope_shows_its_own_claims(house: House, scope: tuple[str, ...], told: set[str]) -> None:
    """scope-profile, scope-email, scope-address, scope-phone"""
    answer = house.userinfo(house.tokens_of(scope=scope)["access_token"]).json or {}
    assert set(answer) - {"sub", "idp", "tenant", "roles", "department"} == told


def test_nothing_is_told_without_a_token(house: House) -> None:
    """TK-47"""
    response = house.http.get("/userinfo")
    house.refused(response, 401, "invalid_token", "token_missing")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert str((response.json or {})["error_description"]).startswith("Send the access token")


def test_a_token_in_the_url_is_refused(house: House) -> None:
    """TK-47"""
    token = house.tokens_of()["access_token"]
    response = house.http.get(f"/userinfo?access_token={token}")
    house.refused(response, 400, "invalid_request", "token_in_query")


def test_two_tokens_are_refused(house: House) -> None:
    headers = {"Authorization": "Bearer x"}
    response = house.http.post("/userinfo", data={"access_token": "x"}, headers=headers)
    house.refused(response, 400, "invalid_request", "token_methods")


def test_other_schemes_are_refused(house: House) -> None:
    response = house.http.get("/userinfo", headers={"Authorization": "Basic Zm9vOmJhcg=="})
    house.refused(response, 401, "invalid_token", "token_scheme")


def test_plain_oauth_tokens_tell_nothing_of_the_person(house: House) -> None:
    """TK-47: wrong scope"""
    response = house.userinfo(house.tokens_of(scope=("email",))["access_token"])
    house.refused(response, 403, "insufficient_scope", "scope")
    assert "insufficient_scope" in response.headers["WWW-Authenticate"]


def test_an_id_token_is_no_access_token(house: House) -> None:
    """TK-47, TK-48, TK-53"""
    response = house.userinfo(house.tokens_of()["id_token"])
    house.refused(response, 401, "invalid_token", "typ")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_an_expired_token_is_refused(house: House) -> None:
    token = house.tokens_of()["access_token"]
    house.now += 600
    house.refused(house.userinfo(token), 401, "invalid_token", "exp")


def end_session(house: House) -> None:
    house.store.of("contoso").end_session("sid-1")


def deny(house: House) -> None:
    house.people.entitlement = Entitlement(False, {}, (), reason="rule_denied")


def remove_client(house: House) -> None:
    house.live = replace(house.live, clients={})


def revoke(house: House) -> None:
    """Through the code's hash, as a replay would."""
    found = house.store.deployment.grant_of_code(house.codes[-1])
    assert found is not None
    house.store.of("contoso").revoke_grant(found[1], int(house.now))


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (end_session, "session_ended"),
        (deny, "rule_denied"),
        (remove_client, "client_id"),
        (revoke, "grant_revoked"),
    ],
)
def test_what_ended_the_grant_ends_userinfo_at_once(house: House, act: Callable[[House], None], reason: str) -> None:
    token = house.tokens_of()["access_token"]
    act(house)
    house.refused(house.userinfo(token), 401, "invalid_token", reason)


def test_an_offline_grant_still_answers_when_the_session_is_over(house: House) -> None:
    token = house.tokens_of(scope=ALL_SCOPES)["access_token"]
    end_session(house)
    assert house.userinfo(token).status_code == 200


def test_the_current_rules_speak(house: House) -> None:
    token = house.tokens_of()["access_token"]
    house.people.entitlement = Entitlement(True, {"name": "Grace"}, ("admin",))
    told = house.userinfo(token).json or {}
    assert (told["name"], told["roles"]) == ("Grace", ["admin"])
    assert "email" not in told
