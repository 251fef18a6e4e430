"""A world where Bob of fabrikam is a guest of contoso, and how he signs in there."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker import jose
from tests.attacks.world import UnderWay, World

BOB = "bob@fabrikam.com"
ENTRY: dict[str, Any] = {"home_tenant": "fabrikam", "email": "Bob@Fabrikam.com", "roles": ["auditor"]}


def host(world: World, **entry: Any) -> World:
    """contoso invites Bob; fabrikam has one provider, which vouches for addresses, and rules of its own."""
    world.tenants["contoso"] |= {"roles": ["viewer", "auditor"], "guests": [ENTRY | entry]}
    fabrikam = world.tenants["fabrikam"]
    fabrikam["identity_providers"] = [world.idp("fabrikam", "op") | {"userinfo": "never"}]
    own = {"department": '"Secret Projects"', "name": '"Robert"'}
    left = {"deny": "Gone.", "when": 'has(incoming.job_title) && incoming.job_title == "former"'}
    fabrikam["claims"] = [{"set": own}, *fabrikam["claims"], left]
    world.clients["web"]["claims"] = ["department"]
    world.apply()
    vouch(world)
    return world


def vouch(world: World, **claims: Any) -> None:
    world.ops["fabrikam"].switches.claims = {"email_verified": True, **claims}


def asked(world: World, browser: FlaskClient | None = None, client_id: str = "web", **more: Any) -> UnderWay:
    """Bob stands before fabrikam's provider on his way to contoso."""
    browser = browser or world.browser()
    response = world.authorize(browser, client_id, **{"tenant": "contoso", "login_hint": BOB, **more})
    location = response.headers.get("Location", "")
    assert location.startswith(world.ops["fabrikam"].issuer), (response.status, location)
    return UnderWay(world, browser, "fabrikam", "op", client_id, location)


def tokens(world: World, client_id: str = "web", **more: Any) -> dict[str, str]:
    code = asked(world, client_id=client_id, **more).finish()
    answer = world.redeem(code, client_id)
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


def said(answer: TestResponse | dict[str, str]) -> dict[str, Any]:
    """The claims of an access token."""
    held = answer if isinstance(answer, dict) else answer.json or {}
    return jose.peek(held["access_token"]).claims


def replace_entry(world: World, **changes: Any) -> None:
    world.tenants["contoso"]["guests"] = [world.tenants["contoso"]["guests"][0] | changes]
    world.apply()


def remove_entry(world: World) -> None:
    world.tenants["contoso"]["guests"] = []
    world.apply()
