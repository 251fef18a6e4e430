"""RP-77 to RP-79: only what an IdP really says ends a session, once, and only sessions of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from broker import jose
from broker.connectors.oidc.logout_token import CHECKS, OLDEST
from broker.web import errors
from broker.web.upstream_logout import AT_ONCE, Allowance, UpstreamLogout
from tests.attacks.world import World
from tests.idps.oidc_op import OidcOp, compact

Make = Callable[[OidcOp, World], str]
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def told(world: World, token: str | None, tenant: str = "contoso", idp: str = "op", **more: Any) -> TestResponse:
    form = {} if token is None else {"logout_token": token}
    at = f"/t/{tenant}/oidc/{idp}/backchannel-logout"
    return world.browser().post(at, base_url=world.issuer, **{"data": form, **more})


def claims(**changed: object) -> Make:
    return lambda op, _: op.logout_token(**changed)


def header(**changed: object) -> Make:
    return lambda op, _: op.logout_token(header=dict(changed))


def unsigned(op: OidcOp, _: World) -> str:
    head, body, _signature = op.logout_token(header={"alg": "none"}).split(".")
    return f"{head}.{body}."


def aged(seconds: int, **more: object) -> Make:
    def make(op: OidcOp, world: World) -> str:
        now = int(world.clock())
        return op.logout_token(iat=now - seconds, exp=now - seconds + 120, **more)

    return make


def late_but_long(op: OidcOp, world: World) -> str:
    now = int(world.clock())
    return op.logout_token(iat=now - OLDEST - 300, exp=now + 9999)


def an_id_token(op: OidcOp, world: World) -> str:
    now = int(world.clock())
    said = {"iss": op.issuer, "aud": op.client_id, "iat": now, "exp": now + 60, "sub": "ana-1", "nonce": "n"}
    return compact({"alg": "RS256", "kid": "op-rsa", "typ": "JWT"}, said, op.rsa)


def foreign_signature(op: OidcOp, world: World) -> str:
    return world.ops["fabrikam"].logout_token(iss=op.issuer, aud=op.client_id)


REFUSED: list[tuple[str, Make, str]] = [
    ("unsigned", unsigned, "alg"),
    ("alg HS256", header(alg="HS256"), "alg"),
    ("signed by another provider", foreign_signature, "signature"),
    ("wrong typ", header(typ="at+jwt"), "typ"),
    ("wrong iss", claims(iss="https://evil.example"), "iss"),
    ("no iss", claims(iss=None), "iss"),
    ("wrong aud", claims(aud="somebody-else"), "aud"),
    ("further aud", claims(aud=["broker-at-op", "somebody-else"]), "aud"),
    ("no exp", claims(exp=None), "exp"),
    ("expired", aged(500), "exp"),
    ("no iat", claims(iat=None), "iat"),
    ("kept for later", late_but_long, "iat"),
    ("from the future", aged(-9999), "iat"),
    ("no events", claims(events=None), "events"),
    ("another event", claims(events={"https://schemas.example/other": {}}), "events"),
    ("event that is no object", claims(events={EVENT: True}), "events"),
    ("events that is a list", claims(events=[EVENT]), "events"),
    ("nonce", claims(nonce="n"), "nonce"),
    ("nonce that is null", lambda op, _: _with_null_nonce(op), "nonce"),
    ("neither sub nor sid", claims(sid=None), "sub_sid"),
    ("sid that is no text", claims(sid=["op-session"]), "sub_sid"),
    ("empty sub beside a sid", claims(sub=""), "sub_sid"),
    ("no jti", claims(jti=None), "jti"),
    ("an ID token", an_id_token, "events"),
    ("no JWT at all", lambda _op, _world: "a.b.c", "malformed"),
]


def _with_null_nonce(op: OidcOp) -> str:
    said = {**jose.peek(op.logout_token()).claims, "nonce": None}
    return compact({"alg": "RS256", "kid": "op-rsa", "typ": "logout+jwt"}, said, op.rsa)


@pytest.mark.parametrize(("make", "reason"), [row[1:] for row in REFUSED], ids=[f"RP-77 {row[0]}" for row in REFUSED])
def test_a_bent_logout_token_ends_nothing(world: World, make: Make, reason: str) -> None:
    world.signed_in("contoso", "op")
    token = make(world.ops["contoso"], world)
    answer = world.assert_refused(lambda: told(world, token), reason, "oidc_rp.logout_rejected")
    assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_request")
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_check_of_the_column_has_its_case() -> None:
    assert {reason for reason, _ in CHECKS} <= {reason for _, _, reason in REFUSED}


@pytest.mark.parametrize(
    ("form", "reason"),
    [({"other": "x"}, "logout_token"), ({"logout_token": ["a", "b"]}, "repeated")],
)
def test_the_request_must_be_one_token_in_a_form(world: World, form: dict[str, Any], reason: str) -> None:
    """RP-77"""
    world.assert_refused(lambda: told(world, None, data=form), reason, "oidc_rp.logout_rejected")


def test_json_is_no_form(world: World) -> None:
    world.assert_refused(lambda: told(world, None, data=None, json={}), "content_type", "oidc_rp.logout_rejected")


def living(world: World, tokens: dict[str, str]) -> bool:
    return world.userinfo(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize("names", [{}, {"sub": "ana-1"}, {"sid": None, "sub": "ana-1"}], ids=["sid", "both", "sub"])
def test_the_upstreams_word_ends_the_session_and_its_tokens(fresh: World, names: dict[str, Any]) -> None:
    held = fresh.tokens("contoso", "op", scope="openid email")
    same_person_elsewhere = fresh.tokens("northwind", "op", scope="openid email")
    answer = told(fresh, fresh.ops["contoso"].logout_token(**names))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert not living(fresh, held)
    assert fresh.refresh(held["refresh_token"]).status_code == 400
    assert living(fresh, same_person_elsewhere), "northwind trusts the same provider: that is its own session"
    ended = [event for event in fresh.events() if event.event == "session.ended"]
    assert [(event.tenant, event.idp, event.reason) for event in ended] == [("contoso", "op", "upstream_logout")]


@pytest.mark.parametrize("names", [{"sid": "another"}, {"sub": "bob"}, {"sid": None, "sub": "bob"}])
def test_whom_it_does_not_name_stays(fresh: World, names: dict[str, Any]) -> None:
    """Both names together must be the session's own (Back-Channel Logout §2.7)."""
    held = fresh.tokens("contoso", "op", scope="openid email")
    assert told(fresh, fresh.ops["contoso"].logout_token(**names)).status_code == 200
    assert living(fresh, held)


