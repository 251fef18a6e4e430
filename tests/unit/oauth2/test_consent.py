"""What a page names, and what somebody has allowed with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.model import NO_TERMS, Client, Consent, Terms
from broker.oauth2 import consent
from tests.unit.oauth2.asking import WEB

GIVEN = Consent(("openid", "email"), ("department",), ("https://api.example.com",))


def test_claims_that_a_scope_shows_are_not_named_twice() -> None:
    terms = Terms(id_token_claims=("email", "email_verified", "nickname"), userinfo_claims=("nickname",))
    client: Client = replace(WEB, claims=("department", "email"), audience="https://own.example.com")
    asked = replace(terms, resources=("https://own.example.com", "https://api.example.com"))
    found = consent.wanted(client, ("openid", "email"), asked)
    assert found == Consent(("openid", "email"), ("department", "nickname"), ("https://api.example.com",))


def test_nothing_but_scopes() -> None:
    assert consent.wanted(replace(WEB, claims=()), ("openid",), NO_TERMS) == Consent(("openid",))


@pytest.mark.parametrize(
    "asked",
    [
        GIVEN,
        Consent(),
        Consent(("email",)),
        Consent(claims=("department",)),
        Consent(claims=("email", "email_verified")),
        Consent(resources=("https://api.example.com",)),
    ],
)
def test_what_was_allowed_and_less_of_it(asked: Consent) -> None:
    assert consent.covers(GIVEN, asked)


@pytest.mark.parametrize(
    "asked",
    [
        Consent(("openid", "email", "profile")),
        Consent(("offline_access",)),
        Consent(claims=("nickname",)),
        Consent(resources=("https://other.example.com",)),
    ],
)
def test_more_was_never_allowed(asked: Consent) -> None:
    assert not consent.covers(GIVEN, asked)


def test_what_was_allowed_before_stays_allowed() -> None:
    more = Consent(("openid", "profile"), ("nickname",), ("https://other.example.com",))
    both = GIVEN.joined(more)
    assert consent.covers(both, GIVEN)
    assert consent.covers(both, more)
    assert both.scopes == ("openid", "email", "profile")
