"""What an operator acts with goes no further, and is over when it would not be given any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.store.records import Grant

from .help_desk import ALONE, DESK, Desk, entitlement, never, no_operator, nobody, open_desk, subject_denied, withdrawn
from .house import NOW, claims
from .services import ACCESS_TOKEN, GATEWAY, ORDERS


@pytest.fixture
def desk(tmp_path: Path, few_rsa_keys: None) -> Iterator[Desk]:
    made = open_desk(tmp_path, ALONE)
    yield made
    made.store.close()


# no further


def test_who_is_acted_for_is_nobodys_subject_and_nobodys_actor(desk: Desk) -> None:
    desk.people.of["sub-1"] = entitlement("helpdesk", "viewer")
    own = desk.own("olga")
    acted = desk.acting(own)
    desk.session("ben", "sid-of-ben")
    refusals = {
        "subject_impersonated": [desk.act(acted, requested_subject="ben"), desk.act(acted, requested_subject=None)],
        "actor_delegated": [
            desk.act(own, requested_subject=None, actor_token=acted, actor_token_type=ACCESS_TOKEN),
        ],
    }
    for reason, answers in refusals.items():
        for answer in answers:
            assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_request")
            assert "access_token" not in (answer.json or {})
        assert reason in {one.event.reason for one in desk.store.of("contoso").events()}
    assert len([one for one in desk.store.of("contoso").events() if one.event.reason == "subject_impersonated"]) == 2
    assert desk.store.of("contoso").grants_of("ben") == ()


def test_an_api_cannot_take_it_further(desk: Desk) -> None:
    """TK-30: the gateway may exchange what was given for it, but not this."""
    front = replace(ORDERS, audience=str(GATEWAY.audience), access_token_alg=None, exchanging=("gateway", "desk"))
    desk.live = replace(desk.live, apis={**desk.live.apis, front.audience: front})
    acted = desk.acting(desk.own("olga"), audience=front.audience)
    answer = desk.act(acted, GATEWAY, requested_subject=None, audience=ORDERS.audience)
    desk.refused(answer, 400, "invalid_request", "subject_impersonated")


def test_who_acts_for_somebody_by_delegation_is_no_operator(desk: Desk) -> None:
    own, other = desk.own("olga"), desk.own("otto")
    delegated = desk.act(own, requested_subject=None, actor_token=other, actor_token_type=ACCESS_TOKEN)
    assert delegated.status_code == 200, delegated.json
    desk.nothing(desk.act(str((delegated.json or {})["access_token"])), "impersonation_delegated")


def test_userinfo_says_nothing(desk: Desk) -> None:
    answer = desk.userinfo(desk.acting(desk.own("olga")))
    assert (answer.status_code, (answer.json or {})["error"]) == (403, "insufficient_scope")


# while it lasts


def test_introspection_shows_who_acts(desk: Desk) -> None:
    found = desk.inspected(desk.acting(desk.own("olga")))
    assert (found["active"], found["sub"]) == (True, "sub-1")
    assert found["act"] == {"sub": "olga", "client_id": "desk"}


def _operator_leaves(desk: Desk) -> None:
    desk.store.of("contoso").end_session("sid-olga")


@pytest.mark.parametrize("change", [_operator_leaves, withdrawn, no_operator, never, nobody, subject_denied])
def test_it_is_over_when_it_would_not_be_given_any_more(desk: Desk, change: Any) -> None:
    token = desk.acting(desk.own("olga"))
    assert desk.inspected(token)["active"]
    change(desk)
    assert desk.inspected(token) == {"active": False}


def test_its_client_can_end_it_alone(desk: Desk) -> None:
    own = desk.own("olga")
    acted = desk.acting(own)
    assert desk.post("/revoke", {"token": acted}, DESK).status_code == 200
    assert desk.inspected(acted) == {"active": False}
    assert desk.inspected(own)["active"]


def _offline(desk: Desk) -> None:
    """Of the subject nothing is left but what another client may still refresh."""
    here = desk.session("sub-1", "sid-of-1")
    scope = ("openid", "offline_access")
    kept = Grant("kept", "contoso", "web", "sid-of-1", "sub-1", scope, True, here, NOW, NOW + 86400)
    desk.store.of("contoso").open_grant(kept)
    desk.store.of("contoso").end_session("sid-of-1")


def test_an_offline_grant_is_enough(desk: Desk) -> None:
    _offline(desk)
    token = desk.acting(desk.own("olga"))
    assert (claims(token)["sub"], claims(token)["act"]["sub"]) == ("sub-1", "olga")
    assert desk.inspected(token)["active"]


def test_but_not_for_a_client_that_may_have_none(desk: Desk) -> None:
    _offline(desk)
    token = desk.own("olga")
    for name, scopes in (("desk", ("openid", "email")), ("web", ("openid",))):
        clients = desk.live.clients
        desk.live = replace(desk.live, clients={**clients, name: replace(clients[name], scopes=scopes)})
        refused = desk.act(token)
        desk.refused(refused, 400, "invalid_request", "subject_not_here")
        desk.live = replace(desk.live, clients=clients)
