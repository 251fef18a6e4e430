"""RP-80 and a disabled account: a session is worth no more than its upstream's word, and that word has an age."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from broker import jose
from broker.connectors.oidc import renewal
from broker.connectors.oidc.renewal import CHECKS
from broker.renewal import BUSY
from tests.attacks.world import World, query
from tests.idps.oidc_op import OidcOp

HOUR = 3600
SIX_REQUESTS = 6 * (5 + 1)  # seconds: what a vouching may ask for, and the wait before each
REFRESH = {"upstream_refresh": {"max_age": "1h", "outage": "2h"}}


@pytest.fixture
def asking(fresh: World) -> World:
    fresh.idp("contoso", "op").update(REFRESH)
    fresh.apply()
    return fresh


def op_of(world: World) -> OidcOp:
    return world.ops["contoso"]


def later(world: World, seconds: int) -> None:
    """For the broker and its upstream; what the upstream published meanwhile stays fresh enough."""
    world.clock.ahead += seconds
    op_of(world)._clock = world.clock


@pytest.fixture(autouse=True)
def well_again(providers: dict[str, OidcOp]) -> Any:
    op = providers["contoso"]
    clock = op._clock
    yield
    op._clock = clock
    op.disabled.clear()


def refreshes(world: World) -> int:
    return sum(1 for path, form, _ in op_of(world).seen if path == "/token" and form["grant_type"] == "refresh_token")


def checked_at(token: str) -> object:
    return jose.peek(token).claims.get("upstream_checked_at")


def reasons(world: World) -> list[str | None]:
    return [event.reason for event in world.events() if event.event == "session.ended"]


def test_a_young_session_asks_nobody_and_the_token_says_when_it_was_checked(asking: World) -> None:
    held = asking.tokens("contoso", "op", scope="openid")
    before = checked_at(held["access_token"])
    assert before == pytest.approx(asking.clock(), abs=30)
    later(asking, HOUR - 60)
    second = asking.refresh(held["refresh_token"]).json or {}
    assert (checked_at(second["access_token"]), refreshes(asking)) == (before, 0)


def test_an_old_one_is_vouched_for_again_each_time_with_the_newest_token(asking: World) -> None:
    held = asking.tokens("contoso", "op", scope="openid")
    for count in (1, 2, 3):
        later(asking, HOUR)
        answer = asking.refresh(held["refresh_token"])
        assert answer.status_code == 200, answer.text
        held = answer.json or {}
        assert checked_at(held["access_token"]) == pytest.approx(asking.clock(), abs=30)
        assert refreshes(asking) == count
    assert [event.event for event in asking.events()].count("session.checked") == 3


def test_without_the_setting_nobody_is_asked_and_tokens_say_nothing(fresh: World) -> None:
    held = fresh.tokens("contoso", "op", scope="openid")
    later(fresh, 2 * HOUR)
    second = fresh.refresh(held["refresh_token"]).json or {}
    assert (checked_at(second["access_token"]), refreshes(fresh)) == (None, 0)


@pytest.mark.parametrize("scope", ["openid", "openid offline_access"])
def test_a_disabled_account_loses_session_and_tokens(asking: World, scope: str) -> None:
    """Offline grants too: they outlive a session, not a person's leaving."""
    held = asking.tokens("contoso", "op", scope=scope)
    later(asking, HOUR)
    op_of(asking).disabled.add("ana-1")
    answer = asking.refresh(held["refresh_token"])
    assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_grant")
    assert reasons(asking) == ["upstream_refresh_denied"]
    assert asking.events()[-1].reason == "upstream_ended"
    op_of(asking).disabled.clear()
    assert asking.refresh(held["refresh_token"]).status_code == 400
    assert asking.events()[-1].reason == "grant_revoked"


def test_an_offline_grant_is_vouched_for_after_its_session_ended(asking: World) -> None:
    held = asking.tokens("contoso", "op", scope="openid offline_access")
    (session,) = asking.house.store.of("contoso").sessions_at("op")
    asking.house.signout.end(asking.house.live(), [session])
    later(asking, HOUR)
    answer = asking.refresh(held["refresh_token"])
    assert (answer.status_code, refreshes(asking)) == (200, 1)
    later(asking, HOUR)
    op_of(asking).disabled.add("ana-1")
    assert asking.refresh((answer.json or {})["refresh_token"]).status_code == 400


