"""A television that asks for a code, shows it, and polls; and people who type it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker.grants import DEVICE_CODE
from tests.attacks.page import fields
from tests.attacks.setting import APP_SECRET
from tests.attacks.world import UnderWay, World
from tests.idps.oidc_op import OidcOp

HOSTS = itertools.count(1)
NETWORK = {"X-Forwarded-For": ""}  # every test types its codes in a network of its own
GRANTS = [DEVICE_CODE, "refresh_token"]


def world_with_devices(folder: Path, providers: Mapping[str, OidcOp]) -> World:
    world = World(folder, providers)
    secret = {"method": "client_secret_post", "secret": {"env": "APP_SECRET"}}
    world.clients |= {
        "tv": {"client_id": "tv", "name": "Television", "auth": {"method": "none"}, "grant_types": GRANTS},
        "box": {"client_id": "box", "auth": secret, "grant_types": GRANTS, "tenants": ["fabrikam"]},
    }
    world.apply()
    return world


def another_network() -> None:
    NETWORK["X-Forwarded-For"] = f"198.51.100.{next(HOSTS)}"


class Device:
    """A television: it asks for a code, shows it, and polls."""

    def __init__(self, world: World, client_id: str = "tv", **asked: str) -> None:
        self.world, self.client_id = world, client_id
        answer = self.ask(**{"scope": "openid email offline_access", "tenant": "contoso", "idp": "op", **asked})
        assert answer.status_code == 200, answer.text
        self.told: dict[str, Any] = dict(answer.json or {})

    def ask(self, **asked: str) -> TestResponse:
        return self.world.browser().post(
            "/device_authorization", base_url=self.world.issuer, data={**proof(self.client_id), **asked}
        )

    def poll(self, client_id: str | None = None, **more: str) -> TestResponse:
        form = {"grant_type": DEVICE_CODE, "device_code": self.told["device_code"], **more}
        client_id = client_id or self.client_id
        return self.world.browser().post("/token", base_url=self.world.issuer, data={**proof(client_id), **form})


def proof(client_id: str) -> dict[str, str]:
    return {"client_id": client_id, **({} if client_id == "tv" else {"client_secret": APP_SECRET})}


def enter(world: World, browser: FlaskClient, code: str, ip: str | None = None) -> TestResponse:
    headers = {"X-Forwarded-For": ip} if ip else NETWORK
    return browser.post("/device", base_url=world.issuer, data={"user_code": code}, headers=headers)


def signed_in(world: World, device: Device, browser: FlaskClient | None = None) -> tuple[FlaskClient, str]:
    """A browser whose person has typed the code and signed in, and the page that asks."""
    browser = browser or world.browser()
    entered = enter(world, browser, device.told["user_code"])
    assert entered.status_code == 303, entered.text
    leaving = world.visit(browser, entered.headers["Location"])
    under_way = UnderWay(world, browser, "contoso", "op", device.client_id, leaving.headers["Location"])
    answered = under_way.answer()
    return browser, answered.headers["Location"]


def say(world: World, browser: FlaskClient, page: str, answer: str, **changed: str) -> TestResponse:
    form = {**fields(world.visit(browser, page).text), "answer": answer, **changed}
    return browser.post("/consent", base_url=world.issuer, data=form)


def refused(world: World, response: TestResponse, error: str, reason: str) -> None:
    assert (response.status_code, (response.json or {})["error"]) == (400, error), response.text
    assert set(response.json or {}) == {"error", "error_description"}
    event = world.events()[-1]
    assert (event.event, event.outcome, event.reason) == ("token.rejected", "failure", reason)
