"""grant_type=authorization_code: once, by its client, with its proof."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from broker.model import Client, Entitlement
from tests.unit.grants.house import CODE_ONLY, NOW, PLAIN, SPA, VERIFIER, WEB, House, claims, header


def test_a_code_becomes_the_tokens_of_the_contract(house: House) -> None:
    response = house.redeem(house.sign_in())
    tokens = response.json or {}
    assert response.headers["Cache-Control"] == "no-store"
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 600)
    access, identity = claims(tokens["access_token"]), claims(tokens["id_token"])
    assert header(tokens["access_token"])["typ"] == "at+jwt"
    expected = {
        "iss": "https://login.example.com",
        "sub": "sub-1",
        "exp": NOW + 600,
        "iat": NOW,
        "tenant": "contoso",
        "roles": ["viewer"],
        "idp": "adfs",
        "acr": "urn:mfa",
        "amr": ["pwd", "otp"],
        "auth_time": NOW - 60,
        "sid": "sid-1",
        "cfg": 7,
        "department": "Sales",
    }
    assert {name: access[name] for name in expected} == expected
    assert {name: identity[name] for name in expected} == expected
    assert set(access) - set(expected) == {"aud", "client_id", "scope", "jti"}
    assert (access["aud"], access["client_id"]) == ("https://api.example.com", "web")
    assert (identity["aud"], identity["nonce"]) == ("web", "n-1")
    assert (identity["email"], identity["email_verified"]) == ("ada@contoso.example", True)
    assert identity["address"] == {"formatted": "1 High Street"}
    assert "shoe_size" not in identity


def test_success_is_one_event_under_the_reference_of_the_sign_in(house: House) -> None:
    house.tokens_of()
    event = house.last_event()
    assert (event.event, event.outcome, event.reference) == ("token.issued", "success", "abcd-efgh")
    assert (event.tenant, event.client_id, event.idp, event.sub, event.sid) == (
        "contoso",
        "web",
        "adfs",
        "sub-1",
        "sid-1",
    )


def test_a_client_may_ask_for_less_in_its_tokens(house: House) -> None:
    tokens = house.tokens_of(PLAIN)
    identity = claims(tokens["id_token"])
    assert header(tokens["id_token"])["alg"] == "RS256"
    assert {"tenant", "roles", "email", "name", "department"}.isdisjoint(identity)
    assert {"tenant", "roles"}.isdisjoint(claims(tokens["access_token"]))
    assert (house.userinfo(tokens["access_token"]).json or {})["email"] == "ada@contoso.example"


def test_without_openid_there_is_no_id_token(house: House) -> None:
    assert "id_token" not in house.tokens_of(scope=("email",))


def test_without_the_grant_type_there_is_no_refresh_token(house: House) -> None:
    assert "refresh_token" not in house.tokens_of(CODE_ONLY)


def test_a_client_without_audience_gets_tokens_for_us(house: House) -> None:
    assert claims(house.tokens_of(SPA)["access_token"])["aud"] == "https://login.example.com"


def test_code_cannot_be_used_twice_and_its_tokens_end(house: House) -> None:
    """TK-01, codereuse"""
    code = house.sign_in()
    tokens = house.redeem(code).json or {}
    house.refused(house.redeem(code), 400, "invalid_grant", "code_replay")
    house.refused(house.userinfo(tokens["access_token"]), 401, "invalid_token", "grant_revoked")
    house.refused(house.refresh(tokens["refresh_token"]), 400, "invalid_grant", "grant_revoked")


def test_of_twenty_parallel_redemptions_one_succeeds(house: House) -> None:
    """TK-02"""
    code = house.sign_in()
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: house.redeem(code).status_code, range(20)))
    assert sorted(answers) == [200, *[400] * 19]


def test_code_of_another_client_is_refused_and_burned(house: House) -> None:
    """TK-03"""
    code = house.sign_in(WEB)
    house.refused(house.redeem(code, SPA), 400, "invalid_grant", "code_client")
    assert house.last_event().tenant == "contoso"
    house.refused(house.redeem(code, WEB), 400, "invalid_grant", "code_unknown")


def test_an_expired_code_is_refused(house: House) -> None:
    """TK-04"""
    code = house.sign_in()
    house.now += 61
    house.refused(house.redeem(code), 400, "invalid_grant", "code_unknown")


@pytest.mark.parametrize("twist", [lambda code: code[:-1], lambda code: code + "x", lambda _: "jti", lambda _: "💥"])
def test_anything_but_the_code_is_unknown(house: House, twist: object) -> None:
    """TK-05, TK-06"""
    assert callable(twist)
    house.refused(house.redeem(twist(house.sign_in())), 400, "invalid_grant", "code_unknown")


def test_a_refresh_token_is_no_code(house: House) -> None:
    """TK-04"""
    token = house.tokens_of()["refresh_token"]
    house.refused(house.redeem(token), 400, "invalid_grant", "code_unknown")


@pytest.mark.parametrize(
    ("changed", "error", "reason"),
    [
        ({"redirect_uri": "https://app.example.com/other"}, "invalid_grant", "redirect_uri"),
        ({"redirect_uri": None}, "invalid_grant", "redirect_uri"),
        ({"code_verifier": None}, "invalid_grant", "pkce_verifier_missing"),
        ({"code_verifier": "w" * 43}, "invalid_grant", "pkce_verifier"),
        ({"code_verifier": "w" * 42}, "invalid_grant", "pkce_verifier_syntax"),
        ({"code_verifier": [VERIFIER, VERIFIER]}, "invalid_request", "repeated"),
    ],
    ids=["OP-08 differs", "OP-08 missing", "OP-18 missing", "OP-18 wrong", "OP-18 42", "OP-18 repeated"],
)
def test_a_code_needs_its_proofs(house: House, changed: dict[str, object], error: str, reason: str) -> None:
    house.refused(house.redeem(house.sign_in(), **changed), 400, error, reason)


def test_a_code_is_needed(house: House) -> None:
    house.refused(house.post("/token", {"grant_type": "authorization_code"}), 400, "invalid_request", "code_missing")


def test_a_verifier_without_a_challenge_is_a_downgrade(house: House) -> None:
    """OP-17"""
    code = house.sign_in(code_challenge=None)
    house.refused(house.redeem(code), 400, "invalid_grant", "pkce_downgrade")


def test_a_code_does_not_outlive_its_session(house: House) -> None:
    code = house.sign_in()
    house.store.of("contoso").end_session("sid-1")
    house.refused(house.redeem(code), 400, "invalid_grant", "session_ended")


def test_the_current_rules_decide_at_redemption(house: House) -> None:
    code = house.sign_in()
    house.people.entitlement = Entitlement(False, {}, (), reason="rule_denied")
    house.refused(house.redeem(code), 400, "invalid_grant", "rule_denied")


def test_a_payload_of_another_tenant_is_refused(house: House) -> None:
    code = house.sign_in(tenant="fabrikam")
    house.refused(house.redeem(code), 400, "invalid_grant", "code_tenant")


def impossible(**changed: object) -> Entitlement:
    return replace(Entitlement(True, {}, ()), **changed)  # type: ignore[arg-type]  # members by name


@pytest.mark.parametrize(
    ("client", "entitlement", "reason"),
    [
        (WEB, impossible(roles=("root",)), "role_unknown"),
        (replace(WEB, roles=("viewer",)), impossible(roles=("admin",)), "role_foreign"),
        (WEB, impossible(claims={"sub": "x"}), "reserved_claim"),
        (WEB, impossible(claims={"email_verified": True}), "reserved_claim"),
        (replace(WEB, tenants=("fabrikam",)), impossible(), "tenant_mismatch"),
    ],
    ids=["role_unknown", "role_foreign", "sub", "email_verified", "client without the tenant"],
)
def test_the_last_check_signs_nothing_wrong(
    house: House, client: Client, entitlement: Entitlement, reason: str
) -> None:
    code = house.sign_in()
    house.live = replace(house.live, clients={"web": client})
    house.people.entitlement = entitlement
    house.refused(house.redeem(code), 500, "server_error", reason)
