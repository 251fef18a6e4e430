"""Plan fapi2-security-profile-final: private_key_jwt at PAR and at the token endpoint (RFC 7523, FAPI 2.0 §5.3.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.op.fapi import JWT_BEARER, REFUSED_ASSERTION, FapiParty
from tests.conformance.op.suite import Suite, error, payload

AT_PAR, AT_TOKEN = "{issuer}/par", "{issuer}/token"


@pytest.fixture
def rp(suite: Suite) -> FapiParty:
    return FapiParty(suite)


def redeem(rp: FapiParty, own: dict[str, str]) -> Any:
    form = {"grant_type": "authorization_code", "redirect_uri": rp.redirect_uri, "code_verifier": rp.verifier}
    return rp.post_as("token", own, rp.proof("token"), **form, code=rp.authorize().code)


def test_fapi2_ensure_signed_client_assertion_with_rs256_fails(rp: FapiParty) -> None:
    """FAPI 2.0 §5.4.1: a good signature of a registered key, by an algorithm that is too weak."""
    own = rp.asserted(rp.assertion("rsa-1", "RS256"))
    assert error(redeem(rp, own)) in REFUSED_ASSERTION
    assert error(rp.push(own=rp.asserted(rp.assertion("rsa-1", "RS256")))) in REFUSED_ASSERTION
    assert payload(redeem(rp, rp.asserted(rp.assertion("rsa-1", "PS256"))))["access_token"]


def test_fapi2_ensure_client_assertion_in_token_endpoint(rp: FapiParty) -> None:
    """RFC 6749 §4.1.3: without an assertion, and with its name alone, the client is nobody."""
    for own in ({"client_id": rp.client_id}, {"client_id": rp.client_id, "client_assertion_type": JWT_BEARER}, {}):
        assert error(redeem(rp, own)) in REFUSED_ASSERTION


INVALID: dict[str, dict[str, Any]] = {
    "exp-is-5-minutes-in-past": {"iat": -360, "exp": -300},
    "without-exp": {"exp": None},
    "wrong-aud": {"aud": "https://other.example.com"},
    "no-aud": {"aud": None},
    "no-sub": {"sub": None},
    "wrong-sub": {"sub": "somebody"},
    "no-iss": {"iss": None},
    "wrong-iss": {"iss": "somebody"},
    "no-jti": {"jti": None},
    "par-endpoint-as-aud": {"aud": AT_PAR},
    "token-endpoint-as-aud": {"aud": AT_TOKEN},
    "array-aud": {"aud": ["{issuer}"]},
    "array-of-several-aud": {"aud": ["{issuer}", AT_TOKEN]},
    "iat-nbf-over-60-seconds-in-the-future": {"iat": 75, "nbf": 75, "exp": 135},
}


def filled(rp: FapiParty, changes: dict[str, Any]) -> dict[str, Any]:
    def value(given: Any) -> Any:
        if isinstance(given, list):
            return [value(one) for one in given]
        return given.format(issuer=rp.issuer) if isinstance(given, str) else rp.now + given if given else given

    return {name: value(given) for name, given in changes.items()}


@pytest.mark.parametrize("changes", INVALID.values(), ids=INVALID)
def test_fapi2_ensure_invalid_client_assertions_fail(rp: FapiParty, changes: dict[str, Any]) -> None:
    """Modules ensure-client-assertion-with-exp-is-5-minutes-in-past-fails,
    ensure-client-assertion-with-wrong-aud-fails, ensure-client-assertion-with-no-sub-fails,
    ensure-invalid-client-assertions-fail, par-test-array-as-audience-fails,
    par-test-par-endpoint-url-as-audience-fails,
    par-test-token-endpoint-url-as-audience-fails,
    par-ensure-jwt-client-assertion-with-iat-nbf-over-60-seconds-in-the-future-fails (RFC 7523 §3, FAPI 2.0 §5.3.3.1):
    one thing is wrong in each, at PAR and at the token endpoint."""
    assert error(rp.push(own=rp.asserted(rp.assertion(**filled(rp, changes))))) in REFUSED_ASSERTION
    assert error(redeem(rp, rp.asserted(rp.assertion(**filled(rp, changes))))) in REFUSED_ASSERTION


def test_fapi2_par_ensure_jwt_client_assertion_with_iat_nbf_8_seconds_in_the_future_is_accepted(rp: FapiParty) -> None:
    """FAPI 2.0 §5.3.2.1: clocks that are 8 seconds apart do not lock anybody out."""
    ahead = {"iat": rp.now + 8, "nbf": rp.now + 8}
    assert payload(rp.push(own=rp.asserted(rp.assertion(**ahead))))["request_uri"]
    assert payload(redeem(rp, rp.asserted(rp.assertion(**ahead))))["access_token"]


def test_fapi2_ensure_client_assertion_is_used_once(rp: FapiParty) -> None:
    """RFC 7523 §3: the `jti` of one request is not good for a second one."""
    own = rp.asserted()
    assert payload(rp.push(own=own))["request_uri"]
    assert error(rp.push(own=own)) in REFUSED_ASSERTION


def test_fapi2_ensure_client_assertion_by_another_clients_key_fails(rp: FapiParty) -> None:
    """RFC 7523 §3: the second client's good key proves nothing of the first."""
    assert error(rp.push(own=rp.asserted(rp.assertion("client-2")))) in REFUSED_ASSERTION


def test_fapi2_ensure_tls_client_auth_needs_the_registered_certificate(suite: Suite) -> None:
    """RFC 8705 §2: client authentication mtls: no certificate, and another client's."""
    rp = FapiParty(suite, "mtls", "dpop")
    assert rp.pushed()
    assert error(rp.send("POST", "/par", data={**rp.request(), **rp.asserted()})) == "invalid_client"
    rp.client_key = "client-2"
    assert error(rp.push()) == "invalid_client"
