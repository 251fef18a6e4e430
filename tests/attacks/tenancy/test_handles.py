"""Codes, refresh tokens, access tokens, cookies and ids in hands they were not given to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import TestResponse

from tests.attacks.world import CALLBACK, World, code_of, query

THREADS = 20


def test_code_belongs_to_one_client(world: World) -> None:
    """TK-03, TN-17: and whoever tries it burns it."""
    _, code = world.signed_in("contoso", "op", "web")
    refused = world.redeem(code, "only-contoso")
    assert (refused.json or {})["error"] == "invalid_grant"
    assert (refused.json or {})["error_description"].split("(ref ")[1].startswith(newest(world).reference)
    assert (newest(world).reason, newest(world).tenant) == ("code_client", "contoso")
    assert (world.redeem(code, "web").json or {})["error"] == "invalid_grant"
    assert newest(world).reason == "code_unknown"


@pytest.mark.parametrize("client_id", ["only-contoso", "spa"])
def test_refresh_token_belongs_to_one_client(world: World, client_id: str) -> None:
    """TK-23: the thief is refused, and its owner goes on undisturbed."""
    token = world.tokens("fabrikam", "op", "web")["refresh_token"]
    refused = lambda: world.refresh(token, client_id)  # noqa: E731
    world.assert_refused(refused, "refresh_client", "token.rejected", tenant="fabrikam")
    assert world.refresh(token, "web").status_code == 200


def test_handle_of_one_kind_opens_nothing_of_another(world: World) -> None:
    """TK-04, TK-06, WB-41: names of transactions, codes, cookies, refresh and access tokens are five things."""
    under_way = world.begin("contoso", "adfs")
    browser, code = world.signed_in("contoso", "op")
    cookie = next(cookie.value for cookie in (browser._cookies or {}).values() if cookie.key == "session")
    tokens = world.tokens("contoso", "op")
    for handle in (under_way.name, cookie, tokens["refresh_token"], tokens["access_token"], code[:-1], code + "A"):
        world.assert_refused(lambda h=handle: world.redeem(h), "code_unknown", "token.rejected", tenant=None)
    for handle in (under_way.name, cookie, code, tokens["access_token"]):
        world.assert_refused(lambda h=handle: world.refresh(h), "refresh_unknown", "token.rejected", tenant=None)
    for handle in (under_way.name, cookie, code, tokens["refresh_token"], tokens["id_token"]):
        response = world.userinfo(handle)
        assert (response.status_code, (response.json or {})["error"]) == (401, "invalid_token")


def test_client_of_one_tenant_is_refused_at_another_wherever_it_is_named(world: World) -> None:
    """TN-18: before the trip, by every way to name the tenant; and single sign-on is no way round."""
    browser, _ = world.signed_in("fabrikam", "op", "web")
    for named in ({"tenant": "fabrikam"}, {"acr_values": "tenant:fabrikam"}, {"tenant": "fabrikam", "idp": "op"},
                  {"tenant": "fabrikam", "prompt": "none"}):  # fmt: skip
        act = lambda named=named: world.authorize(browser, "only-contoso", **named)  # noqa: E731
        world.assert_refused(act, "client_tenant", "authorize.rejected", tenant="fabrikam")
    silent = lambda: world.authorize(browser, "only-contoso", prompt="none")  # noqa: E731
    world.assert_refused(silent, "home_realm_undecided", "authorize.rejected", tenant=None)


@pytest.mark.parametrize("named", [
    {"tenant": "contoso", "acr_values": "tenant:fabrikam"},
    {"tenant": "contoso", "acr_values": "tenant:fabrikam tenant:contoso"},
    {"acr_values": "tenant:contoso tenant:fabrikam"},
], ids=str)  # fmt: skip
def test_two_names_that_differ_are_an_error(world: World, named: dict[str, str]) -> None:
    reason = "tenant_conflict" if named["acr_values"].count("tenant:") == 1 else "acr_tenants"
    world.assert_refused(lambda: world.authorize(world.browser(), **named), reason, "authorize.rejected", tenant=None)


def test_session_of_one_tenant_never_answers_for_another(world: World) -> None:
    """TN-14, TN-15: the browser is signed in at contoso; northwind trusts the same provider and the same person."""
    browser, _ = world.signed_in("contoso", "op")
    silent = lambda: world.authorize(browser, tenant="northwind", prompt="none")  # noqa: E731
    world.assert_refused(silent, "home_realm_undecided", "authorize.rejected", tenant="northwind")
    at = lambda: world.authorize(browser, tenant="northwind", idp="op", prompt="none")  # noqa: E731
    world.assert_refused(at, "no_session", "authorize.rejected", tenant="northwind")
    asked = world.authorize(browser, tenant="northwind", idp="op")
    assert asked.headers["Location"].startswith(world.ops["contoso"].issuer), "the person proves it there"


def test_browser_signed_in_at_two_tenants_keeps_two_sessions(world: World) -> None:
    browser, _ = world.signed_in("contoso", "op")
    world.begin("fabrikam", "op", browser=browser).finish()
    for tenant in ("contoso", "fabrikam"):
        code = code_of(world.authorize(browser, tenant=tenant, idp="op", prompt="none"))
        token = (world.redeem(code).json or {})["access_token"]
        assert (world.userinfo(token).json or {})["tenant"] == tenant


@pytest.mark.parametrize(("asked", "reason"), [
    ({"tenant": "contoso", "idp": "adfs-of-nobody"}, "idp_unknown"),
    ({"tenant": "fabrikam", "idp": "op-rs256"}, "idp_unknown"),
    ({"idp": "op"}, "idp_unknown"),
    ({"tenant": "fabrikam", "home_realm": "contoso/op"}, "idp_unknown"),
    ({"home_realm": "contoso/op"}, "idp_unknown"),
    ({"tenant": "fabrikam", "home_realm": "../contoso/op"}, "idp_unknown"),
    ({"tenant": "nobody"}, "tenant_unknown"),
    ({"tenant": "Contoso"}, "tenant_unknown"),
    ({"tenant": "fabrikam", "login_hint": "ana@contoso.com"}, None),
], ids=str)  # fmt: skip
def test_provider_of_another_tenant_is_not_reached(world: World, asked: dict[str, str], reason: str | None) -> None:
    """TN-05, TN-06: by id, by the chooser's own link, by e-mail."""
    response = world.authorize(world.browser(), **asked)
    if reason is None:  # several providers: the narrowed chooser, where every choice ends in a refusal
        choice = {"tenant": "fabrikam", "login_hint": "ana@contoso.com", "home_realm": "contoso/op"}
        act = lambda: world.authorize(world.browser(), **choice)  # noqa: E731
        world.assert_refused(act, "not_a_guest", "authorize.rejected", tenant="fabrikam")
        return
    named = {"fabrikam", "contoso"} & {asked.get("tenant", "")}
    world.assert_refused(
        lambda: world.authorize(world.browser(), **asked),
        reason,
        "authorize.rejected",
        tenant=named.pop() if named and reason == "idp_unknown" else None,
    )
    assert response.headers["Location"].startswith(CALLBACK)


