"""What a tenant asks of a sign-in holds at every entry, from the moment that it is live, also for what is half way."""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from broker import jose
from tests.attacks.world import UnderWay, World, code_of, query

MULTIPLE = "http://schemas.microsoft.com/claims/multipleauthn"
REFERENCES = "http://schemas.microsoft.com/claims/authnmethodsreferences"


def never() -> dict[str, Any]:
    """Hours on a day that is not today, nor near it."""
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    today = datetime.fromtimestamp(time.time(), UTC).weekday()
    return {"days": [names[(today + 3) % 7]], "from": "00:00", "to": "24:00", "timezone": "UTC"}


POLICIES: dict[str, dict[str, Any]] = {
    "mfa_missing": {"require_mfa": True},
    "outside_hours": {"hours": never()},
    "client_not_allowed": {"allowed_clients": ["spa"]},
}
TOWARDS_WEB = {"mfa_missing": {"require_mfa": True}, "outside_hours": {"hours": never()}}


@dataclass
class Before:
    """Everything that somebody may hold when the policy becomes stricter."""

    world: World
    signed_in: FlaskClient
    code: str
    tokens: dict[str, str]
    oidc: UnderWay
    parked: tuple[UnderWay, str]


@pytest.fixture
def before(fresh: World) -> Before:
    browser, code = fresh.signed_in("contoso", "op")
    parked = fresh.begin("contoso", "adfs")
    location = parked.answer().headers["Location"]
    tokens = fresh.tokens("contoso", "op")
    return Before(fresh, browser, code, tokens, fresh.begin("contoso", "op"), (parked, location))


def ask(world: World, **policy: Any) -> None:
    world.tenants["contoso"]["sign_in"] = policy
    world.apply()


def several(world: World, *methods: str) -> None:
    """What contoso's provider says from now on about how somebody signed in."""
    world.ops["contoso"].switches.claims = {"amr": list(methods)}


def asked_of(under_way: UnderWay) -> dict[str, str]:
    return query(under_way.url)


@pytest.mark.parametrize("reason", POLICIES)
def test_each_entry_refuses_with_the_reason(before: Before, reason: str) -> None:
    """Contract section 3: refresh, single sign-on and userinfo run the current revision."""
    world = before.world
    ask(world, **POLICIES[reason])
    _assert_each_entry_refuses(before, reason, before_the_trip=reason != "mfa_missing")


@pytest.mark.parametrize("reason", TOWARDS_WEB)
def test_what_is_stricter_towards_one_client_holds_there_alone(before: Before, reason: str) -> None:
    world = before.world
    ask(world, clients={"web": TOWARDS_WEB[reason]})
    _assert_each_entry_refuses(before, reason, before_the_trip=reason != "mfa_missing")
    assert world.begin("contoso", "op", "spa").finish()


def _assert_each_entry_refuses(before: Before, reason: str, *, before_the_trip: bool) -> None:
    world = before.world
    parked, location = before.parked
    silent = lambda: world.authorize(before.signed_in, tenant="contoso", idp="op", prompt="none")  # noqa: E731
    if before_the_trip:
        act = lambda: world.authorize(world.browser(), tenant="contoso", idp="op")  # noqa: E731
        world.assert_refused(act, reason, "authorize.rejected")
        act = lambda: world.authorize(before.signed_in, tenant="contoso", idp="op")  # noqa: E731
        world.assert_refused(act, reason, "authorize.rejected")
        world.assert_refused(silent, "no_session", "authorize.rejected")
    else:
        again = world.authorize(before.signed_in, tenant="contoso", idp="op")
        assert again.headers["Location"].startswith(world.ops["contoso"].issuer), "single sign-on steps up"
        response = world.assert_refused(silent, reason, "authorize.rejected")
        assert query(response.headers["Location"])["error"] == "login_required"
    response = world.assert_refused(before.oidc.answer, reason, "sign_in.denied")
    assert query(response.headers["Location"])["error"] == "access_denied"
    held = world.issued()
    response = world.visit(parked.browser, location)
    assert query(response.headers["Location"])["error"] == "access_denied"
    assert (world.events()[-1].event, world.events()[-1].reason) == ("sign_in.denied", reason)
    assert world.issued() < held, "the parked answer is gone, and nothing came for it"
    for act, event, error in _later(before):
        response = world.assert_refused(act, reason, event)
        assert (response.json or {})["error"] == error
    assert (world.redeem(before.code).json or {})["error"] == "invalid_grant"
    assert world.events()[-1].reason == reason


