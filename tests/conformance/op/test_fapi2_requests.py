"""Plan fapi2-security-profile-final: authorization requests, PAR (RFC 9126), PKCE and codes that must fail."""

from __future__ import annotations

import pytest

from tests.conformance.op import keys
from tests.conformance.op.fapi import FapiParty
from tests.conformance.op.suite import Browser, Suite, error, payload


@pytest.fixture
def rp(suite: Suite) -> FapiParty:
    return FapiParty(suite)


def is_page(response: object, status: int = 400) -> bool:
    return getattr(response, "status_code", 0) == status and "Location" not in getattr(response, "headers", {})


def test_fapi2_ensure_registered_redirect_uri(rp: FapiParty) -> None:
    """Modules ensure-registered-redirect-uri, plain-fapi-ensure-registered-redirect-uri (FAPI 2.0 §5.3.2.2): PAR makes
    no address good."""
    refused = rp.push(redirect_uri="https://evil.example.com/callback")
    assert error(refused) in {"invalid_request", "invalid_redirect_uri"}


def test_fapi2_ensure_unsigned_authorization_request_without_using_par_fails(rp: FapiParty) -> None:
    """FAPI 2.0 §5.3.2.2: what a browser brings by itself is refused, at the client."""
    browser = Browser(rp.suite)
    landed = browser.follow(browser.open(rp.at("authorization"), rp.request()), rp.redirect_uri)
    assert landed.answer["error"] == "invalid_request"
    assert "code" not in landed.answer


def test_fapi2_ensure_redirect_uri_in_authorization_request(rp: FapiParty) -> None:
    """FAPI 2.0 §5.3.2.2: redirect_uri is required, though one alone is registered."""
    assert error(rp.push(redirect_uri=None)) == "invalid_request"


@pytest.mark.parametrize("response_type", ["code id_token", "token"])
def test_fapi2_ensure_response_type_fails(rp: FapiParty, response_type: str) -> None:
    """Modules ensure-response-type-code-idtoken-fails, ensure-response-type-token-fails (FAPI 2.0 §5.3.2.2): code,
    alone."""
    assert error(rp.push(response_type=response_type)) in {"unsupported_response_type", "invalid_request"}


def test_fapi2_ensure_client_id_in_token_endpoint(rp: FapiParty) -> None:
    """RFC 6749 §3.2.1: a client_id that is not the client that proves itself."""
    code = rp.authorize().code
    refused = rp.redeem(code, client_id="fapi-private_key_jwt-dpop-2")
    assert error(refused) in {"invalid_client", "invalid_request", "invalid_grant", "unauthorized_client"}


def test_fapi2_ensure_authorization_code_is_bound_to_client(rp: FapiParty) -> None:
    """RFC 6749 §4.1.3: another client, with its own good proofs, gets nothing for this code."""
    second = FapiParty(rp.suite, number="2")
    refused = second.redeem(rp.authorize().code, code_verifier=rp.verifier, redirect_uri=rp.redirect_uri)
    assert error(refused) == "invalid_grant"


def test_fapi2_attempt_reuse_authorization_code_after_one_second(rp: FapiParty) -> None:
    """RFC 6749 §4.1.2: refused, and what it brought before is over."""
    code = rp.authorize().code
    access_token = payload(rp.redeem(code))["access_token"]
    rp.suite.clock.ahead += 1
    assert error(rp.redeem(code)) == "invalid_grant"
    assert rp.userinfo(access_token).status_code == 401


def test_fapi2_attempt_to_use_expired_auth_code(rp: FapiParty) -> None:
    """FAPI 2.0 §5.3.2.1: a code lives for a minute at most."""
    code = rp.authorize().code
    rp.suite.clock.ahead += 61
    assert error(rp.redeem(code)) == "invalid_grant"


def test_fapi2_par_ensure_server_accepts_reused_request_uri_before_authentication_completion(rp: FapiParty) -> None:
    """RFC 9126 §4, FAPI 2.0 §5.3.2.2: a person who reloads, or comes back in another browser, begins again."""
    asked = rp.request()
    request_uri = rp.pushed(asked)
    first = Browser(rp.suite).open(rp.at("authorization"), {"client_id": rp.client_id, "request_uri": request_uri})
    assert first.status_code == 200, "the page that asks who is there"
    assert rp.verified(payload(rp.redeem(rp.open(request_uri, asked).code)), asked).id_token["sub"]