def test_logout_hint_of_one_session_ends_no_other(world: World) -> None:
    tokens = world.tokens("contoso", "op")
    other = world.tokens("northwind", "op")
    hint = {"id_token_hint": tokens["id_token"]}
    assert world.browser().get("/logout", base_url=world.issuer, query_string=hint).status_code == 200
    assert world.userinfo(other["access_token"]).status_code == 200


def race(world: World, act: object) -> list[TestResponse]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(act, range(THREADS)))  # type: ignore[arg-type]  # one argument, which it ignores


def test_twenty_threads_with_one_code_get_one_token(world: World) -> None:
    """TK-02; and the grant does not outlive the replay (RFC 6749 §4.1.2)."""
    _, code = world.signed_in("contoso", "op")
    responses = race(world, lambda _: world.redeem(code))
    assert sorted(response.status_code for response in responses) == [200] + [400] * (THREADS - 1)
    (good,) = (response for response in responses if response.status_code == 200)
    assert world.userinfo((good.json or {})["access_token"]).status_code == 401


def test_twenty_threads_with_one_refresh_token_get_one_successor(world: World) -> None:
    """TK-21, TK-22: and the family is gone."""
    tokens = world.tokens("contoso", "op", "spa")
    responses = race(world, lambda _: world.refresh(tokens["refresh_token"], "spa"))
    assert sorted(response.status_code for response in responses) == [200] + [400] * (THREADS - 1)
    (good,) = (response for response in responses if response.status_code == 200)
    refused = lambda: world.refresh((good.json or {})["refresh_token"], "spa")  # noqa: E731
    world.assert_refused(refused, "grant_revoked", "token.rejected")


def test_twenty_tabs_sign_in_as_twenty_people(world: World) -> None:
    """TN-41, RP-81: in parallel, at every tenant and by both protocols, nobody becomes somebody else."""
    places = [(tenant, idp) for tenant in ("contoso", "fabrikam", "northwind") for idp in ("adfs", "op")]

    def sign_in(number: int) -> tuple[tuple[str, str], dict[str, object]]:
        tenant, idp = places[number % len(places)]
        return (tenant, idp), world.userinfo(world.tokens(tenant, idp)["access_token"]).json or {}

    with ThreadPoolExecutor(6) as pool:
        people = list(pool.map(sign_in, range(4 * len(places))))
    assert all((said["tenant"], said["idp"]) == place for place, said in people)
    assert len({(place, said["sub"]) for place, said in people}) == len(places)


def newest(world: World):
    return world.events()[-1]


def test_state_travels_back_untouched_and_only_there(world: World) -> None:
    """OP-14, OP-41: whatever is in it, header lines included."""
    wild = "a\r\nSet-Cookie: b=c&code=d#e%0d%0a\u2028é"
    response = world.authorize(world.browser(), state=wild, response_type="token", tenant="contoso")
    answered = query(response.headers["Location"])
    assert answered["state"] == wild
    assert answered["iss"] == world.issuer
    assert "\n" not in response.headers["Location"]


def test_logout_hint_that_names_no_tenant_still_ends_its_session(fresh: World) -> None:
    """Contract section 2, Logout: `tenant_claims: false` is no reason to say "signed out" and leave it alive."""
    fresh.clients["web"]["tenant_claims"] = False
    fresh.apply()
    browser, code = fresh.signed_in("contoso", "op", scope="openid")
    tokens = fresh.redeem(code).json or {}
    browser.get("/logout", base_url=fresh.issuer, query_string={"id_token_hint": tokens["id_token"]})
    fresh.assert_refused(lambda: fresh.userinfo(tokens["access_token"]), "grant_revoked", "userinfo.rejected")
