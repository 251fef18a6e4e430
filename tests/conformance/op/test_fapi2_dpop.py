"""Plan fapi2-security-profile-final: DPoP proofs (RFC 9449), and codes that are bound to their key."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.op import keys
from tests.conformance.op.fapi import FapiParty
from tests.conformance.op.suite import Suite, error, payload


@pytest.fixture
def rp(suite: Suite) -> FapiParty:
    return FapiParty(suite)


def redeem(rp: FapiParty, headers: dict[str, str], **asked: str) -> Any:
    """Tokens for a new code with this proof."""
    form = {"grant_type": "authorization_code", "redirect_uri": rp.redirect_uri, "code_verifier": rp.verifier}
    return rp.post_as("token", rp.asserted(), headers, **form, code=rp.authorize(**asked).code)


@pytest.mark.parametrize(
    "claims",
    [{"nbf": 0, "exp": 300}, {"iat": -10}, {"iat": 10}],
    ids=["check-dpop-proof-nbf-exp", "iat-10-seconds-before", "iat-10-seconds-after"],
)
def test_fapi2_ensure_dpop_proof_succeeds(rp: FapiParty, claims: dict[str, int]) -> None:
    """Modules check-dpop-proof-nbf-exp, ensure-dpop-proof-with-iat-10-seconds-before-succeeds,
    ensure-dpop-proof-with-iat-10-seconds-after-succeeds (FAPI 2.0 §5.3.2.1): at the token endpoint and the resource."""
    times = {name: rp.now + seconds for name, seconds in claims.items()}
    answer = payload(redeem(rp, rp.proof("token", **times)))
    assert payload(rp.userinfo(answer["access_token"], **times))["sub"]


def test_fapi2_ensure_mismatched_dpop_jkt_fails(rp: FapiParty) -> None:
    """RFC 9449 §10.1: dpop_jkt and the proof beside it at PAR name different keys."""
    asked = rp.request(dpop_jkt=keys.thumbprint("dpop-other"))
    headers = rp.proof("pushed_authorization_request")
    assert error(rp.push(asked, headers=headers)) in {"invalid_request", "invalid_dpop_proof"}


def test_fapi2_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(rp: FapiParty) -> None:
    """RFC 9449 §10: the key of the token request is not that of dpop_jkt."""
    refused = redeem(rp, rp.proof("token"), dpop_jkt=keys.thumbprint("dpop-other"))
    assert error(refused) in {"invalid_grant", "invalid_request", "invalid_dpop_proof"}


def test_fapi2_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(rp: FapiParty) -> None:
    """RFC 9449 §10.1: the key of the token request is not that of the proof at PAR."""
    asked = rp.request()
    request_uri = rp.pushed(asked, rp.proof("pushed_authorization_request", key="dpop-other"))
    refused = rp.redeem(rp.open(request_uri, asked).code)
    assert error(refused) in {"invalid_grant", "invalid_request", "invalid_dpop_proof"}


def test_fapi2_ensure_dpop_proof_at_par_endpoint_binding_success(rp: FapiParty) -> None:
    """RFC 9449 §10.1: the same key all the way."""
    asked = rp.request()
    request_uri = rp.pushed(asked, rp.proof("pushed_authorization_request"))
    assert rp.verified(payload(rp.redeem(rp.open(request_uri, asked).code)), asked).id_token["sub"]


def test_fapi2_ensure_dpop_auth_code_binding_success(rp: FapiParty) -> None:
    """RFC 9449 §10: the key that dpop_jkt named."""
    assert rp.sign_in(dpop_jkt=keys.thumbprint(rp.key)).id_token["sub"]


NEGATIVE: dict[str, dict[str, Any]] = {
    "no-jti": {"jti": None},
    "no-htm": {"htm": None},
    "wrong-htm": {"htm": "PUT"},
    "no-htu": {"htu": None},
    "wrong-htu": {"htu": "https://rp.example.com/other"},
    "no-iat": {"iat": None},
    "iat-in-the-past": {"iat": -3600},
    "iat-in-the-future": {"iat": 3600},
    "expired": {"exp": -300},
    "not-yet": {"nbf": 300},
}


def spoiled(rp: FapiParty, changes: dict[str, Any]) -> dict[str, Any]:
    return {name: rp.now + value if isinstance(value, int) else value for name, value in changes.items()}


@pytest.mark.parametrize("changes", NEGATIVE.values(), ids=NEGATIVE)
def test_fapi2_dpop_negative_tests(rp: FapiParty, changes: dict[str, Any]) -> None:
    """RFC 9449 §4.3: no tokens for such a proof, and no resource."""
    refused = redeem(rp, rp.proof("token", **spoiled(rp, changes)))
    assert (refused.status_code, error(refused)) == (400, "invalid_dpop_proof")
    no = rp.userinfo(rp.sign_in().access_token, **spoiled(rp, changes))
    assert no.status_code == 401
    assert no.headers["WWW-Authenticate"].startswith("DPoP ")


def test_fapi2_dpop_negative_tests_header(rp: FapiParty) -> None:
    """RFC 9449 §4.2, §4.3: another type, no algorithm, a private key in the header, a signature by another key."""
    now, url = rp.now, str(rp.discovery["token_endpoint"])
    said = {"htm": "POST", "htu": url, "iat": now, "jti": "header"}
    jwk = keys.jwks(rp.key)["keys"][0]
    for proof in (
        keys.sign(said, rp.key, typ="JWT", jwk=jwk, kid=None),
        keys.sign(said, rp.key, "none", typ="dpop+jwt", jwk=jwk, kid=None),
        keys.sign(said, rp.key, typ="dpop+jwt", jwk={**jwk, "d": "AAAA"}, kid=None),
        keys.sign(said, rp.key, typ="dpop+jwt", kid=None),
        keys.sign(said, "dpop-other", typ="dpop+jwt", jwk=jwk, kid=None),
        f"{rp.proof('token')['DPoP']}x",
    ):
        assert error(redeem(rp, {"DPoP": proof})) == "invalid_dpop_proof"


def test_fapi2_dpop_negative_tests_reuse(rp: FapiParty) -> None:
    """RFC 9449 §11.1: a proof is good once; and `ath` ties one to its token."""
    first = rp.sign_in().access_token
    headers = {"Authorization": f"DPoP {first}", **rp.proof("userinfo", "GET", access_token=first)}
    assert rp.send("GET", rp.at("userinfo"), headers=headers).status_code == 200
    assert rp.send("GET", rp.at("userinfo"), headers=headers).status_code == 401
    other = {"Authorization": f"DPoP {first}", **rp.proof("userinfo", "GET", access_token="another")}
    assert rp.send("GET", rp.at("userinfo"), headers=other).status_code == 401
    without = {"Authorization": f"DPoP {first}", **rp.proof("userinfo", "GET")}
    assert rp.send("GET", rp.at("userinfo"), headers=without).status_code == 401


def test_fapi2_dpop_negative_tests_other_key(rp: FapiParty) -> None:
    """RFC 9449 §7.1: a token with another key's proof, or as a bearer token, is worth nothing."""
    token = rp.sign_in().access_token
    assert rp.userinfo(token, key="dpop-other").status_code == 401
    downgraded = rp.send("GET", rp.at("userinfo"), headers={"Authorization": f"Bearer {token}"})
    assert downgraded.status_code == 401
