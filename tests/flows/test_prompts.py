"""How a client steers a sign-in: prompt, max_age and login_hint (OpenID Connect Core §3.1.2.1)."""

from __future__ import annotations

import pytest

from tests.flows.browser import Browser, Page
from tests.flows.in_process import InProcess

ALICE, BOB, NORA = "alice@contoso.example", "bob@contoso.example", "nora@northwind.example"


def error(page: Page) -> str:
    return page.query["error"]


def was_nowhere(here: InProcess, browser: Browser) -> bool:
    return here.asked_of_oidc(browser) is None and here.asked_of_saml(browser) is None


def test_prompt_none_without_a_session_is_login_required(here: InProcess, browser: Browser) -> None:
    assert error(here.ask(browser, prompt="none", tenant="contoso")) == "login_required"
    assert was_nowhere(here, browser)


def test_prompt_none_without_a_tenant_is_interaction_required(here: InProcess, browser: Browser) -> None:
    assert error(here.ask(browser, prompt="none")) == "interaction_required"


def test_prompt_none_with_a_session_gives_a_code_silently(here: InProcess, browser: Browser) -> None:
    first = here.sign_in(browser, login_hint=ALICE)
    again = here.sign_in(browser, tenant="contoso", prompt="none")
    assert again.id_token["sid"] == first.id_token["sid"]
    assert was_nowhere(here, browser)


def test_prompt_none_never_answers_for_another_person_or_tenant(here: InProcess, browser: Browser) -> None:
    here.sign_in(browser, login_hint=ALICE)
    assert error(here.ask(browser, prompt="none", login_hint=BOB)) == "login_required"
    assert error(here.ask(browser, prompt="none", tenant="northwind")) == "login_required"


def test_prompt_none_with_another_persons_hint_token_is_login_required(here: InProcess) -> None:
    alice, bob = Browser(), Browser()
    hint = here.sign_in(alice, login_hint=ALICE).response["id_token"]
    here.sign_in(bob, login_hint=BOB)
    assert error(here.ask(bob, prompt="none", tenant="contoso", id_token_hint=hint)) == "login_required"
    assert "code" in here.ask(alice, prompt="none", tenant="contoso", id_token_hint=hint).query


@pytest.mark.parametrize("prompt", ["none login", "create"])
def test_prompt_that_means_nothing_is_an_invalid_request(here: InProcess, browser: Browser, prompt: str) -> None:
    assert error(here.ask(browser, prompt=prompt, tenant="contoso")) == "invalid_request"


def test_prompt_login_asks_the_openid_provider_for_a_new_authentication(here: InProcess, browser: Browser) -> None:
    first = here.sign_in(browser, login_hint=ALICE)
    here.clock.ahead = 5
    again = here.ask(browser, tenant="contoso", prompt="login")
    asked = here.asked_of_oidc(browser)
    assert asked is not None
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert "code" in again.query
    here.clock.ahead = 0
    assert here.sign_in(browser, tenant="contoso").id_token["auth_time"] > first.id_token["auth_time"]


def test_prompt_login_asks_the_saml_idp_for_a_new_authentication(here: InProcess, browser: Browser) -> None:
    here.sign_in(browser, login_hint=NORA)
    plain = here.asked_of_saml(browser)
    here.sign_in(browser, tenant="northwind", prompt="login")
    forced = here.asked_of_saml(browser)
    assert plain is not None
    assert forced is not None
    assert (plain.get("ForceAuthn"), forced.get("ForceAuthn")) == (None, "true")


def test_stale_answer_to_prompt_login_is_refused(here: InProcess, browser: Browser) -> None:
    """An IdP that ignores the wish proves an old authentication only."""
    switches = here.upstreams.oidc.switches
    switches.claims["auth_time"] = int(here.clock()) - 3600
    try:
        assert error(here.ask(browser, tenant="contoso", prompt="login")) == "access_denied"
    finally:
        switches.claims.clear()
    assert (here.events()[-1].event, here.events()[-1].reason) == ("oidc_rp.rejected", "auth_time")


def test_max_age_lets_a_session_answer_as_long_as_it_is_young_enough(here: InProcess, browser: Browser) -> None:
    here.sign_in(browser, login_hint=ALICE)
    here.clock.ahead = 100
    here.ask(browser, tenant="contoso", max_age="1000")
    assert was_nowhere(here, browser)
    here.ask(browser, tenant="contoso", max_age="60")
    asked = here.asked_of_oidc(browser)
    assert asked is not None
    assert (asked["max_age"], asked.get("prompt")) == ("60", None)


def test_max_age_forces_the_saml_idp_which_knows_no_ages(here: InProcess, browser: Browser) -> None:
    here.sign_in(browser, login_hint=NORA)
    here.clock.ahead = 100
    here.ask(browser, tenant="northwind", max_age="60")
    asked = here.asked_of_saml(browser)
    assert asked is not None
    assert asked.get("ForceAuthn") == "true"


def test_max_age_with_prompt_none_and_an_old_session_is_login_required(here: InProcess, browser: Browser) -> None:
    here.sign_in(browser, login_hint=ALICE)
    here.clock.ahead = 100
    assert error(here.ask(browser, tenant="contoso", prompt="none", max_age="60")) == "login_required"


def test_login_hint_leads_to_the_tenant_and_on_to_its_identity_provider(here: InProcess, browser: Browser) -> None:
    signed = here.sign_in(browser, login_hint=BOB)
    asked = here.asked_of_oidc(browser)
    assert asked is not None
    assert asked["login_hint"] == BOB
    assert (signed.access_token["tenant"], signed.id_token["email"]) == ("contoso", BOB)


def test_login_hint_of_another_person_needs_a_sign_in_of_their_own(here: InProcess, browser: Browser) -> None:
    alice = here.sign_in(browser, login_hint=ALICE)
    bob = here.sign_in(browser, login_hint=BOB)
    assert here.asked_of_oidc(browser) is not None
    assert (bob.id_token["email"], bob.id_token["sub"] == alice.id_token["sub"]) == (BOB, False)
    assert bob.id_token["sid"] != alice.id_token["sid"]


def test_prompt_none_does_not_choose_between_two_tenants_sessions(here: InProcess, browser: Browser) -> None:
    """Contract section 3: without a tenant, what the browser did last decides nothing where two could answer."""
    here.sign_in(browser, login_hint=ALICE)
    assert "code" in here.ask(browser, prompt="none").query
    here.sign_in(browser, tenant="northwind")
    assert error(here.ask(browser, prompt="none")) == "interaction_required"
    assert "code" in here.ask(browser, prompt="none", tenant="contoso").query
    assert "code" in here.ask(browser, prompt="none", login_hint=ALICE).query
