"""An exchanged token names its people as the caller's sector knows them, whatever the other token called them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.model import Client, Configuration
from broker.tokens.pairwise import SID, SUB

from .house import House, claims
from .services import ACCESS_TOKEN, APP, GATEWAY, world
from .test_token_exchange import exchanged, subject

PAIRED = replace(APP, sector="app.example")
APART = replace(GATEWAY, sector="gateway.example", grant_types=(*GATEWAY.grant_types, "authorization_code"))


def live(*clients: Client) -> Configuration:
    made = world()
    return replace(made, clients={**made.clients, **{client.client_id: client for client in clients}})


def given(house: House, *clients: Client, **form: Any) -> dict[str, Any]:
    """What the gateway makes of the application's token."""
    house.live = live(*clients)
    return claims(exchanged(house, subject(house), **form)["access_token"])


@pytest.mark.parametrize("caller", [GATEWAY, APART])
@pytest.mark.parametrize("of", [APP, PAIRED])
def test_the_person_has_the_callers_name_for_them(house: House, of: Client, caller: Client) -> None:
    found = given(house, of, caller)
    assert found["sub"] == house.pairwise.outward(caller, SUB, "sub-1")
    assert found["sid"] == house.pairwise.outward(caller, SID, "sid-1")


def test_who_acts_is_a_workload_to_everybody_and_a_person_to_each_sector(house: House) -> None:
    house.live = live(APART)
    person = subject(house, APART, None)
    found = given(house, PAIRED, APART, actor_token=person, actor_token_type=ACCESS_TOKEN)
    assert found["act"] == {"sub": house.pairwise.outward(APART, SUB, "sub-1"), "client_id": "gateway"}
    worker = (house.post("/token", {"grant_type": "client_credentials", "tenant": "contoso"}, APART).json or {})[
        "access_token"
    ]
    found = given(house, PAIRED, APART, actor_token=worker, actor_token_type=ACCESS_TOKEN)
    assert found["act"] == {"sub": "gateway", "client_id": "gateway"}
