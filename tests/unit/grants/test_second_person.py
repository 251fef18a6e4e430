"""Where a tenant wants two people for an impersonation: asked, approved by somebody else, used once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from .help_desk import DESK, OTHER_DESK, TOGETHER, WHY, Desk, open_desk, subject_denied
from .house import NOW, claims
from .services import ACCESS_TOKEN


@pytest.fixture
def desk(tmp_path: Path, few_rsa_keys: None) -> Iterator[Desk]:
    made = open_desk(tmp_path, TOGETHER)
    yield made
    made.store.close()


def asked(desk: Desk, token: str) -> str:
    answer = desk.act(token)
    body = dict(answer.json or {})
    assert (answer.status_code, body["error"]) == (400, "interaction_required")
    assert set(body) == {"error", "error_description", "approval"}
    assert "(ref " in body["error_description"]
    return str(body["approval"])


def approving(desk: Desk, sub: str, approval: str, **form: Any) -> Any:
    more = {"requested_subject": None, "reason": None, "approve": approval, **form}
    return desk.act(desk.own(sub), **more)


def events(desk: Desk) -> list[Any]:
    found = [one.event for one in desk.store.of("contoso").events()]
    return [event for event in found if event.event.startswith("impersonation.")]


def test_one_asks_another_approves_and_it_is_used_once(desk: Desk) -> None:
    token = desk.own("olga")
    approval = asked(desk, token)
    pending = desk.act(token, approval=approval)
    assert (pending.json or {})["error"] == "interaction_required"
    assert approving(desk, "otto", approval).status_code == 200
    found = claims(desk.acting(token, approval=approval))
    assert (found["sub"], found["act"]) == ("sub-1", {"sub": "olga", "client_id": "desk"})
    requested, approved, used = events(desk)
    for event in (requested, approved, used):
        assert (event.outcome, event.sub, event.client_id) == ("success", "sub-1", "desk")
        assert (event.detail["operator"], event.detail["reason"]) == ("olga", WHY)
    assert [event.event.partition(".")[2] for event in (requested, approved, used)] == ["requested", "approved", "used"]
    assert requested.reference == approved.reference == used.reference
    assert approved.detail["approver"] == used.detail["approver"] == "otto"
    desk.refused(desk.act(token, approval=approval), 400, "invalid_request", "approval_unknown")


def test_who_approves_gets_no_token_of_the_subject(desk: Desk) -> None:
    answer = approving(desk, "otto", asked(desk, desk.own("olga")))
    found = claims((answer.json or {})["access_token"])
    assert (found["sub"], "act" in found) == ("otto", False)


@pytest.mark.parametrize(
    ("sub", "form", "reason"),
    [
        ("olga", {}, "approval_own"),
        ("ben", {}, "not_an_operator"),
        ("otto", {"approve": "contoso.other"}, "approval_unknown"),
        ("otto", {"approve": "fabrikam.other"}, "approval_unknown"),
    ],
)
def test_who_cannot_approve(desk: Desk, sub: str, form: dict[str, Any], reason: str) -> None:
    token = desk.own("olga")
    approval = asked(desk, token)
    desk.refused(approving(desk, sub, approval, **form), 400, "invalid_request", reason)
    assert (desk.act(token, approval=approval).json or {})["error"] == "interaction_required"
    assert [event.event for event in events(desk) if event.outcome == "success"] == ["impersonation.requested"]


def test_it_is_approved_once_and_by_the_same_client(desk: Desk) -> None:
    approval = asked(desk, desk.own("olga"))
    other = desk.own("otto", OTHER_DESK)
    form = {"requested_subject": None, "reason": None, "approve": approval}
    desk.refused(desk.act(other, OTHER_DESK, **form), 400, "invalid_request", "approval_other")
    assert approving(desk, "otto", approval).status_code == 200
    desk.refused(approving(desk, "otto", approval), 400, "invalid_request", "approval_given")


@pytest.mark.parametrize("change", [{"requested_subject": "ben"}, {"reason": "Ticket 4712: something else"}])
def test_what_was_approved_is_what_is_given(desk: Desk, change: dict[str, str]) -> None:
    desk.session("ben", "sid-of-ben")
    token = desk.own("olga")
    approval = asked(desk, token)
    assert approving(desk, "otto", approval).status_code == 200
    desk.refused(desk.act(token, approval=approval, **change), 400, "invalid_request", "approval_other")
    desk.refused(desk.act(desk.own("otto"), approval=approval), 400, "invalid_request", "approval_other")
    assert claims(desk.acting(token, approval=approval))["sub"] == "sub-1"


def test_a_request_is_over_after_a_quarter_of_an_hour(desk: Desk) -> None:
    approval = asked(desk, desk.own("olga"))
    assert approving(desk, "otto", approval).status_code == 200
    desk.now = NOW + 900
    late = desk.act(desk.own("olga"), approval=approval)
    desk.refused(late, 400, "invalid_request", "approval_unknown")


def test_what_would_be_refused_is_not_put_before_a_second_person(desk: Desk) -> None:
    token = desk.own("olga")
    desk.allow(replace(TOGETHER, never_roles=("viewer",)))
    desk.nothing(desk.act(token), "never_role")
    desk.allow(TOGETHER)
    subject_denied(desk)
    desk.nothing(desk.act(token), "subject_mfa_missing")
    assert [event.outcome for event in events(desk)] == ["failure", "failure"]


def test_a_refusal_after_the_approval_leaves_the_approval(desk: Desk) -> None:
    token = desk.own("olga")
    approval = asked(desk, token)
    assert approving(desk, "otto", approval).status_code == 200
    desk.nothing(desk.act(token, approval=approval, scope="openid"), "scope_wider", "invalid_scope")
    assert desk.act(token, approval=approval).status_code == 200


def test_one_of_twenty_uses_of_an_approval_wins(desk: Desk) -> None:
    token = desk.own("olga")
    approval = asked(desk, token)
    assert approving(desk, "otto", approval).status_code == 200
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "requested_subject": "sub-1",
        "reason": WHY,
        "approval": approval,
        "client_id": DESK.client_id,
        "client_secret": "a secret of more than 32 characters",
    }
    app = desk.http.application
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: app.test_client().post("/token", data=form).status_code, range(20)))
    assert sorted(answers) == [200, *[400] * 19]
