"""Guests (contract section 5): who comes in, as what, for how long, and that nothing else crosses."""

from __future__ import annotations

from typing import Any

import pytest

from broker import jose
from tests.attacks.setting import APP_SECRET
from tests.attacks.tenancy import guests
from tests.attacks.tenancy.guests import asked, host, remove_entry, replace_entry, said, tokens, vouch
from tests.attacks.world import World, code_of

NOT_A_GUEST = "You are not a guest of this organisation."
DAY = 86400


@pytest.fixture
def hosted(fresh: World) -> World:
    return host(fresh, until="2099-06-30")


def turned_away(world: World, reason: str) -> None:
    """After the sign-in at home; nobody learns which of the conditions was missing."""
    under_way = asked(world)
    answer = under_way.honest()
    response = world.assert_refused(lambda: under_way.answer(answer), reason, "sign_in.denied", tenant="fabrikam")
    assert NOT_A_GUEST.replace(" ", "+") in response.headers["Location"]
    assert world.events()[-1].detail == {"detail": "active tenant contoso, home tenant fabrikam"}


def test_guest_speaks_for_the_host_with_the_roles_of_the_entry_alone(hosted: World) -> None:
    """TN-02, TN-03: of the home tenant's rules nothing crosses, neither roles nor claims."""
    got = tokens(hosted, scope="openid profile email offline_access")
    for claims in (jose.peek(got["id_token"]).claims, said(got), hosted.userinfo(got["access_token"]).json or {}):
        assert (claims["tenant"], claims["roles"], claims["idp"]) == ("contoso", ["auditor"], "op")
        assert "department" not in claims
    id_token = jose.peek(got["id_token"]).claims
    assert (id_token["name"], id_token["email"], id_token["email_verified"]) == ("Bob", guests.BOB, True)
    assert id_token["home_tenant"] == said(got)["home_tenant"] == "fabrikam"


def introspected(world: World, token: str) -> dict[str, Any]:
    form = {"client_id": "web", "client_secret": APP_SECRET, "token": token}
    response = world.browser().post("/introspect", base_url=world.issuer, data=form)
    assert response.status_code == 200, response.text
    return dict(response.json or {})


def test_introspection_tells_of_a_guest_what_the_host_says_alone(hosted: World) -> None:
    got = tokens(hosted)
    told = introspected(hosted, got["access_token"])
    assert (told["active"], told["tenant"], told["home_tenant"]) == (True, "contoso", "fabrikam")
    assert (told["roles"], told["idp"], told["sub"]) == (["auditor"], "op", said(got)["sub"])
    assert "department" not in told
    assert introspected(hosted, got["refresh_token"])["active"] is True
    hosted.clients["web"]["roles"] = ["viewer"]
    hosted.apply()
    assert introspected(hosted, got["access_token"]) == told | {"roles": []}


@pytest.mark.parametrize(
    "change", ["entry removed", "another entry", "guests kept in", "home suspended", "host suspended"]
)
def test_introspection_says_nothing_of_who_is_no_guest_any_more(hosted: World, change: str) -> None:
    got = tokens(hosted)
    tenants = hosted.tenants
    {
        "entry removed": lambda: tenants["contoso"].update(guests=[]),
        "another entry": lambda: tenants["contoso"]["guests"][0].update(roles=["viewer"]),
        "guests kept in": lambda: tenants["fabrikam"].update(guests_out=False),
        "home suspended": lambda: tenants["fabrikam"].update(state="suspended"),
        "host suspended": lambda: tenants["contoso"].update(state="suspended"),
    }[change]()
    hosted.apply()
    for token in (got["access_token"], got["refresh_token"]):
        assert introspected(hosted, token) == {"active": False}


def test_both_tenants_audit_says_who_came(hosted: World) -> None:
    known = len(hosted.events())
    tokens(hosted)
    told = {event.event: event for event in hosted.events()[known:]}
    assert (told["sign_in.completed"].tenant, told["sign_in.completed"].detail) == (
        "fabrikam",
        {"active_tenant": "contoso"},
    )
    host_s = told["guest.admitted"]
    assert (host_s.tenant, host_s.detail, host_s.client_id) == ("contoso", {"home_tenant": "fabrikam"}, "web")


def test_at_home_the_guest_is_somebody_else(hosted: World) -> None:
    """TN-17, TN-36: two grants of one person, each of its own tenant for good."""
    guest, home = tokens(hosted), hosted.tokens("fabrikam", "op")
    assert (said(home)["tenant"], said(home)["roles"], said(home)["department"]) == (
        "fabrikam",
        ["viewer"],
        "Secret Projects",
    )
    assert said(home)["sub"] == said(guest)["sub"]
    for held, tenant in ((guest, "contoso"), (home, "fabrikam")):
        renewed = hosted.post_token(
            "web", grant_type="refresh_token", refresh_token=held["refresh_token"], tenant="northwind"
        )
        assert said(renewed)["tenant"] == tenant


@pytest.mark.parametrize(("claims", "reason"), [
    ({"email_verified": False}, "guest_email"),
    ({"email_verified": None}, "guest_email"),
    ({"email": "bob@contoso.com"}, "guest_email"),
    ({"email": "bob@sub.fabrikam.com"}, "guest_email"),
    ({"email": None, "email_verified": None}, "guest_email"),
    ({"email": "mallory@fabrikam.com"}, "not_a_guest"),
], ids=str)  # fmt: skip
def test_only_the_proven_address_of_the_entry_comes_in(hosted: World, claims: dict[str, Any], reason: str) -> None:
    """TN-01 across tenants."""
    vouch(hosted, **claims)
    turned_away(hosted, reason)


