"""Flow-step skipping, forged and repeated answers to the page that asks (OP-37, OP-38)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.attacks.devices import Device, enter, refused, say, signed_in
from tests.attacks.page import fields
from tests.attacks.world import World


@pytest.fixture
def world(with_devices: World) -> World:
    return with_devices


@pytest.fixture
def device(world: World) -> Device:
    return Device(world)


def asked(world: World, device: Device) -> tuple[FlaskClient, str, dict[str, str]]:
    browser, page = signed_in(world, device)
    return browser, page, fields(world.visit(browser, page).text)


def stands(world: World, device: Device, response: TestResponse, status: int, reason: str) -> None:
    assert response.status_code == status, response.text
    event = world.events()[-1]
    assert (event.event, event.outcome, event.reason) == ("approval.rejected", "failure", reason)
    assert event.reference in response.text
    world.clock.ahead += 60
    assert device.poll().json["error"] == "authorization_pending"  # type: ignore[index]  # a JSON answer


def test_op_37_a_step_is_not_skipped(world: World, device: Device) -> None:
    empty = world.browser().post("/consent", base_url=world.issuer, data={})
    stands(world, device, empty, 400, "approval_unknown")


def test_op_38_no_answer_without_the_mark(world: World, device: Device) -> None:
    browser, page, _ = asked(world, device)
    stands(world, device, say(world, browser, page, "allow", mark=""), 403, "approval_mark")


def test_op_38_no_answer_with_another_pages_mark(world: World, device: Device) -> None:
    _, _, other = asked(world, Device(world))
    browser, page, _ = asked(world, device)
    stands(world, device, say(world, browser, page, "allow", mark=other["mark"]), 403, "approval_mark")


def test_op_38_no_answer_from_another_browser(world: World, device: Device) -> None:
    _, _, form = asked(world, device)
    foreign = world.browser().post("/consent", base_url=world.issuer, data={**form, "answer": "allow"})
    stands(world, device, foreign, 400, "approval_browser")


def test_looking_changes_nothing(world: World, device: Device) -> None:
    browser, page, form = asked(world, device)
    looked = world.visit(browser, f"{page}&{urlencode({**form, 'answer': 'allow'})}")
    assert looked.status_code == 200
    assert device.poll().json["error"] == "authorization_pending"  # type: ignore[index]  # a JSON answer


def test_op_38_an_answer_is_given_once(world: World, device: Device) -> None:
    browser, page, form = asked(world, device)
    assert say(world, browser, page, "deny").status_code == 200
    again = browser.post("/consent", base_url=world.issuer, data={**form, "answer": "allow"})
    assert again.status_code == 400
    assert world.events()[-1].reason == "approval_unknown"
    refused(world, device.poll(), "access_denied", "device_denied")


def test_two_pages_for_one_device_let_it_in_once(world: World, device: Device) -> None:
    browser, page, _ = asked(world, device)
    entered = enter(world, browser, device.told["user_code"])
    second = world.visit(browser, entered.headers["Location"]).headers["Location"]
    assert say(world, browser, page, "allow").status_code == 200
    late = say(world, browser, second, "allow")
    assert late.status_code == 400
    assert world.events()[-1].reason == "device_gone"


def test_who_was_signed_out_answers_nothing(world: World, device: Device) -> None:
    browser, _, form = asked(world, device)
    leaving = world.visit(browser, f"{world.issuer}/logout")
    browser.post("/logout", base_url=world.issuer, data=fields(leaving.text))
    late = browser.post("/consent", base_url=world.issuer, data={**form, "answer": "allow"})
    stands(world, device, late, 400, "approval_browser")
