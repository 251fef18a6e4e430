"""No grant goes around the page that asks, and nothing outlives what a person takes back (TK-24, TK-40)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from broker.account import Account
from broker.model import Session
from tests.attacks.consents import (
    BEARER,
    EXCHANGE,
    again,
    allowed,
    asking,
    last,
    post,
    say,
    sub_of,
    world_with_third_parties,
)
from tests.attacks.front import client_proof
from tests.attacks.test_introduced import ID_TOKEN, token_of
from tests.attacks.world import CHALLENGE, World, code_of, query
from tests.idps.oidc_op import OidcOp


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory, ops: Mapping[str, OidcOp]) -> World:
    return world_with_third_parties(tmp_path_factory.mktemp("consent"), ops)


def test_a_pushed_request_is_used_up_with_the_answer(world: World) -> None:
    form = {"client_id": "third", **client_proof(world, "third"), "tenant": "contoso", "idp": "op"}
    more = {"redirect_uri": "https://app.example.com/callback", "response_type": "code", "scope": "openid"}
    challenged = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    pushed = world.browser().post("/par", base_url=world.issuer, data={**form, **more, **challenged}).json or {}
    browser, _ = allowed(world, scope="openid email")
    named = {"client_id": "third", "request_uri": pushed["request_uri"]}
    world.house.store.of("contoso").withdraw_consent(world.events()[-1].sub or "", "third")
    first, second = (
        asking(world, browser.get("/authorize", base_url=world.issuer, query_string=named)) for _ in range(2)
    )
    assert code_of(say(world, browser, first, "allow"))
    late = say(world, browser, second, "allow")
    assert query(late.headers["Location"])["error"] == "invalid_request"
    assert last(world, "approval.rejected") == ("failure", "request_uri_used", "third")


def end_access(world: World, session: Session) -> None:
    house = world.house
    Account(house.store, house.sessions, house.signout, world.clock).end_access(session, "third")


def test_tk_24_withdrawn_consent_ends_what_it_gave(world: World) -> None:
    browser, tokens = allowed(world)
    kept = dict(world.redeem(code_of(again(world, browser, "web"))).json or {})
    waiting = code_of(again(world, browser))
    (own,) = world.house.store.of("contoso").sessions_of("op", sub_of(tokens))
    end_access(world, own)
    assert last(world, "consent.withdrawn") == ("success", "by_person", "third")
    refused = world.refresh(tokens["refresh_token"], "third")
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_grant")
    assert world.events()[-1].reason == "grant_revoked"
    assert world.userinfo(tokens["access_token"]).status_code == 401
    late = world.redeem(waiting, "third")
    assert (late.status_code, (late.json or {})["error"]) == (400, "invalid_grant")
    assert world.events()[-1].reason == "consent_missing"
    asking(world, again(world, browser))
    assert world.refresh(kept["refresh_token"]).status_code == 200


def test_tk_40_no_grant_goes_around_the_page(world: World) -> None:
    person = {"tenant": "contoso", "idp": "op", "scope": "email"}
    before = world.issued()
    refused = post(world, BEARER, assertion=token_of(world), **person)
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_grant")
    assert last(world, "token.rejected") == ("failure", "consent_missing", "third")
    exchange = {"subject_token": token_of(world), "subject_token_type": ID_TOKEN, **person}
    refused = post(world, EXCHANGE, **exchange)
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_request")
    assert last(world, "token.rejected") == ("failure", "consent_missing", "third")
    assert world.issued() == before
    world.op_of("contoso").switches.claims = {}
    allowed(world)
    assert post(world, BEARER, assertion=token_of(world), **person).status_code == 200
    assert post(world, EXCHANGE, **exchange).status_code == 200
    wider = post(world, BEARER, assertion=token_of(world), **{**person, "scope": "profile"})
    assert (wider.status_code, world.events()[-1].reason) == (400, "consent_missing")


def test_tk_40_an_exchange_needs_it_still(world: World) -> None:
    _, tokens = allowed(world)
    form = {
        "subject_token": tokens["access_token"],
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }
    assert post(world, EXCHANGE, **form).status_code == 200
    world.house.store.of("contoso").withdraw_consent(sub_of(tokens), "third")
    refused = post(world, EXCHANGE, **form)
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_request")
    assert last(world, "token.rejected") == ("failure", "consent_missing", "third")
