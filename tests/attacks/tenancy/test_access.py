"""/access: where the application's user may act, by what is live now, and of the application's tenants only."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker import jose
from tests.attacks.tenancy.guests import BOB, host, replace_entry
from tests.attacks.world import World


@pytest.fixture
def asking(fresh: World) -> World:
    """`web` reads no tenant in its tokens; Bob of fabrikam is invited to contoso."""
    fresh.clients["web"]["tenant_claims"] = False
    return host(fresh)


def token(world: World, tenant: str = "fabrikam") -> str:
    return world.tokens(tenant, "op")["access_token"]


def ask(world: World, access_token: str | None, scheme: str = "Bearer") -> TestResponse:
    headers = {} if access_token is None else {"Authorization": f"{scheme} {access_token}"}
    return world.app.test_client().get("/access", headers=headers, base_url=world.issuer)


def answered(world: World, access_token: str) -> dict[str, Any]:
    response = ask(world, access_token)
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    found = dict(response.json or {})
    return {one["tenant"]: one["roles"] for one in found["tenants"]}


def refused(world: World, access_token: str | None, status: int, reason: str, scheme: str = "Bearer") -> None:
    response = ask(world, access_token)
    assert response.status_code == status, response.text
    assert "tenants" not in (response.json or {})
    assert response.headers["WWW-Authenticate"].startswith(scheme)
    event = world.events()[-1]
    assert (event.event, event.outcome, event.reason) == ("access.rejected", "failure", reason)


def test_home_and_where_an_entry_invites(asking: World) -> None:
    assert answered(asking, token(asking)) == {"contoso": ["auditor"], "fabrikam": ["viewer"]}
    assert answered(asking, token(asking, "contoso")) == {"contoso": ["viewer"]}, "nobody invited these"


def test_it_is_about_the_person_of_the_token(asking: World) -> None:
    held = token(asking)
    told = asking.userinfo(held).json or {}
    assert (ask(asking, held).json or {})["sub"] == told["sub"]
    assert BOB not in ask(asking, held).text


def test_what_is_live_counts_not_what_was(asking: World) -> None:
    held = token(asking)
    replace_entry(asking, roles=[])
    assert answered(asking, held)["contoso"] == []
    asking.tenants["contoso"]["guests"] = []
    asking.apply()
    assert answered(asking, held) == {"fabrikam": ["viewer"]}


def test_an_entry_that_somebody_else_came_in_by_is_not_his(asking: World) -> None:
    held = token(asking)
    (entry,) = asking.house.live().tenants["contoso"].guests
    asking.house.store.of("contoso").bind_guest(entry, "somebody else")
    assert answered(asking, held) == {"fabrikam": ["viewer"]}


def test_asking_takes_no_entry(asking: World) -> None:
    (entry,) = asking.house.live().tenants["contoso"].guests
    answered(asking, token(asking))
    assert asking.house.store.of("contoso").guest_holder(entry) is None


def test_an_entry_for_another_address_is_not_his(asking: World) -> None:
    replace_entry(asking, email="alice@fabrikam.com")
    assert answered(asking, token(asking)) == {"fabrikam": ["viewer"]}


def test_tenants_that_are_not_the_applications_are_never_named(asking: World) -> None:
    held = token(asking)
    asking.clients["web"]["tenants"] = ["fabrikam"]
    asking.apply()
    assert answered(asking, held) == {"fabrikam": ["viewer"]}


def test_a_suspended_tenant_is_nowhere_to_act(asking: World) -> None:
    held = token(asking)
    asking.tenants["contoso"]["state"] = "suspended"
    asking.apply()
    assert answered(asking, held) == {"fabrikam": ["viewer"]}


def test_a_client_that_reads_the_tenant_in_its_tokens_is_told_no_other(fresh: World) -> None:
    host(fresh)
    refused(fresh, token(fresh), 403, "tenant_claims")


def test_a_revoked_token_asks_for_nobody(asking: World) -> None:
    held = token(asking)
    browser = asking.app.test_client()
    form = {"client_id": "web", "client_secret": asking.environ["APP_SECRET"], "token": held}
    assert browser.post("/revoke", data=form, base_url=asking.issuer).status_code == 200
    refused(asking, held, 401, "grant_revoked")


def test_without_a_good_token_nothing_is_said(asking: World) -> None:
    refused(asking, None, 401, "token_missing")
    refused(asking, "x.y.z", 401, "malformed")


def forged(world: World, **changes: Any) -> str:
    """A token of ours that says something else as well; None leaves a member out."""
    said = {**jose.peek(token(world)).claims, **changes}
    key = world.house.keys.signing(world.house.deployment.signing.default)
    return jose.sign({name: value for name, value in said.items() if value is not None}, key, "at+jwt")


def test_who_acts_for_somebody_learns_nothing_of_their_other_tenants(asking: World) -> None:
    refused(asking, forged(asking, act={"sub": "worker", "client_id": "worker"}), 403, "delegated")


def test_a_token_that_was_exchanged_says_nothing_of_other_tenants(asking: World) -> None:
    """Whoever exchanges it may leave out that it acts; the person signed in to another application."""
    asking.clients["quiet"] = {**asking.clients["web"], "client_id": "quiet"}
    asking.apply()
    refused(asking, forged(asking, client_id="quiet"), 403, "delegated")


def test_a_workload_is_no_user(asking: World) -> None:
    refused(asking, forged(asking, sid=None, sub="web"), 401, "workload")


def test_a_bound_token_needs_its_key(asking: World) -> None:
    refused(asking, forged(asking, cnf={"jkt": "x" * 43}), 401, "dpop_downgrade", "DPoP")


def own_token(world: World, **form: str) -> str:
    """Of the application itself."""
    world.clients["web"]["grant_types"] = ["authorization_code", "refresh_token", "client_credentials"]
    world.apply()
    answer = world.post_token("web", grant_type="client_credentials", **form)
    assert answer.status_code == 200, answer.text
    return str((answer.json or {})["access_token"])


def ask_about(world: World, access_token: str, sub: str) -> TestResponse:
    headers = {"Authorization": f"Bearer {access_token}"}
    return world.browser().post("/access", base_url=world.issuer, headers=headers, data={"sub": sub})


def told_nothing(world: World, access_token: str, sub: str, status: int, reason: str) -> None:
    response = ask_about(world, access_token, sub)
    assert (response.status_code, world.events()[-1].reason) == (status, reason)
    assert "tenants" not in (response.json or {})


def test_the_application_itself_asks_about_somebody_who_signed_in_to_it(asking: World) -> None:
    sub = jose.peek(token(asking)).claims["sub"]
    found = ask_about(asking, own_token(asking), str(sub)).json or {}
    assert found["sub"] == sub
    assert {one["tenant"]: one["roles"] for one in found["tenants"]} == {
        "contoso": ["auditor"],
        "fabrikam": ["viewer"],
    }
    event = asking.events()[-1]
    assert (event.event, event.outcome, event.tenant, event.client_id) == ("access.told", "success", "fabrikam", "web")
    assert event.sub == sub


def test_of_people_who_did_not_sign_in_to_it_nothing_is_said(asking: World) -> None:
    elsewhere = jose.peek(asking.tokens("fabrikam", "op", "spa")["access_token"]).claims["sub"]
    held = own_token(asking)
    for stranger in (str(elsewhere), "nobody", "web"):
        told_nothing(asking, held, stranger, 400, "person_unknown")


def test_nor_of_those_who_took_it_back(asking: World) -> None:
    tokens = asking.tokens("fabrikam", "op")
    held = own_token(asking)
    form = {"client_id": "web", "client_secret": asking.environ["APP_SECRET"], "token": tokens["refresh_token"]}
    assert asking.browser().post("/revoke", data=form, base_url=asking.issuer).status_code == 200
    told_nothing(asking, held, str(jose.peek(tokens["access_token"]).claims["sub"]), 400, "person_unknown")


def test_only_its_own_token_asks_about_others(asking: World) -> None:
    persons = token(asking)
    sub = str(jose.peek(persons).claims["sub"])
    told_nothing(asking, persons, sub, 403, "own_token")
    asking.tenants["contoso"]["services"] = [{"client": "web", "roles": []}]
    told_nothing(asking, own_token(asking, tenant="contoso"), sub, 403, "own_token")
    told_nothing(asking, forged(asking, sid=None, sub="worker"), sub, 403, "own_token")


def test_browser_apps_of_the_client_may_read_the_answer(asking: World) -> None:
    asking.clients["web"]["origins"] = ["https://app.example.com"]
    asking.apply()
    headers = {"Authorization": f"Bearer {token(asking)}", "Origin": "https://app.example.com"}
    answer = asking.browser().get("/access", base_url=asking.issuer, headers=headers)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
