"""Third parties' clients, and people whom they ask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker import jose
from tests.attacks.page import fields
from tests.attacks.setting import APP_SECRET, CALLBACK
from tests.attacks.world import World, query
from tests.idps.oidc_op import OidcOp

SECRET = {"method": "client_secret_post", "secret": {"env": "APP_SECRET"}}
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
GRANTS = ["authorization_code", "refresh_token", BEARER, EXCHANGE]


def world_with_third_parties(folder: Path, providers: Mapping[str, OidcOp]) -> World:
    """`third` asks, `other` asks too; `web` does not."""
    world = World(folder, providers)
    for name in ("third", "other"):
        world.clients[name] = {
            "client_id": name,
            "name": f"The {name} party",
            "redirect_uris": [CALLBACK],
            "auth": SECRET,
            "consent": "required",
            "grant_types": GRANTS,
            "claims": ["department"],
        }
    world.idp("contoso", "op")["token_exchange"] = {"clients": ["third"], "audiences": ["third-at-op"]}
    world.apply()
    return world


def asked(world: World, client_id: str = "third", **more: Any) -> tuple[FlaskClient, str]:
    """A browser whose person has signed in, and the page that asks."""
    under_way = world.begin("contoso", "op", client_id, **more)
    answered = under_way.answer()
    return under_way.browser, asking(world, answered)


def asking(world: World, response: TestResponse) -> str:
    location = response.headers.get("Location", "")
    assert location.startswith(f"{world.issuer}/consent?"), (response.status, location, response.text)
    return location


def say(world: World, browser: FlaskClient, page: str, answer: str, **changed: str) -> TestResponse:
    form = {**fields(world.visit(browser, page).text), "answer": answer, **changed}
    return browser.post("/consent", base_url=world.issuer, data=form)


def allowed(world: World, client_id: str = "third", **more: Any) -> tuple[FlaskClient, dict[str, Any]]:
    """Signed in and allowed: the browser, and the client's tokens."""
    browser, page = asked(world, client_id, **more)
    code = query(say(world, browser, page, "allow").headers["Location"])["code"]
    answer = world.redeem(code, client_id)
    assert answer.status_code == 200, answer.text
    return browser, dict(answer.json or {})


def again(world: World, browser: FlaskClient, client_id: str = "third", **more: Any) -> TestResponse:
    """Single sign-on in that browser."""
    return world.authorize(browser, client_id, tenant="contoso", idp="op", **more)


def post(world: World, grant_type: str, **form: str) -> TestResponse:
    own = {"client_id": "third", "client_secret": APP_SECRET, "grant_type": grant_type}
    return world.browser().post("/token", base_url=world.issuer, data={**own, **form})


def sub_of(tokens: Mapping[str, str]) -> str:
    return str(jose.peek(tokens["access_token"]).claims["sub"])


def last(world: World, event: str) -> tuple[str, str | None, str | None]:
    found = [one for one in world.events() if one.event == event][-1]
    return found.outcome, found.reason, found.client_id
