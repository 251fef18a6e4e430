"""Plans oidcc-basic and oidcc-formpost-basic: how the client asks. Each test runs by both response modes."""

from __future__ import annotations

import pytest

from tests.conformance.op import keys
from tests.conformance.op.party import Party
from tests.conformance.op.suite import ANA, RETURN, Browser, Suite, error, payload

NEEDS_SOMEBODY = {"login_required", "interaction_required", "consent_required", "account_selection_required"}
VERIFIER = "v" * 64


def test_oidcc_response_type_missing(rp: Party) -> None:
    """RFC 6749 §4.1.2.1: response_type is required."""
    assert rp.error(response_type=None) == "invalid_request"


@pytest.mark.parametrize(
    "more",
    [
        {"display": "page"},
        {"display": "popup"},
        {"extra": "foobar"},
        {"ui_locales": "se"},
        {"claims_locales": "se"},
        {"login_hint": "buffy@localhost"},
        {"acr_values": "1 2"},
    ],
    ids=[
        "display-page",
        "display-popup",
        "unknown-parameter",
        "ui-locales",
        "claims-locales",
        "login-hint",
        "acr-values",
    ],
)
def test_oidcc_ensure_request_with_extra_succeeds(rp: Party, more: dict[str, str]) -> None:
    """Modules display-page, display-popup, ensure-request-with-unknown-parameter-succeeds, ui-locales, claims-locales,
    login-hint, ensure-request-with-acr-values-succeeds (OIDC Core §3.1.2.1): what is not known or cannot be obeyed is
    no error, and a hint of somebody who is not here leaves the person to say who they are."""
    assert rp.sign_in(**more).id_token["sub"]


def test_oidcc_ensure_post_request_succeeds(rp: Party) -> None:
    """OIDC Core §3.1.2.1: the authorization endpoint takes forms."""
    assert rp.sign_in(method="POST").id_token["sub"]


def test_oidcc_ensure_request_with_valid_pkce_succeeds(rp: Party) -> None:
    """RFC 7636 §4.4 to §4.6; without its verifier the code is worth nothing."""
    asked = rp.request(code_challenge=keys.challenge(VERIFIER), code_challenge_method="S256")
    tokens = rp.verified(payload(rp.redeem(rp.visit(asked).code, code_verifier=VERIFIER)), asked)
    assert tokens.id_token["sub"]
    assert error(rp.redeem(rp.visit(asked).code)) == "invalid_grant"


def test_oidcc_ensure_registered_redirect_uri(rp: Party, browser: Browser) -> None:
    """OIDC Core §3.1.2.1: an address that is not registered gets nothing; the person sees an error page."""
    for unknown in ("https://evil.example.com/callback", f"{RETURN}&more=1", RETURN.partition("?")[0]):
        page = rp.authorize(browser, redirect_uri=unknown)
        assert page.parameters is None
        assert page.response.status_code == 400
        assert "Location" not in page.response.headers


def test_oidcc_prompt_login(rp: Party, browser: Browser) -> None:
    """OIDC Core §3.1.2.1: the person signs in again, and the new ID token says when."""
    first = rp.sign_in(browser, max_age="3600")
    rp.suite.clock.ahead += 2
    again = rp.sign_in(browser, prompt="login", max_age="3600")
    assert browser.visits == 2
    assert again.id_token["sub"] == first.id_token["sub"]
    assert again.id_token["auth_time"] > first.id_token["auth_time"]


def test_oidcc_prompt_none_not_logged_in(rp: Party) -> None:
    """OIDC Core §3.1.2.6: nobody is here, and nobody may be asked."""
    assert rp.error(prompt="none") in NEEDS_SOMEBODY


def test_oidcc_prompt_none_logged_in(rp: Party, browser: Browser) -> None:
    """OIDC Core §3.1.2.1: the session answers without a page, for the same sign-in."""
    first = rp.sign_in(browser)
    again = rp.sign_in(browser, prompt="none")
    assert browser.visits == 1
    assert again.id_token["sub"] == first.id_token["sub"]
    assert again.id_token.get("auth_time") == first.id_token.get("auth_time")


def test_oidcc_max_age_1(rp: Party, browser: Browser) -> None:
    """OIDC Core §3.1.2.1: a session older than a second is not enough; `auth_time` says so."""
    first = rp.sign_in(browser)
    rp.suite.clock.ahead += 2
    again = rp.sign_in(browser, max_age="1")
    assert browser.visits == 2
    assert again.id_token["auth_time"] > first.id_token["auth_time"]
    assert rp.suite.clock() - again.id_token["auth_time"] < 10


def test_oidcc_max_age_10000(rp: Party, browser: Browser) -> None:
    """OIDC Core §3.1.2.1: a young session is enough, and `auth_time` is still its own."""
    first = rp.sign_in(browser)
    rp.suite.clock.ahead += 2
    again = rp.sign_in(browser, max_age="10000")
    assert browser.visits == 1
    assert again.id_token["auth_time"] == first.id_token["auth_time"]


def test_oidcc_id_token_hint(rp: Party, browser: Browser) -> None:
    """OIDC Core §3.1.2.1: prompt=none with a hint of the person who is here."""
    first = rp.sign_in(browser)
    again = rp.sign_in(browser, prompt="none", id_token_hint=str(first.answer["id_token"]))
    assert again.id_token["sub"] == first.id_token["sub"]


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(rp: Party) -> None:
    """OIDC Core §6.2, §3.1.2.6: no address of somebody else's is fetched, as discovery says."""
    assert rp.discovery["request_uri_parameter_supported"] is False
    assert rp.error(request_uri="https://rp.example.com/request.jwt") == "request_uri_not_supported"


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(rp: Party) -> None:
    """OIDC Core §6.1, §3.1.2.6: `none` is no algorithm for request objects, as discovery says."""
    assert "none" not in rp.discovery["request_object_signing_alg_values_supported"]
    unsigned = keys.sign({**rp.request(), "iss": "basic", "aud": rp.issuer}, "request", "none", kid=None)
    assert rp.error(request=unsigned) == "request_not_supported"


def test_oidcc_ensure_request_object_with_redirect_uri(suite: Suite) -> None:
    """OIDC Core §6.1: the redirect URI inside the object counts, not an unregistered one beside it."""
    rp = Party(suite, "signing")
    inside = rp.request()
    now = int(suite.clock())
    value = keys.sign({**inside, "iss": "signing", "aud": suite.issuer, "exp": now + 60, "nbf": now}, "request")
    outside = {**inside, "redirect_uri": "https://evil.example.com/callback", "request": value}
    landed = rp.visit(outside)
    assert rp.verified(payload(rp.redeem(landed.code)), inside).id_token["sub"]
    assert ANA not in landed.response.headers["Location"]
