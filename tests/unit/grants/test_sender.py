"""Over HTTP: tokens that are good with the key of their sender only (RFC 9449)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.model import Terms
from tests.unit.clients.signing import jkt, key, proof
from tests.unit.grants.house import ISSUER, NOW, SPA, House, claims, configuration
from tests.unit.grants.senders import (
    BOUND,
    NEVER,
    NONCE,
    SIGNER,
    redeem,
    refresh,
    register,
    send,
    tokens,
    userinfo,
)


@pytest.fixture(autouse=True)
def registered(house: House) -> None:
    register(house)


def test_a_proof_binds_the_tokens_to_its_key(house: House) -> None:
    got = tokens(redeem(house, SIGNER, proof()))
    assert got["token_type"] == "DPoP"
    assert claims(got["access_token"])["cnf"] == {"jkt": jkt()}
    answer = userinfo(house, got["access_token"], headers={"DPoP": proof(access_token=got["access_token"])})
    assert answer.status_code == 200
    assert (answer.json or {})["sub"] == "sub-1"


def test_without_a_proof_a_client_that_may_choose_gets_a_bearer_token(house: House) -> None:
    got = tokens(redeem(house, SIGNER))
    assert got["token_type"] == "Bearer"
    assert "cnf" not in claims(got["access_token"])


@pytest.mark.parametrize(
    ("client", "dpop", "error", "reason"),
    [
        (BOUND, None, "invalid_dpop_proof", "dpop_missing"),
        (BOUND, f"{proof()}, {proof()}", "invalid_dpop_proof", "dpop_several"),
        (BOUND, proof(key("rsa", "RS256")), "invalid_dpop_proof", "dpop_alg"),
        (BOUND, proof(htm="GET"), "invalid_dpop_proof", "dpop_htm"),
        (BOUND, proof(iat=NOW - 61), "invalid_dpop_proof", "dpop_iat"),
        (BOUND, "garbage", "invalid_dpop_proof", "dpop_malformed"),
        (NONCE, None, "invalid_dpop_proof", "dpop_missing"),
        (NEVER, proof(), "invalid_request", "dpop_not_allowed"),
    ],
)
def test_a_request_without_a_good_proof_brings_nothing(
    house: House, client: Any, dpop: str | None, error: str, reason: str
) -> None:
    """TK-50; fapi2: holder of key required"""
    house.refused(redeem(house, client, dpop), 400, error, reason)


def test_a_proof_brings_tokens_once(house: House) -> None:
    """TK-50"""
    once = proof()
    assert redeem(house, SIGNER, once).status_code == 200
    house.refused(redeem(house, SIGNER, once), 400, "invalid_dpop_proof", "dpop_replay")


def test_the_host_header_names_no_address_for_proofs(house: House) -> None:
    """OP-42: htu is compared with our issuer"""
    sent = redeem(house, SIGNER, proof(htu="https://evil.example/token"), {"Host": "evil.example"})
    house.refused(sent, 400, "invalid_dpop_proof", "dpop_htu")


def test_a_code_goes_to_the_key_that_its_request_named(house: House) -> None:
    """RFC 9449 §10; fapi2: mismatched jkt fails at the token endpoint"""
    terms = Terms(cnf={"jkt": jkt()})
    assert redeem(house, SIGNER, proof(), terms=terms).status_code == 200
    house.refused(redeem(house, SIGNER, proof(key("thief")), terms=terms), 400, "invalid_grant", "cnf")
    house.refused(redeem(house, SIGNER, terms=terms), 400, "invalid_grant", "cnf")


def test_a_public_clients_refresh_token_is_bound_to_its_key(house: House) -> None:
    """TK-50: other key at refresh"""
    first = tokens(redeem(house, SPA, proof()))["refresh_token"]
    house.refused(refresh(house, SPA, first, proof(key("thief"))), 400, "invalid_grant", "cnf")
    house.refused(refresh(house, SPA, first), 400, "invalid_grant", "cnf")
    again = tokens(refresh(house, SPA, first, proof()))
    assert again["token_type"] == "DPoP"
    assert again["refresh_token"] != first


def test_a_public_clients_refresh_token_is_replaced_however_it_is_bound(house: House) -> None:
    """RFC 9700 §2.2.2: of two who hold the key, reuse shows that there are two."""
    strict = replace(SPA, client_id="strict", dpop="required")
    house.live = configuration(strict)
    first = tokens(redeem(house, strict, proof()))["refresh_token"]
    assert tokens(refresh(house, strict, first, proof()))["refresh_token"] != first
    house.refused(refresh(house, strict, first, proof()), 400, "invalid_grant", "refresh_reuse")


def test_a_confidential_client_may_go_on_with_another_key(house: House) -> None:
    """RFC 9449 §5: its refresh token is bound to the client's own credentials"""
    first = tokens(redeem(house, SIGNER, proof()))["refresh_token"]
    again = tokens(refresh(house, SIGNER, first, proof(key("new"))))
    assert claims(again["access_token"])["cnf"] == {"jkt": jkt(key("new"))}


def test_the_refresh_token_of_a_bound_confidential_client_stays(house: House) -> None:
    """Contract section 3; FAPI 2.0 Security Profile §5.3.2.1: no rotation"""
    held = tokens(redeem(house, BOUND, proof()))["refresh_token"]
    for _ in range(2):
        again = tokens(refresh(house, BOUND, held, proof()))
        assert again["token_type"] == "DPoP"
        assert "refresh_token" not in again
    house.refused(refresh(house, BOUND, held), 400, "invalid_dpop_proof", "dpop_missing")
    house.refused(refresh(house, SIGNER, held, proof()), 400, "invalid_grant", "refresh_client")


