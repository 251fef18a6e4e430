"""/account: what a person sees of themselves and ends, and that nobody else does either."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker.model import Consent
from tests.attacks.devices import Device, say, signed_in
from tests.attacks.tenancy import guests
from tests.attacks.world import World

STAY = {"scope": "openid email"}  # nothing that outlives its session


def shown(world: World, browser: FlaskClient, query: str = "") -> TestResponse:
    page = world.visit(browser, f"{world.issuer}/account{query}")
    assert page.status_code == 200, page.text
    return page


def said(page: TestResponse) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def buttons(page: TestResponse) -> dict[str, str]:
    """Words -> value."""
    found = re.findall(r'<button name="end" value="([0-9a-f]+)"[^>]*>(.*?)</button>', page.text)
    return {unescape(re.sub(r"<[^>]+>", "", words)): value for value, words in found}


def press(world: World, browser: FlaskClient, value: str) -> TestResponse:
    return browser.post("/account", base_url=world.issuer, data={"end": value})


def pressed(world: World, browser: FlaskClient, beginning: str) -> TestResponse:
    (value,) = [value for words, value in buttons(shown(world, browser)).items() if words.startswith(beginning)]
    return press(world, browser, value)


def tokens(world: World, browser: FlaskClient, tenant: str = "contoso", client: str = "web", **more: Any) -> str:
    """The refresh token of a sign-in with this browser."""
    _, code = world.signed_in(tenant, "op", client, browser=browser, **more)
    answer = world.redeem(code, client, tenant)
    assert answer.status_code == 200, answer.text
    return str((answer.json or {})["refresh_token"])


def lives(world: World, token: str, client: str = "web") -> bool:
    answer = world.refresh(token, client)
    assert answer.status_code == 200 or (answer.json or {})["error"] == "invalid_grant", answer.text
    return answer.status_code == 200


def ended(world: World, event: str, known: int) -> list[tuple[str | None, str | None, str | None]]:
    found = [one for one in world.events()[known:] if one.event == event]
    return [(one.tenant, one.reason, one.client_id) for one in found]


def test_a_browser_without_a_session_is_told_how_to_get_one(world: World) -> None:
    page = shown(world, world.browser())
    assert "Nobody is signed in with this browser." in page.text
    assert buttons(page) == {}
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_a_person_sees_session_other_sessions_and_applications_in_words(fresh: World) -> None:
    browser = fresh.browser()
    tokens(fresh, browser)
    fresh.clock.ahead = 2
    tokens(fresh, fresh.browser(), client="spa", **STAY)
    page = shown(fresh, browser)
    words = said(page)
    assert "Read your e-mail address Stay connected when you are not there, until you end it" in words
    assert [re.sub(" since .*", "", one) for one in buttons(page)] == [
        "Sign out of contoso here",
        "End the session",
        "End the access of web",
        "End the access of spa",
    ]


def test_each_session_shows_only_its_own_tenant(fresh: World) -> None:
    """TN-01: the same upstream, subject and ids at two tenants are two people."""
    browser, other = fresh.browser(), fresh.browser()
    tokens(fresh, browser)
    tokens(fresh, other, "northwind", "pattern")
    assert set(buttons(shown(fresh, browser))) == {"Sign out of contoso here", "End the access of web"}
    assert set(buttons(shown(fresh, other))) == {"Sign out of northwind here", "End the access of pattern"}


def test_a_browser_of_two_tenants_has_a_part_for_each(fresh: World) -> None:
    browser = fresh.browser()
    tokens(fresh, browser)
    fresh.clock.ahead = 2
    kept = tokens(fresh, browser, "northwind")
    page = shown(fresh, browser)
    parts = page.text.split("<section")[1:]
    assert [("contoso" in part, "northwind" in part) for part in parts] == [(False, True), (True, False)]
    of_contoso = re.findall(r'value="([0-9a-f]+)"', parts[1])[1]
    assert press(fresh, browser, of_contoso).status_code == 303
    assert set(buttons(shown(fresh, browser))) == {
        "Sign out of northwind here",
        "End the access of web",
        "Sign out of contoso here",
    }
    assert lives(fresh, kept)


def test_a_session_elsewhere_ends_with_its_tokens(fresh: World) -> None:
    browser, other = fresh.browser(), fresh.browser()
    own = tokens(fresh, browser, **STAY)
    theirs = tokens(fresh, other, **STAY)
    known = len(fresh.events())
    response = pressed(fresh, browser, "End the session")
    assert (response.status_code, response.headers["Location"]) == (303, "/account")
    assert ended(fresh, "session.ended", known) == [("contoso", "by_person", None)]
    assert not lives(fresh, theirs)
    assert lives(fresh, own)
    assert "Nobody is signed in" in shown(fresh, other).text
    assert not [words for words in buttons(shown(fresh, browser)) if words.startswith("End the session")]


def test_this_session_ends_as_by_signing_out(fresh: World) -> None:
    browser = fresh.browser()
    offline, online = tokens(fresh, browser), tokens(fresh, fresh.browser(), **STAY)
    known = len(fresh.events())
    response = pressed(fresh, browser, "Sign out of contoso")
    assert "<h1>You are signed out</h1>" in response.text
    assert "session=;" in response.headers["Set-Cookie"]
    assert ended(fresh, "session.ended", known) == [("contoso", "by_person", None)]
    assert lives(fresh, offline), "what may outlive the session does"
    assert lives(fresh, online), "the other browser stays"


def test_an_application_loses_its_access_and_no_other_does(fresh: World) -> None:
    """TK-24: offline access too, in every browser; another application, person and tenant keep theirs."""
    browser = fresh.browser()
    offline, online = tokens(fresh, browser), tokens(fresh, fresh.browser(), **STAY)
    kept = tokens(fresh, fresh.browser(), client="spa")
    elsewhere = tokens(fresh, fresh.browser(), "fabrikam")
    known = len(fresh.events())
    assert pressed(fresh, browser, "End the access of web").headers["Location"] == "/account"
    assert ended(fresh, "grant.ended", known) == [("contoso", "by_person", "web")]
    for lost in (offline, online):
        answer = fresh.refresh(lost)
        assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_grant")
        assert fresh.events()[-1].reason == "grant_revoked"
    assert lives(fresh, kept, "spa")
    assert lives(fresh, elsewhere)
    assert "End the access of web" not in buttons(shown(fresh, browser))


def test_what_ended_with_its_session_is_no_access_any_more(fresh: World) -> None:
    browser = fresh.browser()
    tokens(fresh, browser, client="spa", **STAY)
    pressed(fresh, browser, "Sign out of contoso")
    tokens(fresh, browser)
    assert [words for words in buttons(shown(fresh, browser)) if "access" in words] == ["End the access of web"]


def test_a_device_stands_among_the_applications(with_devices: World) -> None:
    world = with_devices
    device = Device(world)
    browser, page = signed_in(world, device)
    assert say(world, browser, page, "allow").status_code == 200
    token = (device.poll().json or {})["refresh_token"]
    pressed(world, browser, "End the access of Television")
    form = {"client_id": "tv", "grant_type": "refresh_token", "refresh_token": token}
    answer = world.browser().post("/token", base_url=world.issuer, data=form)
    assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_grant")


def test_what_was_allowed_is_shown_and_taken_back(fresh: World) -> None:
    """TK-24: without a grant too, so that nothing is given again unasked."""
    browser = fresh.browser()
    tokens(fresh, browser, **STAY)
    sub = next(event.sub for event in reversed(fresh.events()) if event.event == "sign_in.completed")
    assert sub is not None
    here, elsewhere = fresh.house.store.of("contoso"), fresh.house.store.of("fabrikam")
    for tenant in (here, elsewhere):
        tenant.keep_consent(sub, "spa", Consent(("profile",), ("birthdate",)), int(fresh.clock()))
    assert "spa Since" in said(shown(fresh, browser))
    assert "Read your name and the like Read “birthdate” End the access of spa" in said(shown(fresh, browser))
    known = len(fresh.events())
    pressed(fresh, browser, "End the access of spa")
    assert ended(fresh, "consent.withdrawn", known) == [("contoso", "by_person", "spa")]
    assert here.consent(sub, "spa") is None
    assert elsewhere.consent(sub, "spa") is not None
    assert set(buttons(shown(fresh, browser))) == {"Sign out of contoso here", "End the access of web"}


def forged(world: World, browser: FlaskClient, value: str) -> None:
    before = world.issued()
    response = press(world, browser, value)
    assert response.status_code == 403
    event = world.events()[-1]
    assert (event.event, event.outcome, event.reason) == ("account.rejected", "failure", "account_mark")
    assert event.reference in response.text
    assert world.issued() == before


@pytest.mark.parametrize("value", ["", "ab", "é", "0" * 64])
def test_nothing_ends_without_our_mark(fresh: World, value: str) -> None:
    browser = fresh.browser()
    tokens(fresh, browser)
    forged(fresh, browser, value)


def test_a_mark_is_of_its_own_browser(fresh: World) -> None:
    """TN-37: who reads the page of one browser presses nothing in another, not even of the same person."""
    browser, other = fresh.browser(), fresh.browser()
    tokens(fresh, browser)
    tokens(fresh, other)
    for value in buttons(shown(fresh, browser)).values():
        forged(fresh, other, value)
        forged(fresh, fresh.browser(), value)


def test_a_mark_is_worth_nothing_once_the_thing_has_ended(fresh: World) -> None:
    browser = fresh.browser()
    tokens(fresh, browser)
    value = buttons(shown(fresh, browser))["End the access of web"]
    assert press(fresh, browser, value).status_code == 303
    forged(fresh, browser, value)


def test_looking_changes_nothing(fresh: World) -> None:
    browser = fresh.browser()
    tokens(fresh, browser)
    before = fresh.issued()
    for value in buttons(shown(fresh, browser)).values():
        shown(fresh, browser, f"?end={value}")
    assert fresh.issued() == before


def test_guest_sees_of_the_host_what_is_of_the_host(fresh: World) -> None:
    """TN-02."""
    world = guests.host(fresh)
    browser, home = world.browser(), world.browser()
    guests.asked(world, browser).finish()
    tokens(world, home, "fabrikam")
    assert set(buttons(shown(world, browser))) == {"Sign out of contoso here"}
    assert guests.BOB in said(shown(world, browser))
    assert set(buttons(shown(world, home))) == {"Sign out of fabrikam here", "End the access of web"}


CLOSED = {
    "tenant suspended": lambda world: world.tenants["contoso"].update(state="suspended"),
    "IdP switched off": lambda world: world.idp("contoso", "op").update(enabled=False),
    "another network": lambda world: world.tenants["contoso"].update(sign_in={"allowed_networks": ["192.0.2.0/24"]}),
    "several factors": lambda world: world.tenants["contoso"].update(sign_in={"require_mfa": True}),
}


@pytest.mark.parametrize("change", CLOSED.values(), ids=CLOSED)
def test_where_the_guard_says_no_only_the_way_out_is_open(fresh: World, change: Any) -> None:
    browser = fresh.browser()
    token = tokens(fresh, browser, **STAY)
    tokens(fresh, fresh.browser())
    value = buttons(shown(fresh, browser))["End the access of web"]
    change(fresh)
    fresh.apply()
    closed(fresh, browser)
    forged(fresh, browser, value)
    assert pressed(fresh, browser, "End the session").status_code == 200
    assert not lives(fresh, token)


def test_who_is_no_guest_any_more_sees_nothing(fresh: World) -> None:
    world = guests.host(fresh)
    browser = world.browser()
    guests.asked(world, browser).finish()
    world.tenants["contoso"]["guests"] = [guests.ENTRY | {"roles": ["viewer"]}]
    world.apply()
    assert "End the access" not in said(shown(world, browser))
    assert "Sign out of contoso" not in said(shown(world, browser))


def test_a_session_that_was_idle_for_too_long_shows_nothing(fresh: World) -> None:
    browser = fresh.browser()
    tokens(fresh, browser)
    fresh.clock.ahead = fresh.house.deployment.lifetimes.session_idle + 1
    closed(fresh, browser)


def closed(world: World, browser: FlaskClient) -> None:
    page = shown(world, browser)
    assert len(buttons(page)) == 1
    assert "A session that cannot be shown" in page.text
    assert "contoso" not in page.text
    assert "web" not in said(page)
