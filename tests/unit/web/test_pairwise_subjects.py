"""`subject_type: pairwise` over HTTP: one sector's names everywhere, and people found again by them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.errors import TokenRejected
from broker.model import Actor, Authorization, Client
from broker.tokens.pairwise import SID, SUB
from tests.unit.grants.house import SPA, WEB, claims
from tests.unit.web.leaving import APP, BACK, FRAMED, LEFT, Leaving, asks, clients, frames, is_over

PAIRED = replace(APP, sector="app.example.com")
SISTER = replace(APP, client_id="sister", sector="app.example.com", backchannel_logout_uri=None)
APART = replace(FRAMED, client_id="apart", sector="spa.example.com")
HIDDEN = replace(PAIRED, client_id="hidden", tenant_claims=False)


@pytest.fixture
def paired(leaving: Leaving) -> Leaving:
    leaving.live = clients(PAIRED, SISTER, APART, HIDDEN, SPA)
    return leaving


def name(house: Leaving, kind: str, client: Client = PAIRED) -> str:
    return house.pairwise.outward(client, kind, {SUB: "sub-1", SID: "sid-1"}[kind])


def names(token: str) -> tuple[str, str]:
    said = claims(token)
    return said["sub"], said["sid"]


def hint(house: Leaving, client: Client = PAIRED) -> str:
    return str(house.tokens_of(client)["id_token"])


def introspected(house: Leaving, token: str, client: Client = PAIRED) -> dict[str, Any]:
    return dict(house.post("/introspect", {"token": token}, client).json or {})


def test_tokens_and_userinfo_agree(paired: Leaving) -> None:
    tokens = paired.tokens_of(PAIRED)
    expected = (name(paired, SUB), name(paired, SID))
    assert "sub-1" not in expected
    assert names(tokens["id_token"]) == names(tokens["access_token"]) == expected
    assert (paired.userinfo(tokens["access_token"]).json or {})["sub"] == expected[0]
    again = paired.refresh(tokens["refresh_token"], PAIRED).json or {}
    assert names(again["id_token"]) == names(again["access_token"]) == expected


def test_one_sector_shares_names_and_another_has_its_own(paired: Leaving) -> None:
    here, sister, apart, public = (names(hint(paired, client)) for client in (PAIRED, SISTER, APART, SPA))
    assert here == sister
    assert public == ("sub-1", "sid-1")
    assert not {*here} & {*apart, *public}
    assert not {*apart} & {*public}


def test_introspection_says_what_the_token_says(paired: Leaving) -> None:
    tokens = paired.tokens_of(PAIRED)
    said = introspected(paired, tokens["access_token"])
    assert (said["sub"], said["sid"]) == names(tokens["access_token"])
    assert introspected(paired, tokens["refresh_token"])["sub"] == said["sub"]


def test_the_audit_knows_the_person_by_our_own_name(paired: Leaving) -> None:
    paired.tokens_of(PAIRED)
    event = paired.last_event()
    assert (event.event, event.sub, event.sid) == ("token.issued", "sub-1", "sid-1")


@pytest.mark.parametrize("client", [PAIRED, HIDDEN], ids=["tenant", "no tenant claims"])
def test_a_hint_finds_its_session_and_every_client_hears_its_own_names(paired: Leaving, client: Client) -> None:
    tokens = paired.tokens_of(client)
    paired.tokens_of(APART)
    response = paired.leave(id_token_hint=tokens["id_token"])
    paired.deliveries.work()
    assert not paired.alive()
    ((url, form),) = paired.receivers.posts
    assert url == BACK
    assert names(form["logout_token"]) == names(tokens["id_token"])
    (frame,) = frames(response)
    assert parse_qs(urlsplit(frame).query)["sid"] == [name(paired, SID, APART)]
    assert "sid-1" not in response.text


def test_a_hint_of_an_expired_token_is_still_one(paired: Leaving) -> None:
    token = hint(paired)
    paired.now += 700
    assert paired.leave(id_token_hint=token, post_logout_redirect_uri=LEFT).status_code == 303
    assert not paired.alive()


@pytest.mark.parametrize(
    ("now", "answer"), [(replace(PAIRED, sector=None), is_over), (replace(PAIRED, sector="elsewhere.example"), asks)]
)
def test_a_name_of_before_ends_nothing(paired: Leaving, now: Client, answer: Any) -> None:
    """The client's sector has changed since."""
    paired.carry_cookie()
    token = hint(paired)
    paired.live = clients(now)
    assert answer(paired.leave(id_token_hint=token))
    assert paired.alive()


def test_a_hint_at_authorize_means_the_person(paired: Leaving) -> None:
    found = paired.tokens.hint(hint(paired), paired.live)
    assert (found.client_id, found.sub, found.sid) == ("web", "sub-1", "sid-1")
    with pytest.raises(TokenRejected) as refused:
        paired.tokens.hint(hint(paired), clients(replace(PAIRED, sector="elsewhere.example")))
    assert refused.value.reason == "sub"


def test_a_sub_that_was_asked_for_means_the_person(paired: Leaving) -> None:
    """OIDC Core §5.5.1. Our own name proves nothing to a client that was never told it."""
    assert paired.tokens.subject(name(paired, SUB), PAIRED) == "sub-1"
    for stranger in ("sub-1", name(paired, SUB, APART)):
        with pytest.raises(TokenRejected):
            paired.tokens.subject(stranger, PAIRED)


def test_a_token_of_another_sector_is_no_access_token_any_more(paired: Leaving) -> None:
    token = paired.tokens_of(PAIRED)["access_token"]
    paired.live = clients(replace(PAIRED, sector="elsewhere.example"))
    response = paired.userinfo(token)
    assert response.status_code == 401
    event = paired.last_event()
    assert (event.event, event.outcome, event.reason) == ("userinfo.rejected", "failure", "sub")
    assert introspected(paired, token, replace(PAIRED, sector="elsewhere.example")) == {"active": False}


def test_who_acts_is_named_for_the_sector_too(paired: Leaving) -> None:
    actors = (Actor("sub-2", "web", person=True), Actor("worker", "worker", person=False))
    authorization = Authorization(
        client_id="worker",
        grant_id="g",
        tenant="contoso",
        sub="worker",
        scope=(),
        claims={},
        roles=(),
        audience=("a",),
        revision=1,
        workload=True,
        actors=actors,
    )
    seen = paired.pairwise.seen_by(PAIRED, authorization)
    assert (seen.sub, seen.sid) == ("worker", None), "a workload is its client_id to everybody"
    assert seen.actors == (replace(actors[0], sub=paired.pairwise.outward(PAIRED, SUB, "sub-2")), actors[1])


def test_a_person_is_never_named_like_the_client(paired: Leaving) -> None:
    """RFC 9700 §4.15"""
    unlucky = replace(PAIRED, client_id=name(paired, SUB))
    paired.live = clients(unlucky)
    response = paired.redeem(paired.sign_in(unlucky), unlucky)
    paired.refused(response, 500, "server_error", "sub_is_client")


def test_discovery_says_so(paired: Leaving) -> None:
    document = paired.http.get("/.well-known/openid-configuration").json or {}
    assert document["subject_types_supported"] == ["public", "pairwise"]
    assert WEB.sector is None, "and public is what a client gets that does not ask"
