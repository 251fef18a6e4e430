"""What an operator wrote into a person's record reaches the rules, at the IdPs that say so and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from broker import jose
from tests.attacks.world import World

RULES = [
    {"set": {"department": "incoming.department"}},
    {"role": "viewer", "when": 'incoming.department == "Sales"'},
]


@pytest.fixture
def sparse(fresh: World) -> World:
    """contoso's provider says little, and a record may say more."""
    fresh.tenants["contoso"]["claims"] = RULES
    fresh.clients["web"]["claims"] = ["department"]
    fresh.idp("contoso", "op")["enrich"] = {"attributes": ["department"]}
    fresh.apply()
    return fresh


def said(world: World) -> dict[str, Any]:
    return jose.peek(world.tokens("contoso", "op")["access_token"]).claims


def write(world: World, department: str) -> None:
    here = world.house.store.of("contoso")
    (known,) = {one.sub for one in here.people_of("op")}
    assert here.keep_attributes(known, {"department": (department,)})


def test_a_record_counts_from_the_next_sign_in(sparse: World) -> None:
    before = said(sparse)
    assert ("department" not in before, before["roles"]) == (True, [])
    write(sparse, "Sales")
    after = said(sparse)
    assert (after["department"], after["roles"], after["sub"]) == ("Sales", ["viewer"], before["sub"])


def test_the_idp_cannot_say_it_itself(sparse: World) -> None:
    sparse.ops["contoso"].switches.claims = {"department": "Sales"}
    assert said(sparse)["roles"] == []
    write(sparse, "Legal")
    assert said(sparse)["department"] == "Legal"


def test_what_the_configuration_lists_no_more_is_gone_from_the_next_token(sparse: World) -> None:
    """Contract section 3: the current revision's rules, on what was sealed."""
    said(sparse)
    write(sparse, "Sales")
    tokens = sparse.tokens("contoso", "op")
    assert jose.peek(tokens["access_token"]).claims["roles"] == ["viewer"]
    del sparse.idp("contoso", "op")["enrich"]
    sparse.apply()
    again = sparse.refresh(tokens["refresh_token"]).json or {}
    claims = jose.peek(again["access_token"]).claims
    assert ("department" not in claims, claims["roles"]) == (True, [])


def test_another_tenants_record_says_nothing_here(sparse: World) -> None:
    said(sparse)
    here, there = (sparse.house.store.of(name) for name in ("contoso", "fabrikam"))
    (known,) = {one.sub for one in here.people_of("op")}
    assert not there.keep_attributes(known, {"department": ("Sales",)})
    assert said(sparse)["roles"] == []
