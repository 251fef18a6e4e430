"""The device grant (RFC 8628) from outside: a device, a person with a browser, and those who guess."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.attacks.devices import Device, enter, proof, refused, say, signed_in
from tests.attacks.page import fields
from tests.attacks.world import World
from tests.unit.clients import signing
from tests.unit.store.test_once import at_once


@pytest.fixture
def world(with_devices: World) -> World:
    return with_devices


def test_a_person_lets_a_device_in(world: World) -> None:
    device = Device(world)
    told = device.told
    assert told["verification_uri"] == f"{world.issuer}/device"
    assert told["verification_uri_complete"] == f"{world.issuer}/device?user_code={told['user_code']}"
    assert (told["expires_in"], told["interval"]) == (600, 5)
    assert len(told["device_code"]) >= 43
    browser, page = signed_in(world, device)
    shown = world.visit(browser, page)
    assert "Television" in shown.text
    assert told["user_code"] in shown.text
    assert "Read your e-mail address" in shown.text
    assert shown.headers["X-Frame-Options"] == "DENY"
    assert device.poll().json["error"] == "authorization_pending"  # type: ignore[index]  # a JSON answer
    assert "is connected" in say(world, browser, page, "allow").text
    world.clock.ahead += 5
    tokens = device.poll().json or {}
    assert {"access_token", "id_token", "refresh_token"} <= set(tokens)
    assert [one.event for one in world.events()[-2:]] == ["device.approved", "token.issued"]
    refreshed = world.browser().post(
        "/token",
        base_url=world.issuer,
        data={**proof("tv"), "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
    )
    assert refreshed.status_code == 200, refreshed.text
    refused(world, device.poll(), "invalid_grant", "device_replay")


def test_of_twenty_polls_at_once_one_has_tokens(world: World) -> None:
    device = Device(world)
    browser, page = signed_in(world, device)
    say(world, browser, page, "allow")
    answers = at_once(device.poll)
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    assert {(answer.json or {}).get("error") for answer in answers} == {None, "invalid_grant"}


def test_single_sign_on_still_asks(world: World) -> None:
    first = Device(world)
    browser, page = signed_in(world, first)
    say(world, browser, page, "allow")
    second = Device(world)
    entered = enter(world, browser, second.told["user_code"].lower().replace("-", " "))
    asked = world.visit(browser, entered.headers["Location"])
    assert asked.headers["Location"].startswith(f"{world.issuer}/consent?")
    assert second.poll().json["error"] == "authorization_pending"  # type: ignore[index]  # a JSON answer
    say(world, browser, asked.headers["Location"], "allow")
    assert second.poll().status_code == 200


def test_no_lets_nobody_in(world: World) -> None:
    device = Device(world)
    browser, page = signed_in(world, device)
    issued = world.issued()
    assert "not connected" in say(world, browser, page, "deny").text
    refused(world, device.poll(), "access_denied", "device_denied")
    assert {row[0] for row in world.issued() ^ issued} == {"one_time"}, "the question is gone, and nothing came of it"


def test_who_cancels_the_sign_in_turns_the_device_away(world: World) -> None:
    device, browser = Device(world, idp=""), world.browser()
    entered = enter(world, browser, device.told["user_code"])
    chooser = world.visit(browser, entered.headers["Location"])
    cancel = chooser.text.split('href="/login/cancel')[1].split('"')[0].replace("&amp;", "&")
    page = world.visit(browser, f"{world.issuer}/login/cancel{cancel}")
    assert page.status_code == 403
    assert world.events()[-1].reason == "cancelled"
    refused(world, device.poll(), "access_denied", "device_denied")


def test_a_device_that_asks_too_often_is_slowed_down(world: World) -> None:
    device = Device(world)
    before = len(world.events())
    assert device.poll().json["error"] == "authorization_pending"  # type: ignore[index]  # a JSON answer
    assert len(world.events()) == before, "to wait is no failure"
    refused(world, device.poll(), "slow_down", "device_too_soon")
    world.clock.ahead += 9
    refused(world, device.poll(), "slow_down", "device_too_soon")
    world.clock.ahead += 15
    assert device.poll().json["error"] == "authorization_pending"  # type: ignore[index]  # a JSON answer


def test_a_device_that_nobody_answered_is_told_so(world: World) -> None:
    device = Device(world)
    world.clock.ahead += 600
    refused(world, device.poll(), "expired_token", "device_expired")
    answer = enter(world, world.browser(), device.told["user_code"])
    assert answer.status_code == 400
    assert "No device shows this code" in answer.text


def test_another_client_learns_nothing(world: World) -> None:
    device = Device(world)
    refused(world, device.poll("box"), "invalid_grant", "device_client")
    refused(world, device.poll(device_code="guessed"), "invalid_grant", "device_unknown")
    refused(world, device.poll(device_code=""), "invalid_request", "device_code_missing")


def test_another_client_does_not_take_a_device_over(world: World) -> None:
    device, browser = Device(world), world.browser()
    entered = enter(world, browser, device.told["user_code"])
    page = world.visit(browser, entered.headers["Location"].replace("client_id=tv", "client_id=box"))
    assert page.status_code == 400
    event = world.events()[-1]
    assert (event.event, event.client_id, event.reason) == ("authorize.rejected", "box", "device_gone")


def test_a_client_without_the_grant_may_not_ask(world: World) -> None:
    answer = world.browser().post("/device_authorization", base_url=world.issuer, data=proof("web"))
    assert (answer.status_code, (answer.json or {})["error"]) == (400, "unauthorized_client")
    assert (world.events()[-1].event, world.events()[-1].reason) == ("device.rejected", "grant_not_allowed")


@pytest.mark.parametrize(
    ("asked", "error", "reason"),
    [
        ({"scope": "unheard"}, "invalid_scope", "scope"),
        ({"max_age": "soon"}, "invalid_request", "max_age"),
        ({"resource": "https://other.example"}, "invalid_target", "target_unknown"),
        ({"tenant": "nobody"}, "invalid_request", "tenant_unknown"),
        ({"acr_values": "tenant:fabrikam"}, "invalid_request", "tenant_conflict"),
    ],
)
def test_what_no_sign_in_could_give_is_refused_at_once(
    world: World, asked: dict[str, str], error: str, reason: str
) -> None:
    before = world.issued()
    answer = Device.ask(Device(world), **{"tenant": "contoso", **asked})
    assert (answer.status_code, (answer.json or {})["error"]) == (400, error), answer.text
    assert (world.events()[-1].event, world.events()[-1].reason) == ("device.rejected", reason)
    assert world.issued() == before


def test_the_guard_holds_for_devices(world: World) -> None:
    """A client of fabrikam's alone, and a person of contoso's."""
    device, browser = Device(world, "box"), world.browser()
    entered = enter(world, browser, device.told["user_code"])
    page = world.visit(browser, entered.headers["Location"])
    assert page.status_code == 403
    assert world.events()[-1].reason == "client_tenant"
    assert device.poll().json["error"] == "authorization_pending"  # type: ignore[index]  # a JSON answer


def test_the_complete_address_only_fills_the_form(world: World) -> None:
    device = Device(world)
    page = world.visit(world.browser(), device.told["verification_uri_complete"])
    assert f'value="{device.told["user_code"]}"' in page.text
    assert "form-action" in page.headers["Content-Security-Policy"]
    spoofed = world.visit(world.browser(), f"{world.issuer}/device?{urlencode({'user_code': '<b>PAY-NOW</b>'})}")
    assert "PAY" not in spoofed.text


@pytest.mark.parametrize("typed", ["BCDF-GHJK", "", "AEIO-UAEI", "<script>", "B" * 5000])
def test_wrong_codes_look_alike_and_are_audited(world: World, typed: str) -> None:
    answer = enter(world, world.browser(), typed)
    assert answer.status_code == 400
    assert "No device shows this code" in answer.text
    assert "<script>" not in answer.text
    event = world.events()[-1]
    assert (event.event, event.outcome, event.reason) == ("device.rejected", "failure", "user_code")
    assert f"(ref {event.reference})" in answer.text


def test_codes_are_not_guessed_from_one_network(world: World) -> None:
    device = Device(world)
    for _ in range(30):
        assert enter(world, world.browser(), "BCDF-GHJK").status_code == 400
    stopped = enter(world, world.browser(), device.told["user_code"])
    assert stopped.status_code == 429
    assert world.events()[-1].reason == "too_many_guesses"
    elsewhere = enter(world, world.browser(), device.told["user_code"], "192.0.2.9")
    assert elsewhere.status_code == 303
    world.clock.ahead += 600
    assert enter(world, world.browser(), Device(world).told["user_code"]).status_code == 303


def test_guesses_from_one_ipv6_subscriber_are_counted_together(world: World) -> None:
    for host in range(30):
        enter(world, world.browser(), "BCDF-GHJK", f"2001:db8::{host + 1:x}")
    stopped = enter(world, world.browser(), "BCDF-GHJK", "2001:db8::ffff")
    assert stopped.status_code == 429


def test_the_device_of_a_suspended_tenant_gets_nothing(world: World) -> None:
    device = Device(world)
    browser, page = signed_in(world, device)
    form = fields(world.visit(browser, page).text)
    world.tenants["contoso"]["state"] = "suspended"
    world.apply()
    try:
        stopped = browser.post("/consent", base_url=world.issuer, data={**form, "answer": "allow"})
        assert stopped.status_code == 403
        assert world.events()[-1].reason == "tenant_suspended"
    finally:
        del world.tenants["contoso"]["state"]
        world.apply()
    world.clock.ahead += 60
    assert device.poll().json["error"] == "authorization_pending"  # type: ignore[index]  # a JSON answer


def test_who_is_denied_since_the_page_was_shown_lets_no_device_in(world: World) -> None:
    device = Device(world)
    browser, page = signed_in(world, device)
    form = fields(world.visit(browser, page).text)
    rules = world.tenants["contoso"]["claims"]
    world.tenants["contoso"]["claims"] = [{"deny": "Nobody today."}]
    world.apply()
    try:
        stopped = browser.post("/consent", base_url=world.issuer, data={**form, "answer": "allow"})
        assert stopped.status_code == 403
        assert world.events()[-1].reason == "rule_denied"
    finally:
        world.tenants["contoso"]["claims"] = rules
        world.apply()
    world.clock.ahead += 60
    assert device.poll().json["error"] == "authorization_pending"  # type: ignore[index]  # a JSON answer


def test_a_device_that_began_with_a_key_ends_with_it(world: World) -> None:
    """RFC 9449 §10, where the device itself asks: its answer belongs to the key that it showed."""
    began = world.browser().post(
        "/device_authorization",
        base_url=world.issuer,
        data={**proof("tv"), "scope": "openid", "tenant": "contoso", "idp": "op"},
        headers={"DPoP": shown_key(world, "/device_authorization")},
    )
    assert began.status_code == 200, began.text
    device = Device(world)
    device.told = dict(began.json or {})
    browser, page = signed_in(world, device)
    say(world, browser, page, "allow")
    refused(world, device.poll(), "invalid_grant", "cnf")


def shown_key(world: World, path: str) -> str:
    now = int(world.clock())
    return signing.proof(htu=f"{world.issuer}{path}", iat=now)