def test_fapi2_par_attempt_reuse_request_uri(rp: FapiParty) -> None:
    """RFC 9126 §4: answered once, it is spent."""
    asked = rp.request()
    request_uri = rp.pushed(asked)
    assert rp.open(request_uri, asked).code
    assert is_page(rp.open(request_uri, asked).response)


def test_fapi2_par_attempt_to_use_expired_request_uri(rp: FapiParty) -> None:
    """RFC 9126 §2.2: after `expires_in` nobody begins with it."""
    asked = rp.request()
    answer = payload(rp.push(asked))
    rp.suite.clock.ahead += answer["expires_in"] + 1
    assert is_page(rp.open(answer["request_uri"], asked).response)


def test_fapi2_par_ensure_request_uri_is_bound_to_client(rp: FapiParty) -> None:
    """RFC 9126 §2.2: the second client may not use what the first one pushed."""
    asked = rp.request()
    second = FapiParty(rp.suite, number="2")
    assert is_page(second.open(rp.pushed(asked), asked).response)


@pytest.mark.parametrize("reference", ["urn:ietf:params:oauth:request_uri:x", "https://rp.example.com/request"])
def test_fapi2_par_attempt_to_use_request_uri_in_par(rp: FapiParty, reference: str) -> None:
    """Modules par-authorization-request-containing-request-uri,
    par-authorization-request-containing-request-uri-form-param (RFC 9126 §2.1): refused inside PAR."""
    assert error(rp.push(request_uri=reference)) in {"invalid_request", "invalid_request_uri"}
    pushed = payload(rp.push())["request_uri"]
    assert error(rp.push(request_uri=pushed)) in {"invalid_request", "invalid_request_uri"}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_fapi2_par_attempt_invalid_http_method(rp: FapiParty, method: str) -> None:
    """RFC 9126 §2.3: POST alone."""
    path = str(rp.discovery["pushed_authorization_request_endpoint"]).removeprefix(rp.issuer)
    answer = rp.send(method, path, data={**rp.request(), **rp.asserted()})
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_fapi2_par_ensure_pkce_required(rp: FapiParty) -> None:
    """FAPI 2.0 §5.3.2.2"""
    assert error(rp.push(code_challenge=None, code_challenge_method=None)) == "invalid_request"


def test_fapi2_par_ensure_plain_pkce_rejected(rp: FapiParty) -> None:
    """FAPI 2.0 §5.3.2.2: S256 alone, also where the method is left out, which means plain (RFC 7636 §4.3)."""
    assert error(rp.push(code_challenge=rp.verifier, code_challenge_method="plain")) == "invalid_request"
    assert error(rp.push(code_challenge=rp.verifier, code_challenge_method=None)) == "invalid_request"


def test_fapi2_par_pkce_verifier_required(rp: FapiParty) -> None:
    """RFC 7636 §4.6"""
    form = {"grant_type": "authorization_code", "redirect_uri": rp.redirect_uri, "code": rp.authorize().code}
    assert error(rp.post("token", **form)) in {"invalid_grant", "invalid_request"}


def test_fapi2_par_incorrect_pkce_code_verifier_rejected(rp: FapiParty) -> None:
    """RFC 7636 §4.6"""
    assert error(rp.redeem(rp.authorize().code, code_verifier="w" * 64)) == "invalid_grant"


def test_fapi2_par_without_duplicate_parameters(rp: FapiParty) -> None:
    """RFC 9126 §4: client_id and request_uri suffice at /authorize; RFC 6749 §3.1: nothing stands there twice."""
    asked = rp.request()
    assert rp.open(rp.pushed(asked), asked).code
    twice = {**rp.request(), **rp.asserted(), "scope": ["openid", "openid email"]}
    assert error(rp.send("POST", "/par", data=twice)) == "invalid_request"


def test_fapi2_ensure_other_challenge_is_another_code(rp: FapiParty) -> None:
    """RFC 9700 §4.5: a code of one request is worth nothing with the verifier of another."""
    asked = rp.request(code_challenge=keys.challenge("o" * 64))
    assert error(rp.redeem(rp.visit(asked).code)) == "invalid_grant"
