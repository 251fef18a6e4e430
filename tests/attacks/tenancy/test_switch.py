"""/switch: another tenant without a new sign-in where that tenant asks for nothing more, and never otherwise."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.attacks.setting import APP_SECRET
from tests.attacks.tenancy import guests
from tests.attacks.tenancy.guests import host, remove_entry, said, vouch
from tests.attacks.world import CALLBACK, CHALLENGE, UnderWay, World, code_of, query

REQUEST = {
    "client_id": "web",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid email offline_access",
    "state": "the app's state",
    "nonce": "the app's nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture
def hosted(fresh: World) -> World:
    return host(fresh)


@pytest.fixture
def bob(hosted: World) -> FlaskClient:
    """Signed in at home, and nowhere else."""
    browser, _ = hosted.signed_in("fabrikam", "op")
    return browser


def shown(world: World, browser: FlaskClient, **more: Any) -> TestResponse:
    return browser.get("/switch", base_url=world.issuer, query_string={**REQUEST, **more})


def form_of(page: TestResponse) -> tuple[dict[str, str], dict[str, str]]:
    """Its hidden fields, and its buttons: organisation -> value."""
    assert page.status_code == 200, (page.status, page.headers.get("Location"))
    fields = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    buttons = re.findall(r'name="switch_to" value="([0-9a-f]+)">\s*<bdi>([^<]+)</bdi>', page.text)
    return {name: unescape(value) for name, value in fields}, {name: value for value, name in buttons}


def post(world: World, browser: FlaskClient, fields: dict[str, str], to: str) -> TestResponse:
    return browser.post("/switch", base_url=world.issuer, data={**fields, "switch_to": to})


def switched(world: World, browser: FlaskClient, to: str, **more: Any) -> TestResponse:
    fields, buttons = form_of(shown(world, browser, **more))
    return post(world, browser, fields, buttons[to])


def test_switch_gives_a_token_of_the_other_tenant_without_a_new_sign_in(hosted: World, bob: FlaskClient) -> None:
    hosted.ops["fabrikam"].seen.clear()
    _, buttons = form_of(shown(hosted, bob))
    assert set(buttons) == {"contoso", "fabrikam"}, "northwind is not among them: TN-08"
    known = len(hosted.events())
    claims = said(hosted.redeem(code_of(switched(hosted, bob, "contoso"))))
    assert (claims["tenant"], claims["home_tenant"], claims["roles"]) == ("contoso", "fabrikam", ["auditor"])
    assert not [path for path, _, _ in hosted.ops["fabrikam"].seen if path == "/authorize"]
    told = [event for event in hosted.events()[known:] if event.event == "session.switched"]
    assert [event.tenant for event in told] == ["fabrikam", "contoso"]
    assert {event.detail["active_tenant"] for event in told} == {"contoso"}


def test_each_session_answers_for_its_own_tenant_afterwards(hosted: World, bob: FlaskClient) -> None:
    """TN-14: single sign-on of both tenants, each with its own sid; and back again by the page."""
    there = said(hosted.redeem(code_of(switched(hosted, bob, "contoso"))))
    silent = hosted.redeem(code_of(hosted.authorize(bob, tenant="contoso", prompt="none")))
    home = said(hosted.redeem(code_of(hosted.authorize(bob, tenant="fabrikam", prompt="none"))))
    back = said(hosted.redeem(code_of(switched(hosted, bob, "fabrikam"))))
    assert said(silent)["sid"] == there["sid"] != home["sid"] == back["sid"]
    assert (home["tenant"], home["roles"], back["tenant"]) == ("fabrikam", ["viewer"], "fabrikam")


def test_single_sign_on_of_a_guest_where_the_host_has_one_identity_provider(hosted: World, bob: FlaskClient) -> None:
    """TN-14: the host's only IdP is a guess about who comes; the browser's session there is not."""
    hosted.tenants["contoso"]["identity_providers"] = [hosted.idp("contoso", "op")]
    hosted.apply()
    there = hosted.redeem(code_of(switched(hosted, bob, "contoso"))).json or {}
    for more in ({}, {"prompt": "none"}, {"prompt": "none", "id_token_hint": there["id_token"]}):
        again = said(hosted.redeem(code_of(hosted.authorize(bob, tenant="contoso", **more))))
        assert again["sid"] == said(there)["sid"], more
    hosted.clock.ahead = 60
    late = hosted.authorize(bob, tenant="contoso", max_age="30")
    assert late.headers["Location"].startswith("/switch?"), "to the page that leads home, not to the host's IdP"
    hosted.signed_in("contoso", "op", browser=bob)
    own = said(hosted.redeem(code_of(hosted.authorize(bob, tenant="contoso", prompt="none"))))
    assert "home_tenant" not in own, "whoever signed in at the host itself comes first"
    hinted = hosted.authorize(bob, tenant="contoso", prompt="none", id_token_hint=there["id_token"])
    assert said(hosted.redeem(code_of(hinted)))["sid"] == said(there)["sid"]


def test_nothing_but_the_page_switches(hosted: World, bob: FlaskClient) -> None:
    """TN-14, TN-38: by parameter the other tenant is asked for in vain."""
    for more in ({}, {"scope": "openid org:contoso"}, {"acr_values": "tenant:contoso", "tenant": None}):
        silent = hosted.authorize(bob, **{"tenant": "contoso", "prompt": "none", **more})
        assert "code" not in query(silent.headers["Location"])
    assert not hosted.house.store.of("contoso").sessions_at("op")


def test_switch_never_happens_by_get(hosted: World, bob: FlaskClient) -> None:
    """TN-37."""
    fields, buttons = form_of(shown(hosted, bob))
    before = hosted.issued()
    page = shown(hosted, bob, **{**fields, "switch_to": buttons["contoso"]})
    assert page.status_code == 200
    assert hosted.issued() == before


def test_tenant_that_was_not_offered_cannot_be_posted(hosted: World, bob: FlaskClient) -> None:
    """TN-37: neither by its name, nor by the button of somebody else's page."""
    ana, _ = hosted.signed_in("contoso", "op")
    _, hers = form_of(shown(hosted, ana))
    for named in ("northwind", "contoso", hers["contoso"], ""):
        fields, _ = form_of(shown(hosted, bob))
        act = lambda fields=fields, named=named: post(hosted, bob, fields, named)  # noqa: E731
        response = hosted.assert_refused(act, "switch_tenant", "authorize.rejected", tenant="fabrikam")
        assert response.status_code == 403


