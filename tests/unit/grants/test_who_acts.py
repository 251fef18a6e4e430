"""RFC 8693 §4.1, and the tokens of workloads in exchange."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.model import Api, Client, Configuration, Entitlement, Session

from .house import House, claims
from .services import ACCESS_TOKEN, APP, ASKING, EVERYWHERE, FRONT, GATEWAY, NOWHERE, ORDERS, SERVICE, own_token, world
from .test_token_exchange import exchange, exchanged, subject


@pytest.fixture
def apis(house: House) -> House:
    house.live = world()
    return house


# who acts


def _actor(apis: House, client: Client = GATEWAY, **form: Any) -> dict[str, str]:
    token = (own_token(apis, client, **form).json or {})["access_token"]
    return {"actor_token": token, "actor_token_type": ACCESS_TOKEN}


def test_delegation_says_who_acts(apis: House) -> None:
    answer = exchanged(apis, subject(apis), **_actor(apis, tenant="contoso"))
    found = claims(answer["access_token"])
    assert (found["sub"], found["act"]) == ("sub-1", {"sub": "gateway", "client_id": "gateway"})
    assert apis.last_event().detail["actor"] == "gateway"


def chained(apis: House, depth: int) -> TestResponse:
    """A gateway that calls itself over and over."""
    looping = replace(GATEWAY, apis=())
    mirror = Api(str(GATEWAY.audience), "Front", exchanging=("gateway",))
    apis.live = replace(world(looping), apis={**world().apis, mirror.audience: mirror})
    token, actor = subject(apis), _actor(apis, tenant="contoso")
    for _ in range(depth - 1):
        token = exchanged(apis, token, looping, audience=mirror.audience, **actor)["access_token"]
    return exchange(apis, token, looping, audience=mirror.audience, **actor)


def test_who_acted_before_is_never_lost(apis: House) -> None:
    """TK-36"""
    once = {"sub": "gateway", "client_id": "gateway"}
    token = (chained(apis, 2).json or {})["access_token"]
    assert claims(token)["act"] == {**once, "act": once}
    silent = exchanged(apis, token, audience=ORDERS.audience)
    assert claims(silent["access_token"])["act"] == {**once, "act": once}


def test_a_chain_has_an_end(apis: House) -> None:
    """TK-36"""
    assert chained(apis, 4).status_code == 200
    apis.refused(chained(apis, 5), 400, "invalid_request", "act_depth")


def test_who_cannot_act(apis: House) -> None:
    """TK-36"""
    token = subject(apis)
    apis.refused(exchange(apis, token, **_actor(apis, EVERYWHERE, tenant="contoso")), 400, *_why("actor_client"))
    apis.refused(exchange(apis, token, **_actor(apis, tenant="fabrikam")), 400, *_why("actor_tenant"))
    delegated = exchanged(apis, token, **_actor(apis, tenant="contoso"))["access_token"]
    twice = {"actor_token": delegated, "actor_token_type": ACCESS_TOKEN}
    apis.refused(exchange(apis, token, **twice), 400, *_why("actor_delegated"))
    over = _actor(apis, tenant="contoso")
    apis.post("/revoke", {"token": over["actor_token"]}, GATEWAY)
    apis.refused(exchange(apis, token, **over), 400, *_why("actor_token_revoked"))


def _why(reason: str) -> tuple[str, str]:
    return "invalid_request", reason


# workloads


def test_a_workloads_token_is_exchanged_too(apis: House) -> None:
    nightly = replace(SERVICE, apis=(FRONT.audience,))
    apis.live = world(nightly)
    token = (own_token(apis, nightly, resource=FRONT.audience).json or {})["access_token"]
    found = claims(exchanged(apis, token)["access_token"])
    assert (found["sub"], found["client_id"], found["tenant"]) == ("nightly", "gateway", "contoso")
    assert (found["roles"], "sid" in found) == (["viewer", "admin"], False)
    apis.post("/revoke", {"token": token}, nightly)
    apis.refused(exchange(apis, token), 400, "invalid_request", "token_revoked")


def test_a_workload_of_no_tenant(apis: House) -> None:
    nowhere = replace(NOWHERE, apis=(FRONT.audience,))
    apis.live = world(nowhere)
    token = (own_token(apis, nowhere, resource=FRONT.audience).json or {})["access_token"]
    apis.refused(exchange(apis, token), 400, "invalid_request", "subject_tenant")
    plain = replace(GATEWAY, tenant_claims=False)
    apis.live = world(nowhere, plain)
    assert "tenant" not in claims(exchanged(apis, token, plain)["access_token"])


def test_a_workload_where_the_caller_may_not_be(apis: House) -> None:
    nightly, elsewhere = replace(SERVICE, apis=(FRONT.audience,)), replace(GATEWAY, tenants=("fabrikam",))
    apis.live = world(nightly, elsewhere)
    token = (own_token(apis, nightly, resource=FRONT.audience).json or {})["access_token"]
    apis.refused(exchange(apis, token, elsewhere), 400, "invalid_request", "client_tenant")


def test_the_client_that_the_person_signed_in_to_must_still_be_allowed(
    apis: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenant that bans an application bans what came of its tokens."""
    token = exchanged(apis, subject(apis))["access_token"]
    asked = {"token": token}
    assert (apis.post("/introspect", asked, ASKING).json or {})["active"] is True
    told = apis.people.entitlement

    def entitle(_configuration: Configuration, _session: Session, client: Client) -> Entitlement:
        return replace(told, allowed=client.client_id != APP.client_id)

    monkeypatch.setattr(apis.people, "entitle", entitle)
    assert apis.post("/introspect", asked, ASKING).json == {"active": False}
