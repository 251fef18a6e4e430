"""A token exchange with `requested_subject`: the help desk acts for somebody, and everybody can read that it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from .help_desk import (
    ALONE,
    DESK,
    NO_DESK,
    OTHER_DESK,
    WHY,
    Desk,
    elsewhere,
    entitlement,
    idle,
    never,
    no_operator,
    nobody,
    open_desk,
    subject_denied,
    withdrawn,
)
from .house import NOW, claims
from .services import ACCESS_TOKEN, EXCHANGE, ORDERS, SERVICE


@pytest.fixture
def desk(tmp_path: Path, few_rsa_keys: None) -> Iterator[Desk]:
    made = open_desk(tmp_path, ALONE)
    yield made
    made.store.close()


def test_an_operator_acts_for_somebody(desk: Desk) -> None:
    answer = desk.act(desk.own("olga"))
    body = dict(answer.json or {})
    found = claims(body.pop("access_token"))
    scope = "profile email address phone"
    assert body == {"issued_token_type": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 600, "scope": scope}
    assert found["act"] == {"sub": "olga", "client_id": "desk"}
    assert (found["sub"], found["client_id"], found["aud"]) == ("sub-1", "desk", "https://desk.example")
    assert (found["tenant"], found["roles"], found["sid"]) == ("contoso", ["viewer"], "sid-of-1")
    assert {"acr", "amr", "auth_time"}.isdisjoint(found), "the operator proved nothing of that"


def test_both_and_why_stand_in_the_tenants_audit(desk: Desk) -> None:
    desk.acting(desk.own("olga"), reason="Ticket\n4711:\u202e cannot see")
    event = desk.store.of("contoso").events()[-1].event
    assert (event.event, event.outcome, event.client_id, event.sub) == (
        "impersonation.used",
        "success",
        "desk",
        "sub-1",
    )
    assert event.detail["operator"] == "olga"
    assert event.detail["reason"] == "Ticket 4711:\\u202e cannot see"
    assert all(one.event.event != "impersonation.used" for one in desk.store.of("fabrikam").events())


def test_it_is_short(desk: Desk) -> None:
    token = desk.own("olga")
    desk.allow(replace(ALONE, longest=120))
    assert claims(desk.acting(token))["exp"] == NOW + 120
    desk.session("olga", "sid-olga", expires_at=NOW + 60)
    assert claims(desk.acting(token))["exp"] == NOW + 60, "not longer than the operator is here"


def test_it_may_be_for_an_api_that_lets_the_client_exchange(desk: Desk) -> None:
    token = desk.own("olga")
    desk.allow(ALONE)
    desk.live = replace(
        desk.live, apis={**desk.live.apis, ORDERS.audience: replace(ORDERS, exchanging=("gateway", "desk"))}
    )
    assert claims(desk.acting(token, audience=ORDERS.audience))["aud"] == ORDERS.audience
    refused = desk.act(token, audience="https://stock.example.com")
    desk.refused(refused, 400, "invalid_target", "target_not_allowed")
    assert desk.last_event().event == "impersonation.refused"


# who may, and for whom


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (withdrawn, "impersonation_off"),
        (no_operator, "not_an_operator"),
        (never, "never_role"),
        (nobody, "subject_not_here"),
        (idle, "subject_not_here"),
        (elsewhere, "subject_not_here"),
        (subject_denied, "subject_mfa_missing"),
    ],
)
def test_who_may_not_or_not_for_them(desk: Desk, change: Any, reason: str) -> None:
    token = desk.own("olga")
    change(desk)
    event = desk.nothing(desk.act(token), reason)
    assert (event.event, event.tenant, event.client_id) == ("impersonation.refused", "contoso", "desk")
    assert event.detail == {"operator": "olga", "subject": "sub-1", "reason": WHY}
    assert desk.store.of("contoso").events()[-1].event == event, "the tenant reads it"


def test_a_forbidding_role_counts_wherever_the_subject_has_it(desk: Desk) -> None:
    """Also where it means nothing to the client, and in a session that is not the newest."""
    desk.live = replace(desk.live, clients={**desk.live.clients, "desk": replace(DESK, roles=("viewer",))})
    token = desk.own("olga")
    older = desk.session("sub-1", "older", last_seen=NOW - 600)
    usual = desk.people.entitle
    high = entitlement("viewer", "admin")
    desk.people.entitle = lambda c, s, k: high if s.sid == older.sid else usual(c, s, k)  # type: ignore[method-assign]  # one of two sessions
    desk.nothing(desk.act(token), "never_role")


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"reason": None}, "reason_missing"),
        ({"reason": "   "}, "reason_missing"),
        ({"reason": "because"}, "reason_length"),
        ({"reason": "x" * 501}, "reason_length"),
        ({"requested_subject": "olga"}, "impersonation_self"),
        ({"requested_subject": "nobody"}, "subject_not_here"),
        ({"requested_subject": "desk"}, "subject_not_here"),
    ],
)
def test_a_request_that_says_too_little(desk: Desk, form: dict[str, Any], reason: str) -> None:
    assert desk.nothing(desk.act(desk.own("olga"), **form), reason).event == "impersonation.refused"


def test_no_refresh_token_and_no_id_token_can_be_asked_for(desk: Desk) -> None:
    token = desk.own("olga")
    for kind in ("refresh_token", "id_token"):
        wanted = f"urn:ietf:params:oauth:token-type:{kind}"
        desk.nothing(desk.act(token, requested_token_type=wanted), "requested_token_type")
    desk.nothing(desk.act(token, scope="openid"), "scope_wider", "invalid_scope")


def test_the_client_must_be_a_help_desks(desk: Desk) -> None:
    desk.nothing(desk.act(desk.own("olga", NO_DESK), NO_DESK), "impersonation_client")


def test_the_operators_token_is_their_own_for_this_client(desk: Desk) -> None:
    theirs = desk.own("olga", replace(OTHER_DESK))
    desk.nothing(desk.act(theirs), "subject_audience")
    aimed = replace(OTHER_DESK, audience=DESK.audience)
    desk.live = replace(desk.live, clients={**desk.live.clients, "other-desk": aimed})
    desk.nothing(desk.act(desk.own("otto", aimed)), "impersonation_token")


def test_an_operator_who_is_gone_acts_for_nobody(desk: Desk) -> None:
    token = desk.own("olga", DESK, "offline_access")
    desk.store.of("contoso").end_session("sid-olga")
    assert desk.inspected(token)["active"], "the grant outlives the session, the help desk does not"
    event = desk.nothing(desk.act(token), "session_ended")
    assert event.detail["operator"] == "olga"


def test_no_actor_beside_the_operator(desk: Desk) -> None:
    token = desk.own("olga")
    answer = desk.act(token, actor_token=desk.own("otto"), actor_token_type=ACCESS_TOKEN)
    desk.nothing(answer, "impersonation_actor")


def test_a_workload_acts_for_nobody(desk: Desk) -> None:
    bold = replace(SERVICE, client_id="bold", impersonation=True, grant_types=("client_credentials", EXCHANGE))
    desk.allow(ALONE, bold)
    tenants = {name: replace(one, services={"bold": ("viewer",)}) for name, one in desk.live.tenants.items()}
    desk.live = replace(desk.live, tenants=tenants)
    own = desk.post("/token", {"grant_type": "client_credentials", "tenant": "contoso"}, bold)
    assert own.status_code == 200, own.json
    desk.nothing(desk.act(str((own.json or {})["access_token"]), bold), "impersonation_workload")


def test_only_within_the_operators_tenant(desk: Desk) -> None:
    desk.nothing(desk.act(desk.own("olga"), tenant="fabrikam"), "tenant_switch")