def test_mark_of_the_page_is_this_browser_s_this_request_s_for_a_while_and_once(
    hosted: World, bob: FlaskClient
) -> None:
    """TN-37: foreign, changed, stale, replayed."""
    other, _ = hosted.signed_in("fabrikam", "op")
    fields, buttons = form_of(shown(hosted, bob))
    foreign, _ = form_of(shown(hosted, other))
    refused = lambda sent, reason: hosted.assert_refused(  # noqa: E731
        lambda: post(hosted, bob, sent, buttons["contoso"]), reason, "authorize.rejected", tenant="fabrikam"
    )
    assert refused({**REQUEST}, "switch_confirm").status_code == 403
    refused({**fields, "confirm": foreign["confirm"]}, "switch_confirm")
    refused({**fields, "scope": "openid"}, "switch_confirm")
    assert code_of(post(hosted, bob, fields, buttons["contoso"]))
    refused(fields, "switch_replay")
    fields, _ = form_of(shown(hosted, bob))
    hosted.clock.ahead = 601
    refused(fields, "switch_stale")


def test_stronger_tenant_asks_for_the_step_up(hosted: World, bob: FlaskClient) -> None:
    hosted.tenants["contoso"]["sign_in"] = {"require_mfa": True}
    hosted.apply()
    page = shown(hosted, bob)
    assert "asks you to sign in again" in page.text
    response = switched(hosted, bob, "contoso")
    assert response.headers["Location"].startswith(hosted.ops["fabrikam"].issuer)
    trip = UnderWay(hosted, bob, "fabrikam", "op", "web", response.headers["Location"])
    weak = trip.honest()
    hosted.assert_refused(lambda: trip.answer(weak), "mfa_missing", "sign_in.denied", tenant="fabrikam")
    vouch(hosted, amr=["pwd", "mfa"])
    response = switched(hosted, bob, "contoso")
    trip = UnderWay(hosted, bob, "fabrikam", "op", "web", response.headers["Location"])
    assert said(hosted.redeem(trip.finish()))["tenant"] == "contoso"


def test_tenant_of_other_networks_is_not_offered(hosted: World, bob: FlaskClient) -> None:
    hosted.tenants["contoso"]["sign_in"] = {"allowed_networks": ["198.51.100.0/24"]}
    hosted.apply()
    assert set(form_of(shown(hosted, bob))[1]) == {"fabrikam"}


def test_application_of_one_tenant_and_request_for_one_tenant_offer_that_one(hosted: World, bob: FlaskClient) -> None:
    assert set(form_of(shown(hosted, bob, client_id="only-contoso"))[1]) == {"contoso"}
    assert set(form_of(shown(hosted, bob, tenant="contoso"))[1]) == {"contoso"}
    address = {"client_id": "pattern", "redirect_uri": "https://contoso.app.example.com/callback"}
    assert set(form_of(shown(hosted, bob, **address))[1]) == {"contoso"}


