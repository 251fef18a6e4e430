from __future__ import annotations

import pytest

from broker.errors import InvalidGrant, InvalidScope
from broker.model import ApplicationAuth, Client
from broker.oauth2 import pkce, scopes

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 Appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_verifier_of_the_challenge_is_accepted() -> None:
    pkce.verify(CHALLENGE, VERIFIER)
    pkce.verify(None, None)


@pytest.mark.parametrize(
    ("challenge", "verifier", "reason"),
    [
        (None, VERIFIER, "pkce_downgrade"),
        (CHALLENGE, None, "pkce_verifier_missing"),
        (CHALLENGE, VERIFIER[:42], "pkce_verifier_syntax"),
        (CHALLENGE, "a" * 129, "pkce_verifier_syntax"),
        (CHALLENGE, "ä" * 43, "pkce_verifier_syntax"),
        (CHALLENGE, VERIFIER + "\n", "pkce_verifier_syntax"),
        (CHALLENGE, CHALLENGE, "pkce_verifier"),
        (CHALLENGE, "a" * 43, "pkce_verifier"),
    ],
    ids=["OP-17", "OP-18 missing", "42", "129", "non-ASCII", "newline", "the challenge itself", "wrong"],
)
def test_any_other_verifier_is_refused(challenge: str | None, verifier: str | None, reason: str) -> None:
    with pytest.raises(InvalidGrant) as caught:
        pkce.verify(challenge, verifier)
    assert caught.value.reason == reason


def test_a_refresh_may_narrow_and_never_widen() -> None:
    """TK-25"""
    assert scopes.narrowed(("openid", "email"), None) == ("openid", "email")
    assert scopes.narrowed(("openid", "email"), "openid") == ("openid",)
    with pytest.raises(InvalidScope) as caught:
        scopes.narrowed(("openid",), "openid email")
    assert caught.value.reason == "scope_wider"


def test_a_client_sees_its_scopes_and_its_own_claims() -> None:
    client = Client("c", "C", (), ApplicationAuth("none"), claims=("department",))
    assert scopes.claims_of(("openid", "email", "custom"), client) == {"email", "department"}
