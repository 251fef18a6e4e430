"""A tenant's own service has a word at sign-in, only there, and only in the names that the tenant lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker import jose
from tests.attacks.hook import Hook, running
from tests.attacks.test_introduced import DESK, bearer, exchange, token_of
from tests.attacks.test_portal import landing
from tests.attacks.world import World, query

RULES = [
    {"set": {"department": "incoming.department", "level": "incoming.level"}},
    {"role": "viewer", "when": "incoming.department == 'Sales' && incoming.cleared"},
]
NAMES = {"department": "text", "level": "number", "cleared": "bool", "teams": "list"}


@pytest.fixture
def hook() -> Iterator[Hook]:
    with running() as hook:
        yield hook


@pytest.fixture
def asking(fresh: World, hook: Hook) -> World:
    """contoso asks its hook; people sign in there for the second time, so that a refusal leaves nothing new."""
    fresh.clients["web"]["claims"] = ["department", "level"]
    fresh.clients["desk"] = DESK
    fresh.idp("contoso", "op")["token_exchange"] = {"clients": ["desk"], "audiences": ["desk-at-op"]}
    fresh.apply()
    for idp in ("op", "adfs-portal"):
        fresh.begin("contoso", idp).finish()
    fresh.tenants["contoso"]["claims"] = RULES
    configure(fresh, hook)
    return fresh


def configure(world: World, hook: Hook, **more: Any) -> None:
    world.tenants["contoso"]["enrich"] = {"hook": {"url": hook.url, "claims": NAMES} | more}
    world.apply()


def said(world: World) -> dict[str, Any]:
    return jose.peek(world.tokens("contoso", "op")["access_token"]).claims


def events(world: World, name: str) -> list[tuple[str, str | None, dict[str, str]]]:
    return [(one.outcome, one.reason, dict(one.detail)) for one in world.events() if one.event == name]


def test_what_it_says_reaches_the_rules_in_its_types(asking: World, hook: Hook) -> None:
    hook.says(department="Sales", level=3, cleared=True, teams=["a", "b"])
    found = said(asking)
    assert (found["department"], found["level"], found["roles"]) == ("Sales", 3, ["viewer"])
    assert events(asking, "enrichment.completed") == [("success", None, {"names": "cleared department level teams"})]
    hook.says(department="Sales", cleared=False)
    assert said(asking)["roles"] == []


def test_the_question_is_signed_for_this_hook_and_says_who_comes(asking: World, hook: Hook) -> None:
    found = said(asking)
    ((media_type, question),) = hook.asked
    assert media_type == "application/jwt"
    keys = jose.parse_jwks(asking.browser().get("/jwks", base_url=asking.issuer).data)
    claims = jose.verify(question, keys, ["ES256"], types=["enrichment+jwt"])
    assert (claims["iss"], claims["aud"], claims["version"]) == (asking.issuer, hook.url, 1)
    assert (claims["tenant"], claims["idp"], claims["sub"]) == ("contoso", "op", found["sub"])
    assert claims["client_id"] == "web"
    assert claims["exp"] == int(str(claims["iat"])) + 60
    incoming = claims["incoming"]
    assert isinstance(incoming, dict)
    assert incoming["email"] == "ana@example.com"
    (completed,) = [one for one in asking.events() if one.event == "enrichment.completed"]
    assert claims["reference"] == completed.reference
    assert completed.sub == claims["sub"]


def test_the_question_opens_no_door_of_ours(asking: World, hook: Hook) -> None:
    said(asking)
    ((_, question),) = hook.asked
    assert asking.userinfo(question).status_code == 401


def test_only_a_sign_in_asks(asking: World, hook: Hook) -> None:
    """What it said is sealed, and rules of the current revision read it at every refresh."""
    hook.says(department="Sales", cleared=True)
    tokens = asking.tokens("contoso", "op")
    hook.says(department="Board")
    again = asking.refresh(tokens["refresh_token"]).json or {}
    assert jose.peek(again["access_token"]).claims["department"] == "Sales"
    assert asking.userinfo(again["access_token"]).status_code == 200
    assert len(hook.asked) == 1
    configure(asking, hook, claims={"cleared": "bool", "level": "number"})
    last = asking.refresh(again["refresh_token"]).json or {}
    claims = jose.peek(last["access_token"]).claims
    assert ("department" not in claims, claims["roles"]) == (True, [])


def test_single_sign_on_does_not_ask(asking: World, hook: Hook) -> None:
    browser, _ = asking.signed_in("contoso", "op")
    assert "code" in query(asking.authorize(browser, tenant="contoso", idp="op").headers["Location"])
    assert len(hook.asked) == 1


def test_the_idp_cannot_say_it_itself(asking: World) -> None:
    asking.ops["contoso"].switches.claims = {"department": "Sales", "cleared": True}
    found = said(asking)
    assert ("department" not in found, found["roles"]) == (True, [])


def test_another_tenant_asks_nobody(asking: World, hook: Hook) -> None:
    asking.tokens("fabrikam", "op")
    assert hook.asked == []


def test_a_refusal_is_the_hooks_own_words(asking: World, hook: Hook) -> None:
    hook.answer = {"result": "refuse", "message": "Ask Eve for access."}
    under_way = asking.begin("contoso", "op")
    response = asking.assert_refused(under_way.answer, "enrichment_refused", "sign_in.denied")
    sent = query(response.headers["Location"])
    assert sent["error"] == "access_denied"
    assert "Ask Eve for access." in sent["error_description"]
    assert events(asking, "enrichment.completed") == []


BAD: list[tuple[str, dict[str, Any]]] = [
    ("status", {"status": 404}),
    ("status", {"status": 500}),
    ("status", {"status": 302}),
    ("answer_type", {"media_type": "text/html"}),
    ("json", {"answer": b'{"result": "continue", "result": "continue", "claims": {}}'}),
    ("json", {"answer": b"continue"}),
    ("too_large", {"answer": {"result": "continue", "claims": {"department": "x" * 70_000}}}),
    ("answer_members", {"answer": []}),
    ("answer_members", {"answer": {"result": "continue"}}),
    ("answer_members", {"answer": {"result": "allow", "claims": {}}}),
    ("answer_members", {"answer": {"result": "continue", "claims": {}, "roles": ["admin"]}}),
    ("answer_members", {"answer": {"result": "refuse"}}),
    ("answer_members", {"answer": {"result": "refuse", "message": "No.", "claims": {}}}),
    ("answer_message", {"answer": {"result": "refuse", "message": "a\nb"}}),
    ("answer_message", {"answer": {"result": "refuse", "message": " "}}),
    ("answer_names", {"answer": {"result": "continue", "claims": {"email": "eve@contoso.com"}}}),
    ("answer_names", {"answer": {"result": "continue", "claims": {"sub": "eve"}}}),
    ("answer_value", {"answer": {"result": "continue", "claims": {"department": None}}}),
    ("answer_value", {"answer": {"result": "continue", "claims": {"department": ["Sales"]}}}),
    ("answer_value", {"answer": {"result": "continue", "claims": {"department": "\u202eselaS"}}}),
    ("answer_value", {"answer": {"result": "continue", "claims": {"teams": "a"}}}),
    ("answer_value", {"answer": {"result": "continue", "claims": {"teams": ["a", 1]}}}),
    ("answer_value", {"answer": {"result": "continue", "claims": {"cleared": "true"}}}),
    ("answer_value", {"answer": {"result": "continue", "claims": {"level": True}}}),
    ("answer_value", {"answer": {"result": "continue", "claims": {"level": 2**60}}}),
]


@pytest.mark.parametrize(("reason", "how"), BAD, ids=[f"{number}-{one[0]}" for number, one in enumerate(BAD)])
def test_what_is_no_answer_fails_closed(asking: World, hook: Hook, reason: str, how: dict[str, Any]) -> None:
    for name, value in how.items():
        setattr(hook, name, value)
    under_way = asking.begin("contoso", "op")
    response = asking.assert_refused(under_way.answer, "enrichment_failed", "sign_in.denied")
    assert query(response.headers["Location"])["error"] == "temporarily_unavailable"
    assert asking.events()[-1].detail["detail"] == reason


def test_open_goes_on_without_what_it_would_have_said(asking: World, hook: Hook) -> None:
    configure(asking, hook, on_failure="open")
    hook.status = 500
    found = said(asking)
    assert ("department" not in found, found["roles"]) == (True, [])
    assert events(asking, "enrichment.failed") == [("failure", "status", {"on_failure": "open"})]


def test_a_refusal_stands_where_failures_are_let_in(asking: World, hook: Hook) -> None:
    configure(asking, hook, on_failure="open")
    hook.answer = {"result": "refuse", "message": "No."}
    asking.assert_refused(asking.begin("contoso", "op").answer, "enrichment_refused", "sign_in.denied")


def test_a_dead_hook_is_left_alone_and_harms_no_other_tenant(asking: World, hook: Hook) -> None:
    hook.status = 503
    for _ in range(4):
        asking.assert_refused(asking.begin("contoso", "op").answer, "enrichment_failed", "sign_in.denied")
    assert len(hook.asked) == 3
    assert asking.events()[-1].detail["detail"] == "upstream_down"
    asking.tenants["fabrikam"]["enrich"] = {"hook": {"url": hook.url}}
    asking.apply()
    hook.status = 200
    assert asking.tokens("fabrikam", "op")
    asking.clock.ahead += 60
    assert said(asking)


def test_the_portal_asks_too(asking: World, hook: Hook) -> None:
    hook.answer = {"result": "refuse", "message": "Ask Eve for access."}
    browser = asking.browser()
    location = landing(asking, browser)

    def land() -> TestResponse:
        return asking.visit(browser, location)

    before = {row for row in asking.issued() if row[0] == "sessions"}
    assert "Ask Eve for access." in land().text
    assert (asking.events()[-1].event, asking.events()[-1].reason) == ("sign_in.denied", "enrichment_refused")
    assert {row for row in asking.issued() if row[0] == "sessions"} == before


@pytest.mark.parametrize(("bring", "error"), [(exchange, "invalid_request"), (bearer, "invalid_grant")])
def test_so_does_a_client_that_brings_a_person(asking: World, hook: Hook, bring: Any, error: str) -> None:
    token = token_of(asking)
    hook.says(department="Sales", cleared=True)
    answer = bring(asking, token).json or {}
    assert jose.peek(answer["access_token"]).claims["roles"] == ["viewer"]
    hook.answer = {"result": "refuse", "message": "Ask Eve for access."}
    before = asking.issued()
    refused = bring(asking, token)
    assert (refused.status_code, (refused.json or {})["error"]) == (400, error)
    assert (asking.events()[-1].reason, asking.events()[-1].tenant) == ("enrichment_refused", "contoso")
    hook.status = 500
    failed = bring(asking, token)
    assert (failed.status_code, (failed.json or {})["error"]) == (503, "temporarily_unavailable")
    assert asking.events()[-1].reason == "enrichment_failed"
    assert asking.issued() == before