def _later(before: Before) -> list[tuple[Callable[[], Any], str, str]]:
    world, tokens = before.world, before.tokens
    return [
        (lambda: world.refresh(tokens["refresh_token"]), "token.rejected", "invalid_grant"),
        (lambda: world.userinfo(tokens["access_token"]), "userinfo.rejected", "invalid_token"),
    ]


def test_who_used_several_factors_passes_every_entry_and_is_not_asked_twice(fresh: World) -> None:
    """No second prompt: the provider is asked once, with nothing that makes it authenticate anew."""
    several(fresh, "pwd", "otp")
    ask(fresh, require_mfa=True)
    under_way = fresh.begin("contoso", "op")
    assert not {"prompt", "max_age"} & set(asked_of(under_way))
    code = under_way.finish()
    tokens = fresh.redeem(code).json or {}
    assert jose.peek(tokens["access_token"]).claims["amr"] == ["pwd", "otp"]
    assert fresh.userinfo(tokens["access_token"]).status_code == 200
    assert fresh.refresh(tokens["refresh_token"]).status_code == 200
    assert code_of(fresh.authorize(under_way.browser, tenant="contoso", idp="op"))


def test_saml_evidence_is_asked_for_and_found(fresh: World) -> None:
    """AD FS: RequestedAuthnContext asks, the attribute answers; SM-45: a password alone does not."""
    fresh.idp("contoso", "adfs")["vendor"] = "adfs"
    ask(fresh, require_mfa=True)
    under_way = fresh.begin("contoso", "adfs")
    assert MULTIPLE in _saml_request(under_way)
    weak = under_way.answer()
    response = fresh.visit(under_way.browser, weak.headers["Location"])
    assert fresh.events()[-1].reason == "mfa_missing"
    assert REFERENCES in query(response.headers["Location"])["error_description"], "what its admin must change"
    strong = fresh.begin("contoso", "adfs")
    attribute = f'<saml:Attribute Name="{REFERENCES}"><saml:AttributeValue>{MULTIPLE}</saml:AttributeValue>'
    assert strong.finish(strong.honest(attributes=f"{attribute}</saml:Attribute>"))


def test_without_the_policy_nothing_is_asked(fresh: World) -> None:
    """T5: on AD FS a requested class ends silent sign-on by Kerberos."""
    fresh.idp("contoso", "adfs")["vendor"] = "adfs"
    fresh.apply()
    assert "RequestedAuthnContext" not in _saml_request(fresh.begin("contoso", "adfs"))


def test_entra_is_asked_for_the_context_that_means_several_factors(fresh: World) -> None:
    """RP-53: silence is not a yes, whatever `amr` says."""
    fresh.idp("contoso", "op")["mfa"] = {"acrs": ["c1"]}
    ask(fresh, require_mfa=True)
    several(fresh, "pwd", "mfa")
    under_way = fresh.begin("contoso", "op")
    assert asked_of(under_way)["claims"] == '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}'
    fresh.assert_refused(under_way.answer, "mfa_missing", "sign_in.denied")
    fresh.ops["contoso"].switches.claims = {"acrs": ["c1"]}
    assert fresh.begin("contoso", "op").finish()


def test_a_second_factor_steps_the_session_up(fresh: World) -> None:
    """The same person keeps the sid: what lives with the session goes on, and single sign-on works again."""
    browser, code = fresh.signed_in("contoso", "op", scope="openid")
    tokens = fresh.redeem(code).json or {}
    ask(fresh, require_mfa=True)
    fresh.assert_refused(lambda: fresh.refresh(tokens["refresh_token"]), "mfa_missing", "token.rejected")
    several(fresh, "mfa")
    assert fresh.begin("contoso", "op", browser=browser).finish()
    assert fresh.refresh(tokens["refresh_token"]).status_code == 200, "a refused token was not used up"
    assert code_of(fresh.authorize(browser, tenant="contoso", idp="op"))