def test_single_sign_on_goes_back_to_the_upstream_for_a_disabled_account(asking: World) -> None:
    browser, _ = asking.signed_in("contoso", "op")
    later(asking, HOUR)
    again = asking.authorize(browser, tenant="contoso", idp="op")
    assert "code" in query(again.headers["Location"]), "vouched for"
    later(asking, HOUR)
    op_of(asking).disabled.add("ana-1")
    location = asking.authorize(browser, tenant="contoso", idp="op").headers["Location"]
    assert location.startswith(f"{op_of(asking).issuer}/authorize")
    silent = asking.authorize(browser, tenant="contoso", idp="op", prompt="none").headers["Location"]
    assert query(silent)["error"] == "login_required"


CHANGED: list[tuple[str, dict[str, Any], str]] = [
    ("other sub", {"sub": "bob"}, "sub"),
    ("other iss", {"iss": "https://evil.example"}, "iss"),
    ("other aud", {"aud": "somebody-else"}, "aud"),
    ("other azp", {"azp": "somebody-else"}, "azp"),
    ("expired", {"exp": 1}, "exp"),
    ("issued long ago", {"iat": 1}, "iat"),
    ("another sign-in", {"auth_time": 5}, "auth_time"),
]


@pytest.mark.parametrize(
    ("changed", "reason"), [row[1:] for row in CHANGED], ids=[f"RP-80 {row[0]}" for row in CHANGED]
)
def test_an_id_token_about_something_else_ends_the_session(asking: World, changed: dict[str, Any], reason: str) -> None:
    held = asking.tokens("contoso", "op", scope="openid")
    later(asking, HOUR)
    op_of(asking).switches.refreshed = changed
    assert asking.refresh(held["refresh_token"]).status_code == 400
    assert reasons(asking) == [f"upstream_{reason}"]


def test_every_check_of_the_column_has_its_case() -> None:
    assert {reason for reason, _ in CHECKS} == {reason for _, _, reason in CHANGED}