def test_a_logout_token_works_once(fresh: World) -> None:
    """RP-77 jti replay: it does not end the session that began since."""
    token = fresh.ops["contoso"].logout_token()
    assert told(fresh, token).status_code == 200
    held = fresh.tokens("contoso", "op", scope="openid email")
    fresh.assert_refused(lambda: told(fresh, token), "replay", "oidc_rp.logout_rejected")
    assert living(fresh, held)


@pytest.mark.parametrize(
    ("tenant", "idp"), [("nobody", "op"), ("contoso", "nothing"), ("contoso", "adfs"), ("fabrikam", "adfs")]
)
def test_what_is_no_openid_provider_of_the_tenant_has_no_such_address(world: World, tenant: str, idp: str) -> None:
    assert told(world, "a.b.c", tenant, idp).status_code == 404
    at = f"/t/{tenant}/oidc/{idp}/frontchannel-logout"
    assert world.browser().get(at, base_url=world.issuer).status_code == 404


def test_another_tenants_provider_ends_nothing_here(fresh: World) -> None:
    held = fresh.tokens("contoso", "op", scope="openid email")
    stranger = fresh.ops["fabrikam"].logout_token()
    fresh.assert_refused(lambda: told(fresh, stranger), "signature", "oidc_rp.logout_rejected")
    assert told(fresh, stranger, "fabrikam").status_code == 200
    assert living(fresh, held)


def test_a_flood_is_turned_away(fresh: World) -> None:
    """RP-78"""
    flood = UpstreamLogout(*_parts(fresh), clock=lambda: 0.0)
    assert all(flood.allowance.spend("contoso", "op") for _ in range(AT_ONCE))
    app = Flask("flood")
    app.register_blueprint(flood.blueprint())
    errors.register(app, fresh.house.pages, fresh.house.record, issuer=fresh.issuer)

    def asked(tenant: str) -> TestResponse:
        return app.test_client().post(f"/t/{tenant}/oidc/op/backchannel-logout", data={"logout_token": "a.b.c"})

    assert (asked("contoso").status_code, fresh.events()[-1].reason) == (429, "logout_flood")
    assert (asked("fabrikam").status_code, fresh.events()[-1].reason) == (400, "malformed"), "nobody else suffers"


def _parts(world: World) -> tuple[Any, ...]:
    house = world.house
    return (house.live, house.store, house.connectors, house.signout, house.pages)


def test_an_allowance_grows_again() -> None:
    now = [0.0]
    allowance = Allowance(lambda: now[0], per_second=1, at_once=2)
    assert [allowance.spend("a", "op") for _ in range(3)] == [True, True, False]
    assert allowance.spend("b", "op")
    now[0] = 1.0
    assert [allowance.spend("a", "op") for _ in range(2)] == [True, False]


def front(world: World, **query: str) -> TestResponse:
    return world.browser().get("/t/contoso/oidc/op/frontchannel-logout", base_url=world.issuer, query_string=query)


def test_the_front_channel_ends_the_session_it_names(fresh: World) -> None:
    held = fresh.tokens("contoso", "op", scope="openid email")
    answer = front(fresh, iss=fresh.ops["contoso"].issuer, sid="op-session")
    assert answer.status_code == 200
    assert f"frame-ancestors https: {fresh.ops['contoso'].issuer};" in answer.headers["Content-Security-Policy"]
    assert not living(fresh, held)


def test_the_front_channel_does_nothing_for_strangers(fresh: World) -> None:
    """RP-79: foreign sid, foreign iss, one of the two alone; the answer looks the same."""
    held = fresh.tokens("contoso", "op", scope="openid email")
    ours, theirs = fresh.ops["contoso"].issuer, fresh.ops["fabrikam"].issuer
    asked: list[dict[str, str]] = [
        {"iss": ours, "sid": "another"},
        {"iss": theirs, "sid": "op-session"},
        {"iss": ours},
        {"sid": "op-session"},
        {},
    ]
    answers = {front(fresh, **query).text for query in asked}
    assert len(answers) == 1
    assert living(fresh, held)