def test_a_tenant_s_max_age_is_asked_upstream_and_looked_at_here(fresh: World) -> None:
    ask(fresh, clients={"web": {"max_age": "15m"}})
    first = fresh.begin("contoso", "op")
    assert asked_of(first)["max_age"] == "900"
    assert first.finish()
    assert code_of(fresh.authorize(first.browser, tenant="contoso", idp="op"))
    fresh.clock.ahead = 16 * 60
    response = fresh.authorize(first.browser, tenant="contoso", idp="op")
    assert response.headers["Location"].startswith(fresh.ops["contoso"].issuer)
    silent = lambda: fresh.authorize(first.browser, tenant="contoso", idp="op", prompt="none")  # noqa: E731
    fresh.assert_refused(silent, "max_age", "authorize.rejected")
    assert code_of(fresh.authorize(first.browser, "spa", tenant="contoso", idp="op")), "another client may"


def test_a_provider_that_ignores_the_age_is_caught(fresh: World) -> None:
    """OIDC Core §3.1.3.7 (13)"""
    ask(fresh, max_age="15m")
    under_way = fresh.begin("contoso", "op")
    fresh.ops["contoso"].switches.claims = {"auth_time": int(time.time()) - 3600}
    fresh.assert_refused(under_way.answer, "auth_time", "oidc_rp.rejected")


def test_the_age_that_the_application_asks_for_can_only_be_shortened(fresh: World) -> None:
    ask(fresh, max_age="15m")
    assert asked_of(fresh.begin("contoso", "op", max_age="60"))["max_age"] == "60"
    assert asked_of(fresh.begin("contoso", "op", max_age="9999"))["max_age"] == "900"


def test_roles_that_the_tenant_does_not_allow_never_reach_a_token(fresh: World) -> None:
    tokens = fresh.tokens("contoso", "op")
    assert jose.peek(tokens["access_token"]).claims["roles"] == ["viewer"]
    ask(fresh, clients={"web": {"allowed_roles": []}})
    renewed = fresh.refresh(tokens["refresh_token"]).json or {}
    assert jose.peek(renewed["access_token"]).claims["roles"] == []
    assert (fresh.userinfo(renewed["access_token"]).json or {})["roles"] == []


def test_lifetimes_are_the_shorter_of_tenant_and_deployment(fresh: World) -> None:
    ask(fresh, lifetimes={"access_token": "1m", "id_token": "2m", "refresh_token": "1h"})
    tokens: dict[str, Any] = dict(fresh.tokens("contoso", "op", scope="openid offline_access"))
    assert tokens["expires_in"] == 60
    lives = {name: jose.peek(tokens[name]).claims for name in ("access_token", "id_token")}
    assert {name: claims["exp"] - claims["iat"] for name, claims in lives.items()} == {
        "access_token": 60,
        "id_token": 120,
    }
    fresh.clock.ahead = 3601
    fresh.assert_refused(lambda: fresh.refresh(tokens["refresh_token"]), "refresh_expired", "token.rejected")


def test_a_shorter_refresh_lifetime_holds_for_what_was_given_before(fresh: World) -> None:
    tokens = fresh.tokens("contoso", "op", scope="openid offline_access")
    ask(fresh, lifetimes={"refresh_token": "1h"})
    fresh.clock.ahead = 3590
    renewed = fresh.refresh(tokens["refresh_token"]).json or {}
    fresh.clock.ahead = 3610
    fresh.assert_refused(lambda: fresh.refresh(renewed["refresh_token"]), "refresh_expired", "token.rejected")


def test_portal_answers_obey_the_policy_too(fresh: World) -> None:
    """What nobody asked for opens no session that the tenant would not have."""
    ask(fresh, require_mfa=True)
    under_way = fresh.begin("contoso", "adfs-portal")
    context = under_way.context(request_id=None, relay_state=None)
    answer = context.post(context.signed("both", in_response_to=None, inner_in_response_to=None))
    landed = under_way.answer(answer)
    before = fresh.issued()
    fresh.visit(under_way.browser, landed.headers["Location"])
    assert (fresh.events()[-1].event, fresh.events()[-1].reason) == ("sign_in.denied", "mfa_missing")
    assert fresh.issued() <= before


def _saml_request(under_way: UnderWay) -> str:
    return zlib.decompress(base64.b64decode(asked_of(under_way)["SAMLRequest"]), -15).decode()