def test_an_answer_without_id_token_is_good(asking: World) -> None:
    """OpenID Connect Core §12.2: it might not contain one."""
    held = asking.tokens("contoso", "op", scope="openid")
    later(asking, HOUR)
    op_of(asking).switches.refresh_as = (200, "application/json", b'{"access_token":"a","token_type":"Bearer"}')
    assert asking.refresh(held["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    "silence",
    [
        (503, "text/plain", b"down"),
        (400, "application/json", b'{"error":"temporarily_unavailable"}'),
        (401, "application/json", b'{"error":"invalid_client"}'),
        (200, "text/html", b"<html>"),
    ],
    ids=["down", "busy", "our fault", "garbage"],
)
def test_a_silent_upstream_ends_nothing_until_the_bound(asking: World, silence: tuple[int, str, bytes]) -> None:
    held = asking.tokens("contoso", "op", scope="openid")
    op_of(asking).switches.refresh_as = silence
    later(asking, 3 * HOUR - 60)
    answer = asking.refresh(held["refresh_token"])
    assert answer.status_code == 200, answer.text
    later(asking, 120)
    assert asking.refresh((answer.json or {})["refresh_token"]).status_code == 400
    assert reasons(asking) == ["upstream_unavailable"]


def test_an_upstream_that_was_silent_is_left_alone_for_a_moment(asking: World) -> None:
    held = asking.tokens("contoso", "op", scope="openid")
    op_of(asking).switches.down = {"/token"}
    later(asking, HOUR)
    for _ in range(3):
        held = asking.refresh(held["refresh_token"]).json or {}
    assert refreshes(asking) == 1


def test_a_rotated_refresh_token_outlives_an_answer_that_nobody_can_verify_yet(asking: World) -> None:
    """The upstream rotates, and its keys are away: nothing is believed, and the next one asks with the new token."""
    op = op_of(asking)
    held = asking.tokens("contoso", "op", scope="openid")
    later(asking, HOUR)
    op.switches.down = {"/jwks"}
    asking.forget_providers()
    held = asking.refresh(held["refresh_token"]).json or {}
    assert (checked_at(held["access_token"]), refreshes(asking)) == (pytest.approx(asking.clock() - HOUR, abs=30), 1)
    op.switches.down = set()
    later(asking, BUSY + 60)
    held = asking.refresh(held["refresh_token"]).json or {}
    assert (checked_at(held["access_token"]), refreshes(asking)) == (pytest.approx(asking.clock(), abs=30), 2)


def test_a_caller_that_takes_long_is_not_overtaken(asking: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another node finds the token claimed for as long as all requests of one vouching can take."""
    asking.tokens("contoso", "op", scope="openid")
    (session,) = asking.house.store.of("contoso").sessions_at("op")
    later(asking, HOUR)
    ask, overtaken = renewal.ask, list[bool]()

    def slow(*given: Any) -> renewal.Renewed:
        asking.clock.ahead += SIX_REQUESTS
        overtaken.append(asking.house.renewal.stands(asking.house.live(), session))
        return ask(*given)

    monkeypatch.setattr(renewal, "ask", slow)
    assert asking.house.renewal.stands(asking.house.live(), session)
    assert (overtaken, refreshes(asking)) == ([True], 1)


def test_an_upstream_that_gave_nothing_to_ask_with_ends_the_session_in_time(asking: World) -> None:
    op_of(asking).switches.token = {"refresh_token": None}
    held = asking.tokens("contoso", "op", scope="openid")
    later(asking, HOUR - 60)
    held = asking.refresh(held["refresh_token"]).json or {}
    later(asking, 60)
    assert asking.refresh(held["refresh_token"]).status_code == 400
    assert reasons(asking) == ["upstream_unchecked"]


def test_of_many_callers_one_asks(asking: World) -> None:
    """Single flight: an upstream that rotates would take a second use for a theft."""
    _, code = asking.signed_in("contoso", "op", scope="openid")
    assert asking.redeem(code).status_code == 200
    (session,) = asking.house.store.of("contoso").sessions_at("op")
    later(asking, HOUR)
    with ThreadPoolExecutor(8) as threads:
        stands = list(threads.map(lambda _: asking.house.renewal.stands(asking.house.live(), session), range(16)))
    assert (stands, refreshes(asking)) == ([True] * 16, 1)


@pytest.mark.parametrize("twist", ["stranger's client", "unknown token"])
def test_a_token_that_is_not_good_asks_no_upstream(asking: World, twist: str) -> None:
    held = asking.tokens("contoso", "op", scope="openid")
    later(asking, HOUR)
    if twist == "unknown token":
        answer = asking.refresh(held["refresh_token"][:-1])
    else:
        answer = asking.refresh(held["refresh_token"], "spa")
    assert (answer.status_code, refreshes(asking)) == (400, 0)


def test_what_one_upstream_gave_is_never_shown_to_another(asking: World) -> None:
    """The IdP now points elsewhere: nobody there sees the refresh token, and the session answers no more."""
    held = asking.tokens("contoso", "op", scope="openid")
    later(asking, HOUR)
    asking.idp("contoso", "op")["issuer"] = asking.ops["fabrikam"].issuer
    asking.apply()
    assert asking.refresh(held["refresh_token"]).status_code == 400
    assert asking.events()[-1].reason == "upstream_changed"
    assert [path for path, _, _ in asking.ops["fabrikam"].seen] == []


@pytest.mark.parametrize(
    ("change", "reason"), [({"state": "suspended"}, "tenant_suspended"), ({"enabled": False}, "idp_disabled")]
)
def test_what_may_not_be_used_asks_no_upstream(asking: World, change: dict[str, Any], reason: str) -> None:
    held = asking.tokens("contoso", "op", scope="openid")
    later(asking, HOUR)
    (asking.tenants["contoso"] if "state" in change else asking.idp("contoso", "op")).update(change)
    asking.apply()
    assert asking.refresh(held["refresh_token"]).status_code == 400
    assert (asking.events()[-1].reason, refreshes(asking)) == (reason, 0)
