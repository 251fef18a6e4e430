"""A help desk in the whole house: roles by the tenant's own rules, and its sign-in policy for operator and subject."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker import jose
from tests.attacks.world import World

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
WHY = "Ticket 4711: cannot see the invoice"
RULES = [
    {"role": "viewer"},
    {"role": "helpdesk", "when": 'has(incoming.department) && incoming.department == "help desk"'},
]


@pytest.fixture
def desk(fresh: World) -> World:
    """Whoever comes from `op` works at the help desk; `adfs` has the others. The client knows no such role."""
    fresh.clients["web"] |= {
        "impersonation": True,
        "grant_types": ["authorization_code", "refresh_token", EXCHANGE],
        "roles": ["viewer"],
    }
    fresh.tenants["contoso"] |= {
        "roles": ["viewer", "helpdesk", "admin"],
        "claims": RULES,
        "impersonation": {"allowed": True, "operators": {"role": "helpdesk"}, "never_roles": ["admin"]},
    }
    fresh.ops["contoso"].switches.claims = {"department": "help desk", "amr": ["mfa"]}
    fresh.apply()
    return fresh


def subject(world: World) -> str:
    """Has signed in to another application."""
    tokens = world.tokens("contoso", "adfs", "only-contoso")
    return str(jose.peek(tokens["access_token"]).claims["sub"])


def act(world: World, token: str, sub: str, **form: str) -> TestResponse:
    asked = {"subject_token": token, "subject_token_type": ACCESS_TOKEN, "requested_subject": sub, "reason": WHY}
    return world.post_token("web", grant_type=EXCHANGE, **{**asked, **form})


def said(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return jose.peek((answer.json or {})["access_token"]).claims


def test_a_role_that_means_nothing_to_the_client_makes_an_operator(desk: World) -> None:
    sub, operator = subject(desk), desk.tokens("contoso", "op")["access_token"]
    own = jose.peek(operator).claims
    assert own["roles"] == ["viewer"]
    found = said(act(desk, operator, sub))
    assert (found["sub"], found["roles"], found["idp"]) == (sub, ["viewer"], "adfs")
    assert found["act"] == {"sub": own["sub"], "client_id": "web"}
    event = desk.house.store.of("contoso").events()[-1].event
    assert (event.event, event.sub, event.detail["operator"]) == ("impersonation.used", sub, own["sub"])
    assert event.detail["reason"] == WHY


def test_nobody_acts_for_who_may_sign_in_as_an_administrator(desk: World) -> None:
    sub, operator = subject(desk), desk.tokens("contoso", "op")["access_token"]
    desk.tenants["contoso"]["claims"] = [*RULES, {"role": "admin", "when": "!has(incoming.department)"}]
    desk.apply()
    desk.assert_refused(lambda: act(desk, operator, sub), "never_role", "impersonation.refused")


def test_the_subject_is_no_operator(desk: World) -> None:
    operator = jose.peek(desk.tokens("contoso", "op")["access_token"]).claims["sub"]
    token = desk.tokens("contoso", "adfs")["access_token"]
    desk.assert_refused(lambda: act(desk, token, str(operator)), "not_an_operator", "impersonation.refused")


def test_the_tenants_policy_holds_for_the_operator_too(desk: World) -> None:
    """`sign_in` says several factors: an operator who came with one acts for nobody."""
    desk.ops["contoso"].switches.claims = {"department": "help desk", "amr": ["pwd"]}
    sub, operator = subject(desk), desk.tokens("contoso", "op")["access_token"]
    desk.tenants["contoso"]["sign_in"] = {"require_mfa": True}
    desk.apply()
    desk.assert_refused(lambda: act(desk, operator, sub), "mfa_missing", "token.rejected")


def test_people_of_another_tenant_are_out_of_reach(desk: World) -> None:
    operator = desk.tokens("contoso", "op")["access_token"]
    stranger = str(jose.peek(desk.tokens("fabrikam", "adfs")["access_token"]).claims["sub"])
    desk.assert_refused(lambda: act(desk, operator, stranger), "subject_not_here", "impersonation.refused")


def test_a_tenant_that_says_nothing_lets_nobody(desk: World) -> None:
    sub, operator = subject(desk), desk.tokens("contoso", "op")["access_token"]
    del desk.tenants["contoso"]["impersonation"]
    desk.apply()
    desk.assert_refused(lambda: act(desk, operator, sub), "impersonation_off", "impersonation.refused")


def test_where_people_have_names_of_their_own_the_client_speaks_them(desk: World) -> None:
    """Pairwise subjects: `requested_subject` and `act` are those of the help desk's sector."""
    desk.clients["web"]["subject_type"] = "pairwise"
    desk.apply()
    theirs = str(jose.peek(desk.tokens("contoso", "adfs")["access_token"]).claims["sub"])
    operator = desk.tokens("contoso", "op")["access_token"]
    found = said(act(desk, operator, theirs))
    assert (found["sub"], found["act"]["sub"]) == (theirs, jose.peek(operator).claims["sub"])
    public = subject(desk)
    desk.assert_refused(lambda: act(desk, operator, public), "subject_not_here", "impersonation.refused")