def test_entry_is_its_first_person_s_until_the_operator_replaces_it(hosted: World) -> None:
    first = tokens(hosted)
    vouch(hosted, sub="somebody with the same mailbox")
    turned_away(hosted, "guest_bound")
    vouch(hosted)
    assert said(tokens(hosted))["sub"] == said(first)["sub"]
    replace_entry(hosted, until="2098-06-30")
    vouch(hosted, sub="somebody with the same mailbox")
    second = tokens(hosted)
    assert said(second)["sub"] != said(first)["sub"]
    vouch(hosted)
    turned_away(hosted, "guest_bound")


def test_entry_that_was_removed_and_stands_again_is_nobody_s(hosted: World) -> None:
    first = tokens(hosted)
    entry = hosted.tenants["contoso"]["guests"]
    remove_entry(hosted)
    hosted.tenants["contoso"]["guests"] = entry
    hosted.apply()
    hosted.assert_refused(
        lambda: hosted.refresh(first["refresh_token"]), "grant_revoked", "token.rejected", tenant="contoso"
    )
    vouch(hosted, sub="somebody with the same mailbox")
    assert said(tokens(hosted))["sub"] != said(first)["sub"]


def test_removed_entry_ends_refresh_userinfo_introspection_and_single_sign_on(hosted: World) -> None:
    under_way = asked(hosted)
    got = hosted.redeem(under_way.finish()).json or {}
    again = hosted.authorize(under_way.browser, tenant="contoso", prompt="none")
    assert code_of(again)
    assert introspected(hosted, got["access_token"])["active"]
    assert introspected(hosted, got["refresh_token"])["active"]
    remove_entry(hosted)
    assert introspected(hosted, got["access_token"]) == {"active": False}
    assert introspected(hosted, got["refresh_token"]) == {"active": False}
    refused = hosted.refresh(got["refresh_token"])
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_grant")
    assert hosted.userinfo(got["access_token"]).status_code == 401
    silent = hosted.authorize(under_way.browser, tenant="contoso", prompt="none")
    assert "error=" in silent.headers["Location"]
    hosted.assert_refused(
        lambda: hosted.authorize(hosted.browser(), tenant="contoso", login_hint=guests.BOB),
        "not_a_guest",
        "authorize.rejected",
    )


def test_changed_roles_are_another_entry_and_need_another_sign_in(hosted: World) -> None:
    under_way = asked(hosted)
    got = hosted.redeem(under_way.finish()).json or {}
    replace_entry(hosted, roles=["viewer"])
    assert hosted.refresh(got["refresh_token"]).status_code == 400
    assert said(hosted.redeem(asked(hosted, under_way.browser).finish()))["roles"] == ["viewer"]


def test_entry_is_over_after_its_last_day(fresh: World) -> None:
    host(fresh, until="2027-06-30")
    got = tokens(fresh, scope="openid offline_access")
    fresh.tenants["contoso"]["guests"].append({"home_tenant": "fabrikam", "email": "zoe@fabrikam.com"})
    fresh.clock.ahead = 300 * DAY
    vouch(fresh, iat=int(fresh.clock()), exp=int(fresh.clock()) + 300, auth_time=int(fresh.clock()))
    fresh.assert_refused(
        lambda: fresh.authorize(fresh.browser(), tenant="contoso", login_hint=guests.BOB),
        "guest_until",
        "authorize.rejected",
    )
    assert fresh.refresh(got["refresh_token"]).status_code == 400


def test_home_tenant_that_lets_nobody_out_and_one_that_is_suspended(hosted: World) -> None:
    """TN-29."""
    got = tokens(hosted)
    begin = lambda: hosted.authorize(hosted.browser(), tenant="contoso", login_hint=guests.BOB)  # noqa: E731 - read late
    for changed, reason in (({"guests_out": False}, "guests_out"), ({"state": "suspended"}, "tenant_suspended")):
        hosted.tenants["fabrikam"] |= changed
        hosted.apply()
        refused = hosted.refresh(got["refresh_token"])
        assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_grant")
        assert hosted.events()[-1].reason == reason
        answer = begin()
        assert "code" not in answer.headers.get("Location", "")
        hosted.tenants["fabrikam"]["guests_out"] = True


def test_what_the_home_tenant_denies_is_denied_to_its_guests(hosted: World) -> None:
    vouch(hosted, job_title="former")
    under_way = asked(hosted)
    answer = under_way.honest()
    hosted.assert_refused(lambda: under_way.answer(answer), "rule_denied", "sign_in.denied", tenant="fabrikam")


@pytest.mark.parametrize("strict", ["contoso", "fabrikam"])
def test_the_stricter_of_both_policies_wins(hosted: World, strict: str) -> None:
    hosted.tenants[strict]["sign_in"] = {"require_mfa": True}
    hosted.apply()
    under_way = asked(hosted)
    answer = under_way.honest()
    hosted.assert_refused(lambda: under_way.answer(answer), "mfa_missing", "sign_in.denied", tenant="fabrikam")
    vouch(hosted, amr=["pwd", "mfa"])
    assert said(tokens(hosted))["roles"] == ["auditor"]


def test_application_of_the_host_alone_is_open_to_its_guests(hosted: World) -> None:
    assert said(tokens(hosted, "only-contoso"))["tenant"] == "contoso"
