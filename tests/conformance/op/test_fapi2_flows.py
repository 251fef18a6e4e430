"""Plan fapi2-security-profile-final: what has to work, with each way to prove the client and to bind its tokens."""

from __future__ import annotations

import pytest

from tests.conformance.op.fapi import FapiParty
from tests.conformance.op.suite import FAPI, PERSON, Browser, Suite, error, payload


@pytest.fixture(params=[(auth, bound) for auth in FAPI[0] for bound in FAPI[1]], ids="-".join)
def rp(suite: Suite, request: pytest.FixtureRequest) -> FapiParty:
    return FapiParty(suite, *request.param)


def test_fapi2_happy_flow(rp: FapiParty) -> None:
    """FAPI 2.0 §5.3.2, §5.3.3: pushed, redeemed and used at the resource, by both clients; the same person."""
    tokens = rp.sign_in()
    assert payload(rp.userinfo(tokens.access_token))["sub"] == tokens.id_token["sub"]
    second = FapiParty(rp.suite, rp.auth, rp.bound, "2")
    assert second.sign_in().id_token["sub"] == tokens.id_token["sub"]


def test_fapi2_user_rejects_authentication(rp: FapiParty, browser: Browser) -> None:
    """RFC 6749 §4.1.2.1: the person cancels, and the client hears access_denied with its state."""
    asked = rp.request()
    page = browser.open(rp.at("authorization"), {"client_id": rp.client_id, "request_uri": rp.pushed(asked)})
    (cancel,) = [link for link in page.text.split('href="') if link.startswith("/login/cancel?")]
    response = browser.open(cancel.partition('"')[0].replace("&amp;", "&"))
    landed = browser.follow(response, rp.redirect_uri)
    assert (landed.answer["error"], landed.answer["state"]) == ("access_denied", asked["state"])
    assert landed.answer["iss"] == rp.issuer


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"nonce": None},
        {"nonce": "n" * 64},
        {"nonce": "n" * 1024},
        {"state": "s" * 1024},
        {"scope": "email openid"},
    ],
    ids=["without-state", "without-nonce", "64-char-nonce", "long-nonce", "long-state", "other-scope-order"],
)
def test_fapi2_ensure_request_succeeds(suite: Suite, changes: dict[str, str | None]) -> None:
    """Modules ensure-authorization-request-without-state-success, ensure-authorization-request-without-nonce-success,
    ensure-request-object-with-64-char-nonce-success, ensure-authorization-request-with-long-nonce,
    ensure-authorization-request-with-long-state, ensure-other-scope-order-succeeds (RFC 6749 §3.3, §4.1.1): all that is
    optional is, and what is long comes back whole."""
    rp = FapiParty(suite)
    asked = rp.request(**changes)
    tokens = rp.verified(payload(rp.redeem(rp.visit(asked).code)), asked)
    assert payload(rp.userinfo(tokens.access_token))["sub"] == tokens.id_token["sub"]


def test_fapi2_test_claims_parameter_identity_claims(suite: Suite) -> None:
    """OIDC Core §5.5: single claims, in the ID token and at userinfo, each where it was asked for."""
    rp = FapiParty(suite)
    asked = rp.request(claims='{"id_token": {"name": null}, "userinfo": {"email": {"essential": true}}}')
    tokens = rp.verified(payload(rp.redeem(rp.visit(asked).code)), asked)
    assert tokens.id_token["name"] == PERSON["name"]
    assert payload(rp.userinfo(tokens.access_token))["email"] == PERSON["email"]


def test_fapi2_access_token_type_header_case_sensitivity(rp: FapiParty) -> None:
    """RFC 9110 §11.1: the name of an authentication scheme has no case."""
    token = rp.sign_in().access_token
    assert payload(rp.userinfo(token, scheme="dPoP" if rp.bound == "dpop" else "bEARER"))["sub"]


def test_fapi2_refresh_token(rp: FapiParty) -> None:
    """OIDC Core §12, FAPI 2.0 §5.3.2.1: bound tokens again, the refresh token need not change, another client has no
    use for it."""
    tokens = rp.sign_in(scope="openid offline_access", prompt="consent")
    second = FapiParty(rp.suite, rp.auth, rp.bound, "2")
    assert error(second.refresh(tokens.refresh_token)) == "invalid_grant"
    for _ in range(2):
        answer = payload(rp.refresh(tokens.refresh_token))
        again = rp.verified(answer, {})
        assert answer.get("refresh_token", tokens.refresh_token) == tokens.refresh_token
        assert again.id_token["sub"] == tokens.id_token["sub"]
        assert payload(rp.userinfo(again.access_token))["sub"] == tokens.id_token["sub"]


def test_fapi2_ensure_holder_of_key_required(rp: FapiParty) -> None:
    """FAPI 2.0 §5.3.2.1: no tokens without the proof of a key, and none are good without it afterwards."""
    own = {**rp.asserted(), "grant_type": "authorization_code", "redirect_uri": rp.redirect_uri}
    form = {**own, "code": rp.authorize().code, "code_verifier": rp.verifier}
    refused = error(rp.send("POST", rp.at("token"), data=form))
    assert refused in {"invalid_request", "invalid_grant", "invalid_dpop_proof", "invalid_client"}
    token = rp.sign_in().access_token
    scheme = "DPoP" if rp.bound == "dpop" else "Bearer"
    naked = rp.send("GET", rp.at("userinfo"), headers={"Authorization": f"{scheme} {token}"})
    assert naked.status_code in {400, 401}
    assert "WWW-Authenticate" in naked.headers
