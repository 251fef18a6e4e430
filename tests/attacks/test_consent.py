"""A third party's client learns nothing before its person has said yes (OP-22, OP-37 to OP-40)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from broker.model import Consent
from tests.attacks.consents import again, allowed, asked, asking, last, say, sub_of, world_with_third_parties
from tests.attacks.page import fields
from tests.attacks.world import World, code_of, query
from tests.idps.oidc_op import OidcOp

WHOLE = ("openid", "email", "offline_access")


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory, ops: Mapping[str, OidcOp]) -> World:
    return world_with_third_parties(tmp_path_factory.mktemp("consent"), ops)


def test_the_page_names_who_asks_and_for_what(world: World) -> None:
    browser, page = asked(world)
    text = world.visit(browser, page).text
    for named in ("The third party", "contoso", "Read your e-mail address", "Read “department”"):
        assert named in text, named
    assert "Stay connected when you are not there" in text
    assert ">Allow<" in text
    assert ">Cancel<" in text


def test_yes_leads_to_the_code_and_is_remembered(world: World) -> None:
    browser, tokens = allowed(world)
    assert tokens["scope"] == "openid email offline_access"
    assert last(world, "consent.given") == ("success", None, "third")
    kept = world.house.store.of("contoso").consent(sub_of(tokens), "third")
    assert kept == Consent(WHOLE, ("department",))
    assert code_of(again(world, browser))
    assert code_of(again(world, browser, scope="openid"))
    assert code_of(again(world, browser, prompt="none"))


def test_consent_is_one_clients_and_one_tenants(world: World) -> None:
    browser, tokens = allowed(world)
    asking(world, again(world, browser, "other"))
    assert world.house.store.of("fabrikam").consent(sub_of(tokens), "third") is None


def test_a_first_party_asks_nobody(world: World) -> None:
    browser, _ = asked(world)
    assert code_of(again(world, browser, "web", prompt="consent"))


@pytest.mark.parametrize("more", [{"scope": "openid email profile"}, {"claims": '{"userinfo": {"nickname": null}}'}])
def test_more_is_asked_for_again(world: World, more: Mapping[str, str]) -> None:
    browser, _ = allowed(world, scope="openid email")
    page = asking(world, again(world, browser, **{"scope": "openid email", **more}))
    assert code_of(say(world, browser, page, "allow"))
    assert code_of(again(world, browser, **{"scope": "openid email", **more}))


def test_what_the_operator_adds_is_asked_for_again(world: World) -> None:
    browser, _ = allowed(world)
    world.clients["third"]["claims"] = ["department", "employee_number"]
    world.apply()
    assert "employee_number" in world.visit(browser, asking(world, again(world, browser))).text


def test_prompt_consent_asks_again(world: World) -> None:
    browser, _ = allowed(world)
    page = asking(world, again(world, browser, prompt="consent"))
    assert code_of(say(world, browser, page, "allow"))


def test_op_22_without_interaction_nobody_is_asked(world: World) -> None:
    browser, _ = asked(world)
    before = world.issued()
    answer = again(world, browser, prompt="none")
    members = query(answer.headers["Location"])
    assert (members["error"], members["state"], members["iss"]) == ("consent_required", "the app's state", world.issuer)
    assert last(world, "authorize.rejected") == ("failure", "consent_missing", "third")
    assert world.issued() == before


def test_no_goes_back_to_the_client(world: World) -> None:
    browser, page = asked(world)
    form = fields(world.visit(browser, page).text)
    answer = browser.post("/consent", base_url=world.issuer, data={**form, "answer": "deny"})
    members = query(answer.headers["Location"])
    assert set(members) == {"error", "error_description", "state", "iss"}
    assert (members["error"], members["state"], members["iss"]) == ("access_denied", "the app's state", world.issuer)
    assert last(world, "consent.refused") == ("success", None, "third")
    late = browser.post("/consent", base_url=world.issuer, data={**form, "answer": "allow"})
    assert (late.status_code, world.events()[-1].reason) == (400, "approval_unknown")
    asking(world, again(world, browser))


@pytest.mark.parametrize("answer", ["allow", "deny"])
def test_the_answer_goes_the_way_that_was_asked_for(world: World, answer: str) -> None:
    browser, page = asked(world, response_mode="form_post")
    posted = say(world, browser, page, answer)
    assert posted.status_code == 200
    found = fields(posted.text)
    assert (found["state"], found["iss"]) == ("the app's state", world.issuer)
    assert ("code" in found) is (answer == "allow")
    assert found.get("error") == (None if answer == "allow" else "access_denied")


def test_a_client_without_a_way_back_is_told_nothing(world: World) -> None:
    browser, page = asked(world)
    world.clients["third"]["redirect_uris"] = ["https://moved.example.com/callback"]
    world.apply()
    assert "Location" not in say(world, browser, page, "deny").headers
    browser, page = asked(world, "other")
    world.clients["other"]["redirect_uris"] = ["https://moved.example.com/callback"]
    world.apply()
    assert say(world, browser, page, "allow").status_code == 400
    assert last(world, "approval.rejected") == ("failure", "redirect_uri", "other")


def test_a_client_that_is_gone_asks_nothing(world: World) -> None:
    browser, page = asked(world, "other")
    del world.clients["other"]
    world.apply()
    assert world.visit(browser, page).status_code == 400
    assert world.events()[-1].reason == "approval_client"


def test_who_may_no_longer_sign_in_allows_nothing(world: World) -> None:
    browser, page = asked(world)
    world.tenants["contoso"]["claims"] = [{"deny": "Not today."}]
    world.apply()
    answer = say(world, browser, page, "allow")
    assert query(answer.headers["Location"])["error"] == "access_denied"
    assert last(world, "consent.given" if "code" in answer.headers["Location"] else "approval.rejected")[0] == "failure"


REFUSED = {
    "without the mark": ({"mark": ""}, 403, "approval_mark"),
    "another question": ({"name": "guessed"}, 400, "approval_unknown"),
    "no question": ({"name": ""}, 400, "approval_unknown"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_op_38_forged_answers(world: World, name: str) -> None:
    changed, status, reason = REFUSED[name]
    browser, page = asked(world)
    before = world.issued()
    answer = say(world, browser, page, "allow", **changed)
    assert (answer.status_code, world.events()[-1].reason) == (status, reason)
    assert (world.issued(), consents(world)) == (before, [])


def consents(world: World) -> list[str]:
    subs = {one.sub for one in world.events() if one.sub}
    held = world.house.store.of("contoso")
    return [one.client_id for sub in sorted(subs) for one in held.consents_of(sub)]


def test_op_38_another_browser(world: World) -> None:
    browser, page = asked(world)
    form = {**fields(world.visit(browser, page).text), "answer": "allow"}
    foreign = world.browser().post("/consent", base_url=world.issuer, data=form)
    assert (foreign.status_code, world.events()[-1].reason) == (400, "approval_browser")
    assert consents(world) == []


def test_op_38_another_clients_mark(world: World) -> None:
    browser, page = asked(world)
    other = fields(world.visit(browser, asking(world, again(world, browser, "other"))).text)
    assert say(world, browser, page, "allow", mark=other["mark"]).status_code == 403
    assert consents(world) == []


def test_op_38_nothing_is_added_to_the_question(world: World) -> None:
    browser, page = asked(world, scope="openid")
    answer = say(world, browser, page, "allow", scope="openid email profile", client_id="other")
    tokens = dict(world.redeem(code_of(answer), "third").json or {})
    assert tokens["scope"] == "openid"
    assert consents(world) == ["third"]
    held = world.house.store.of("contoso").consent(sub_of(tokens), "third")
    assert held == Consent(("openid",), ("department",))


def test_op_38_the_answer_is_to_what_was_shown(world: World) -> None:
    browser, page = asked(world)
    form = {**fields(world.visit(browser, page).text), "answer": "allow"}
    world.clients["third"]["claims"] = ["department", "employee_number"]
    world.apply()
    late = browser.post("/consent", base_url=world.issuer, data=form)
    assert (late.status_code, world.events()[-1].reason) == (403, "approval_mark")
    assert consents(world) == []


def test_op_38_looking_stores_nothing(world: World) -> None:
    browser, page = asked(world)
    before = world.issued()
    assert world.visit(browser, f"{page}&answer=allow").status_code == 200
    assert (world.issued(), consents(world)) == (before, [])


def test_op_39_a_name_is_only_text(world: World) -> None:
    world.clients["other"]["name"] = "<img src=//evil.example>"
    world.apply()
    browser, page = asked(world, "other")
    text = world.visit(browser, page).text
    assert "<img" not in text
    assert "<bdi>&lt;img" in text


def test_op_40_one_question_gives_one_code(world: World) -> None:
    browser, page = asked(world)
    form = {**fields(world.visit(browser, page).text), "answer": "allow"}
    first, second = (browser.post("/consent", base_url=world.issuer, data=form) for _ in range(2))
    assert code_of(first)
    assert (second.status_code, world.events()[-1].reason) == (400, "approval_unknown")