def test_a_nonce_is_handed_out_and_asked_for(house: House) -> None:
    """RFC 9449 §8"""
    asked = redeem(house, NONCE, proof())
    house.refused(asked, 400, "use_dpop_nonce", "dpop_nonce")
    nonce = asked.headers["DPoP-Nonce"]
    got = redeem(house, NONCE, proof(nonce=nonce))
    assert got.headers["DPoP-Nonce"] == nonce
    token = tokens(got)["access_token"]
    again = userinfo(house, token, headers={"DPoP": proof(access_token=token)})
    assert (again.status_code, (again.json or {})["error"]) == (401, "use_dpop_nonce")
    assert again.headers["WWW-Authenticate"].startswith('DPoP error="use_dpop_nonce"')
    good = {"DPoP": proof(access_token=token, nonce=again.headers["DPoP-Nonce"])}
    assert userinfo(house, token, headers=good).status_code == 200


@pytest.mark.parametrize(
    ("scheme", "changed", "error", "reason"),
    [
        ("Bearer", None, "invalid_token", "dpop_downgrade"),
        ("Bearer", {}, "invalid_token", "dpop_downgrade"),
        ("DPoP", None, "invalid_dpop_proof", "dpop_missing"),
        ("DPoP", {"signed_by": key("thief")}, "invalid_token", "dpop_key"),
        ("DPoP", {"ath": None}, "invalid_dpop_proof", "dpop_ath"),
        ("DPoP", {"htu": f"{ISSUER}/token"}, "invalid_dpop_proof", "dpop_htu"),
        ("DPoP", {"htm": "POST"}, "invalid_dpop_proof", "dpop_htm"),
    ],
)
def test_a_bound_token_without_its_proof_opens_nothing(
    house: House, scheme: str, changed: dict[str, Any] | None, error: str, reason: str
) -> None:
    """TK-50, TK-51: 401 and the scheme that would be right (RFC 9449 §7.1)"""
    token = tokens(redeem(house, SIGNER, proof()))["access_token"]
    headers = {} if changed is None else {"DPoP": proof(access_token=token, **changed)}
    answer = userinfo(house, token, scheme, headers)
    house.refused(answer, 401, error, reason)
    assert answer.headers["WWW-Authenticate"].startswith(f'DPoP error="{error}"')
    assert 'algs="ES256' in answer.headers["WWW-Authenticate"]


def test_a_proof_opens_userinfo_once(house: House) -> None:
    token = tokens(redeem(house, SIGNER, proof()))["access_token"]
    once = {"DPoP": proof(access_token=token)}
    assert userinfo(house, token, headers=once).status_code == 200
    house.refused(userinfo(house, token, headers=once), 401, "invalid_dpop_proof", "dpop_replay")


def test_a_bearer_token_is_not_made_better_by_a_proof(house: House) -> None:
    token = tokens(redeem(house, SIGNER))["access_token"]
    sent = userinfo(house, token, headers={"DPoP": proof(access_token=token)})
    house.refused(sent, 401, "invalid_token", "dpop_unbound")


@pytest.mark.parametrize("now", [{"dpop": "required"}, {"dpop": "nonce"}, {"mtls_bound": True}])
@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
def test_bearer_tokens_from_before_a_client_was_bound_open_nothing(
    house: House, now: dict[str, Any], scheme: str
) -> None:
    token = tokens(redeem(house, SIGNER))["access_token"]
    house.live = configuration(replace(SIGNER, **now))
    sent = userinfo(house, token, scheme, {"DPoP": proof(access_token=token)} if scheme == "DPoP" else {})
    house.refused(sent, 401, "invalid_token", "sender_required")


def test_a_token_of_a_proven_key_lacks_the_certificate_that_a_client_is_bound_to_since(house: House) -> None:
    token = tokens(redeem(house, SIGNER, proof()))["access_token"]
    house.live = configuration(replace(SIGNER, mtls_bound=True))
    sent = userinfo(house, token, headers={"DPoP": proof(access_token=token)})
    house.refused(sent, 401, "invalid_token", "sender_required")


def test_browser_apps_may_send_proofs_and_read_nonces(house: House) -> None:
    origin = {"Origin": "https://spa.example.com"}
    allowed = house.http.options("/token", headers=origin).headers["Access-Control-Allow-Headers"]
    assert allowed == "Authorization, Content-Type, DPoP"
    exposed = house.http.post("/token", data={}, headers=origin).headers["Access-Control-Expose-Headers"]
    assert "DPoP-Nonce" in exposed


def test_a_workloads_own_token_is_bound_to_its_key(house: House) -> None:
    service = replace(BOUND, grant_types=("client_credentials",), scopes=("export",), tenants=("contoso",))
    house.live = configuration(service)
    form = {"grant_type": "client_credentials"}
    got = tokens(send(house, service, form, proof()))
    assert (got["token_type"], claims(got["access_token"])["cnf"]) == ("DPoP", {"jkt": jkt()})
    house.refused(send(house, service, form, None), 400, "invalid_dpop_proof", "dpop_missing")
