"""What is good once, brought twenty times at the same moment over HTTP: one wins, and reuse has its consequences."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping

import pytest
from werkzeug.test import TestResponse

from tests.attacks.devices import GRANTS, Device, another_network, say, signed_in
from tests.attacks.front import ASSERTION, JWKS, KEY
from tests.attacks.world import World
from tests.idps.oidc_op import OidcOp
from tests.postgresql import postgresql_server
from tests.unit.clients import signing
from tests.unit.store.test_once import THREADS, at_once

__all__ = ["postgresql_server"]  # the fixture, for this file


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def standing(
    request: pytest.FixtureRequest, providers: Mapping[str, OidcOp], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """With a device, and with a service that signs."""
    database = None
    if request.param == "postgresql":
        database = request.getfixturevalue("postgresql_server").database()
    world = World(tmp_path_factory.mktemp("races"), providers, database=database)
    keys = {"method": "private_key_jwt", "jwks": JWKS}
    world.clients |= {
        "tv": {"client_id": "tv", "name": "Television", "auth": {"method": "none"}, "grant_types": GRANTS},
        "service": {
            "client_id": "service",
            "auth": keys,
            "grant_types": ["client_credentials"],
            "scopes": ["export"],
            "tenants": ["contoso"],
        },
    }
    world.apply()
    yield world
    world.house.store.close()


def raced(world: World, act: Callable[[], TestResponse], error: str, reason: str) -> dict[str, str]:
    """What the only winner got; everybody else was refused, and the audit says why."""
    known = len(world.events())
    answers = [(answer.status_code, dict(answer.json or {})) for answer in at_once(act)]
    won = [members for status, members in answers if status == 200]
    lost = [members for status, members in answers if status != 200]
    assert (len(won), len(lost)) == (1, THREADS - 1), answers
    assert {(members["error"], "access_token" in members) for members in lost} == {(error, False)}
    told = world.events()[known:]
    assert [one.reason for one in told if one.event == "token.rejected"] == [reason] * (THREADS - 1)
    assert [one.outcome for one in told].count("success") == 1
    return won[0]


def assert_over(world: World, tokens: Mapping[str, str], client_id: str) -> None:
    """Whoever reused it may be a thief, so what the winner has is worth nothing either."""
    assert world.userinfo(tokens["access_token"]).status_code == 401
    assert world.events()[-1].reason == "grant_revoked"
    refreshed = world.refresh(tokens["refresh_token"], client_id)
    assert (refreshed.status_code, (refreshed.json or {})["error"]) == (400, "invalid_grant")


def test_a_code_brings_tokens_once(world: World) -> None:
    """TK-10; RFC 6749 §4.1.2"""
    _, code = world.signed_in("contoso", "op")
    won = raced(world, lambda: world.redeem(code), "invalid_grant", "code_replay")
    assert_over(world, won, "web")


def test_a_refresh_token_is_replaced_once(world: World) -> None:
    """RFC 9700 §4.14.2"""
    held = world.tokens("contoso", "op", "spa")["refresh_token"]
    won = raced(world, lambda: world.refresh(held, "spa"), "invalid_grant", "refresh_reuse")
    assert_over(world, won, "spa")


def test_a_device_gets_its_tokens_once(world: World) -> None:
    another_network()
    device = Device(world)
    browser, page = signed_in(world, device)
    say(world, browser, page, "allow")
    won = raced(world, device.poll, "invalid_grant", "device_replay")
    assert world.userinfo(won["access_token"]).status_code == 401


def own_token(world: World, assertion: str, **headers: str) -> TestResponse:
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": assertion}
    return world.browser().post("/token", base_url=world.issuer, data=form, headers=headers)


def assertion(world: World) -> str:
    now = int(world.clock())
    times = {"iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(16)}
    return signing.assertion("service", KEY, aud=world.issuer, **times)


def test_a_client_assertion_proves_once(world: World) -> None:
    """RFC 7523 §3, jti"""
    once = assertion(world)
    won = raced(world, lambda: own_token(world, once), "invalid_client", "assertion_replay")
    assert won["token_type"] == "Bearer"


def test_a_proof_of_possession_proves_once(world: World) -> None:
    """TK-50; RFC 9449 §11.1"""
    once = signing.proof(htu=f"{world.issuer}/token", iat=int(world.clock()))
    won = raced(world, lambda: own_token(world, assertion(world), DPoP=once), "invalid_dpop_proof", "dpop_replay")
    assert won["token_type"] == "DPoP"