def test_switch_lasts_no_longer_than_the_sign_in_it_stands_on(hosted: World, bob: FlaskClient) -> None:
    (home,) = hosted.house.store.of("fabrikam").sessions_at("op")
    hosted.clock.ahead = 3600
    assert code_of(switched(hosted, bob, "contoso"))
    (there,) = hosted.house.store.of("contoso").sessions_at("op")
    assert (there.created_at, there.auth_time) == (home.created_at, home.auth_time)
    assert there.expires_at <= home.expires_at


def test_removed_entry_ends_what_was_switched(hosted: World, bob: FlaskClient) -> None:
    got = hosted.redeem(code_of(switched(hosted, bob, "contoso"))).json or {}
    remove_entry(hosted)
    assert hosted.refresh(got["refresh_token"]).status_code == 400
    assert hosted.userinfo(got["access_token"]).status_code == 401
    assert set(form_of(shown(hosted, bob))[1]) == {"fabrikam"}


def test_entry_of_somebody_else_is_not_taken_over_by_a_switch(hosted: World, bob: FlaskClient) -> None:
    vouch(hosted, sub="somebody with the same mailbox")
    guests.tokens(hosted)
    vouch(hosted)
    act = lambda: switched(hosted, bob, "contoso")  # noqa: E731
    hosted.assert_refused(act, "guest_bound", "authorize.rejected", tenant="contoso")


def test_page_is_shown_where_nobody_said_who_signs_in(hosted: World, bob: FlaskClient) -> None:
    hosted.tenants["contoso"]["identity_providers"] = [hosted.idp("contoso", "op")]
    hosted.apply()
    response = hosted.authorize(bob, tenant="contoso")
    assert response.headers["Location"].startswith("/switch?")
    fields, buttons = form_of(hosted.visit(bob, response.headers["Location"]))
    assert code_of(post(hosted, bob, fields, buttons["contoso"]))
    stranger = hosted.authorize(hosted.browser(), tenant="contoso")
    assert stranger.headers["Location"].startswith(hosted.ops["contoso"].issuer)


def test_chooser_leads_to_the_page_and_the_page_back_to_the_chooser(hosted: World, bob: FlaskClient) -> None:
    chooser = hosted.authorize(bob, prompt="select_account")
    href = unescape(re.findall(r'href="(/switch\?[^"]+)"', chooser.text)[0])
    page = hosted.visit(bob, href)
    assert set(form_of(page)[1]) == {"contoso", "fabrikam"}
    other = unescape(re.findall(r'href="(/authorize\?[^"]+)"', page.text)[0])
    assert "Work e-mail address" in hosted.visit(bob, other).text
    cancel = unescape(re.findall(r'href="(/login/cancel\?[^"]+)"', page.text)[0])
    assert query(hosted.visit(bob, cancel).headers["Location"])["error"] == "access_denied"


def test_without_a_session_there_is_nothing_to_choose(hosted: World) -> None:
    response = shown(hosted, hosted.browser(), tenant="contoso")
    assert response.headers["Location"].startswith("/authorize?")
    silent = shown(hosted, hosted.browser(), prompt="none")
    assert query(silent.headers["Location"])["error"] == "interaction_required"


def test_pushed_request_comes_through_the_page_and_is_spent(hosted: World, bob: FlaskClient) -> None:
    """RFC 9126 §4: what was pushed counts, whichever page it was looked at on."""
    pushed = hosted.browser().post("/par", base_url=hosted.issuer, data={**REQUEST, "client_secret": APP_SECRET})
    reference = {"client_id": "web", "request_uri": (pushed.json or {})["request_uri"]}
    page = bob.get("/switch", base_url=hosted.issuer, query_string=reference)
    fields, buttons = form_of(page)
    assert "redirect_uri" not in fields
    assert said(hosted.redeem(code_of(post(hosted, bob, fields, buttons["contoso"]))))["tenant"] == "contoso"
    again = bob.get("/switch", base_url=hosted.issuer, query_string=reference)
    assert again.status_code == 400


def test_twenty_who_press_the_button_at_once_switch_once(hosted: World, bob: FlaskClient) -> None:
    fields, buttons = form_of(shown(hosted, bob))
    cookie = bob.get_cookie("session", "localhost")
    assert cookie is not None

    def press(_: int) -> TestResponse:
        browser = hosted.browser()
        browser.set_cookie("session", cookie.value, domain="localhost")
        return post(hosted, browser, fields, buttons["contoso"])

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(press, range(20)))
    assert sorted(answer.status_code for answer in answers) == [303, *[403] * 19]
    assert len(hosted.house.store.of("contoso").sessions_at("op")) == 1
