"""Signing out here signs out at the OpenID provider too (OpenID Connect RP-Initiated Logout 1.0 §2, §3)."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from broker import jose
from broker.connectors.oidc.end_session import LONGEST
from broker.model import AuditEvent
from tests.attacks.test_single_logout import signed_out
from tests.attacks.world import World, query

OURS = "You are signed out"
BACK = "/logout/upstream"


@pytest.fixture
def ending(fresh: World) -> World:
    fresh.idp("contoso", "op")["logout"] = "upstream"
    fresh.apply()
    return fresh


def sent(world: World, browser: FlaskClient) -> str:
    """Where the browser goes, once it has confirmed."""
    return world.visit(browser, signed_out(world, browser)).headers["Location"]


def told(world: World) -> list[tuple[str, str | None]]:
    return [(one.outcome, one.reason) for one in upstream_events(world)]


def upstream_events(world: World) -> list[AuditEvent]:
    return [one for one in world.events() if one.event == "logout.upstream"]


def test_provider_learns_who_leaves_and_where_to_send_them(ending: World) -> None:
    browser, _ = ending.signed_in("contoso", "op")
    op = ending.ops["contoso"]
    url = sent(ending, browser)
    asked = query(url)
    assert url.startswith(f"{op.issuer}/end?")
    assert (asked["client_id"], asked["post_logout_redirect_uri"]) == (op.client_id, f"{ending.issuer}{BACK}")
    hint = jose.peek(asked["id_token_hint"]).claims
    assert (hint["iss"], hint["sub"]) == (op.issuer, "ana-1")
    assert "logout_hint" not in asked
    page = ending.visit(browser, f"{BACK}?state={asked['state']}")
    assert (page.status_code, OURS in page.text) == (200, True)
    assert told(ending) == [("success", None)]


def test_the_name_of_an_account_is_a_hint(ending: World) -> None:
    """Entra's `login_hint` claim spares the person the account picker."""
    ending.ops["contoso"].switches.claims["login_hint"] = "O.CiRhbmE"
    browser, _ = ending.signed_in("contoso", "op")
    assert query(sent(ending, browser))["logout_hint"] == "O.CiRhbmE"


def test_a_token_too_long_for_an_address_stays_here(ending: World) -> None:
    ending.ops["contoso"].switches.claims["groups"] = ["g" * 100] * (LONGEST // 100)
    browser, _ = ending.signed_in("contoso", "op")
    asked = query(sent(ending, browser))
    assert set(asked) == {"client_id", "post_logout_redirect_uri", "state"}


def test_only_where_it_is_configured_a_token_is_kept(fresh: World) -> None:
    browser, _ = fresh.signed_in("contoso", "op")
    fresh.idp("contoso", "op")["logout"] = "upstream"
    fresh.apply()
    assert "id_token_hint" not in query(sent(fresh, browser))


def test_without_the_word_the_provider_hears_nothing(fresh: World) -> None:
    browser, _ = fresh.signed_in("contoso", "op")
    page = browser.get("/logout", base_url=fresh.issuer)
    confirm = page.text.partition('name="confirm" value="')[2].partition('"')[0]
    assert OURS in browser.post("/logout", base_url=fresh.issuer, data={"confirm": confirm}).text
    assert upstream_events(fresh) == []


def test_who_never_comes_back_is_signed_out_here(ending: World) -> None:
    browser, _ = ending.signed_in("contoso", "op")
    sent(ending, browser)
    silent = ending.authorize(browser, tenant="contoso", idp="op", prompt="none").headers["Location"]
    assert query(silent)["error"] == "login_required"
    assert [one.event for one in ending.events()].count("session.ended") == 1


@pytest.mark.parametrize("state", ["", "x", "{name}x"])
def test_another_state_leads_to_our_own_page_and_uses_nothing_up(ending: World, state: str) -> None:
    browser = two_stops(ending)
    asked = query(sent(ending, browser))
    assert OURS in ending.visit(browser, f"{BACK}?state={state.format(name=asked['state'])}").text
    assert next_stop(ending, browser, asked["state"])


def test_state_in_another_browser_leads_nowhere(ending: World) -> None:
    browser = two_stops(ending)
    asked = query(sent(ending, browser))
    assert OURS in ending.visit(ending.browser(), f"{BACK}?state={asked['state']}").text
    assert next_stop(ending, browser, asked["state"])


def test_a_provider_that_has_no_such_endpoint_is_passed_over(ending: World) -> None:
    ending.forget_providers()
    ending.ops["contoso"].switches.metadata["end_session_endpoint"] = None
    browser, _ = ending.signed_in("contoso", "op")
    assert OURS in ending.visit(browser, signed_out(ending, browser)).text
    assert told(ending) == [("failure", "logout_unsupported")]


def test_an_endpoint_that_nobody_may_be_sent_to_stops_no_sign_in(ending: World) -> None:
    ending.forget_providers()
    ending.ops["contoso"].switches.metadata["end_session_endpoint"] = "javascript:alert(1)"
    browser, _ = ending.signed_in("contoso", "op")
    assert OURS in ending.visit(browser, signed_out(ending, browser)).text
    assert told(ending) == [("failure", "logout_unsupported")]


def test_a_session_of_another_issuer_is_not_told_to_this_one(ending: World) -> None:
    """The IdP was pointed elsewhere while somebody was on the way out: the old one's token is not for the new one."""
    browser, _ = ending.signed_in("contoso", "op")
    link = signed_out(ending, browser)
    ending.idp("contoso", "op")["issuer"] = ending.ops["fabrikam"].issuer
    ending.apply()
    assert OURS in ending.visit(browser, link).text
    assert told(ending) == [("failure", "logout_unsupported")]


def two_stops(world: World) -> FlaskClient:
    """A browser with sessions at two identity providers that both want to know."""
    world.idp("contoso", "op-rs256")["logout"] = "upstream"
    world.apply()
    browser, _ = world.signed_in("contoso", "op")
    world.begin("contoso", "op-rs256", browser=browser, prompt="login").finish()
    return browser


def next_stop(world: World, browser: FlaskClient, name: str) -> bool:
    location = world.visit(browser, f"{BACK}?state={name}").headers.get("Location", "")
    return location.startswith(f"{world.ops['contoso'].issuer}/end?")
