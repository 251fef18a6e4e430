"""Plan fapi2-message-signing-final: signed request objects at PAR (RFC 9101, FAPI 2.0 Message Signing §5.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.op.fapi import SigningParty
from tests.conformance.op.suite import Suite, error, payload

REFUSED = {"invalid_request_object", "invalid_request"}


@pytest.fixture
def rp(suite: Suite) -> SigningParty:
    return SigningParty(suite)


def test_fapi2_message_signing_happy_flow(rp: SigningParty) -> None:
    """Message Signing §5.3.1: a signed request through PAR, by both clients."""
    tokens = rp.sign_in()
    assert payload(rp.userinfo(tokens.access_token))["sub"] == tokens.id_token["sub"]
    assert SigningParty(rp.suite, "2").sign_in().id_token["sub"] == tokens.id_token["sub"]


def test_fapi2_ensure_server_accepts_request_object_with_multiple_aud(rp: SigningParty) -> None:
    """RFC 9101 §5: the issuer among several audiences."""
    asked = rp.request()
    answer = payload(rp.push_object(rp.object(asked, aud=["https://other.example.com", rp.issuer])))
    assert rp.open(answer["request_uri"], asked).code


def test_fapi2_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(rp: SigningParty) -> None:
    """FAPI 2.0 §5.3.2.1: clocks differ."""
    asked = rp.request()
    answer = payload(rp.push_object(rp.object(asked, nbf=rp.now + 8)))
    assert rp.open(answer["request_uri"], asked).code


REFUSED_OBJECTS: dict[str, dict[str, Any]] = {
    "without-exp": {"exp": None},
    "without-nbf": {"nbf": None},
    "expired": {"nbf": -600, "exp": -300},
    "bad-aud": {"aud": "https://other.example.com"},
    "exp-over-60": {"exp": 3600 + 600},
    "nbf-over-60": {"nbf": -3600 - 600},
    "nbf-in-the-future": {"nbf": 120},
    "wrong-iss": {"iss": "signed-2"},
    "without-redirect-uri": {"redirect_uri": None},
    "request-inside": {"request": "x.y.z"},
}


@pytest.mark.parametrize("changes", REFUSED_OBJECTS.values(), ids=REFUSED_OBJECTS)
def test_fapi2_ensure_request_object_fails(rp: SigningParty, changes: dict[str, Any]) -> None:
    """Modules ensure-request-object-without-exp-fails, ensure-request-object-without-nbf-fails,
    ensure-expired-request-object-fails, ensure-request-object-with-bad-aud-fails,
    ensure-request-object-with-exp-over-60-fails, ensure-request-object-with-nbf-over-60-fails,
    ensure-request-object-without-redirect-uri-fails (Message Signing §5.3.1): one thing is wrong in each."""
    times = {name: rp.now + value if isinstance(value, int) else value for name, value in changes.items()}
    assert error(rp.push_object(rp.object(rp.request(), **times))) in REFUSED | {"request_not_supported"}


def test_fapi2_ensure_signed_request_object_with_rs256_fails(rp: SigningParty) -> None:
    """FAPI 2.0 §5.4.1; the same key with PS256 is good."""
    assert error(rp.push_object(rp.object(rp.request(), "rsa-1", "RS256"))) in REFUSED
    assert payload(rp.push_object(rp.object(rp.request(), "rsa-1", "PS256")))["request_uri"]


def test_fapi2_ensure_request_object_signature_algorithm_is_not_none(rp: SigningParty) -> None:
    """RFC 9101 §10.1"""
    assert error(rp.push_object(rp.object(rp.request(), alg="none"))) in REFUSED


def test_fapi2_ensure_request_object_with_invalid_signature_fails(rp: SigningParty) -> None:
    """RFC 9101 §6.2: one byte of the signature differs."""
    head, body, signature = rp.object(rp.request()).split(".")
    changed = ("A" if signature[5] != "A" else "B").join((signature[:5], signature[6:]))
    assert error(rp.push_object(f"{head}.{body}.{changed}")) in REFUSED


def test_fapi2_ensure_matching_key_in_authorization_request(rp: SigningParty) -> None:
    """RFC 9101 §6.2: signed by the second client's key."""
    assert error(rp.push_object(rp.object(rp.request(), "client-2"))) in REFUSED
    assert error(rp.push_object(rp.object(rp.request(), "client-2", kid="client-1"))) in REFUSED


def test_fapi2_ensure_unsigned_request_at_par_endpoint_fails(rp: SigningParty) -> None:
    """RFC 9101 §10.5: plain parameters of a client that has to sign."""
    assert error(rp.send("POST", "/par", data={**rp.request(), **rp.asserted()})) in REFUSED


@pytest.mark.parametrize("name", ["state", "nonce"])
def test_fapi2_ensure_different_inside_and_outside_request_object(rp: SigningParty, name: str) -> None:
    """Modules ensure-different-nonce-inside-and-outside-request-object,
    ensure-different-state-inside-and-outside-request-object (RFC 9101 §6.3): what is inside counts."""
    asked = rp.request()
    answer = payload(rp.push_object(rp.object(asked), **{name: "outside"}))
    tokens = rp.verified(payload(rp.redeem(rp.open(answer["request_uri"], asked).code)), asked)
    assert tokens.id_token["nonce"] == asked["nonce"]


def test_fapi2_state_only_outside_request_object_not_used(rp: SigningParty) -> None:
    """RFC 9101 §6.3: a state that nobody signed does not come back."""
    asked = rp.request(state=None)
    answer = payload(rp.push_object(rp.object(asked), state="outside"))
    assert "state" not in rp.open(answer["request_uri"], asked).answer


@pytest.mark.parametrize("name", ["state", "nonce"])
def test_fapi2_ensure_request_object_with_long_state_and_nonce(rp: SigningParty, name: str) -> None:
    """Modules ensure-request-object-with-long-state, ensure-request-object-with-long-nonce (RFC 6749 §4.1.2): whole, or
    refused; here whole."""
    assert rp.sign_in(**{name: "x" * 1024}).id_token["sub"]
