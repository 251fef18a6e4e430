"""Groups that Entra left out, from a stand-in for Microsoft Graph (synthetic)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from broker.connectors.graph import MOST_PAGES, Graph
from broker.connectors.oidc.client_proof import by_secret
from broker.errors import UpstreamUnavailable
from broker.model import Groups, Secret
from tests.attacks.oidc.relying_party import speaking
from tests.idps.graph import OID, TID, Microsoft, group, serving


@pytest.fixture
def microsoft() -> Iterator[Microsoft]:
    with serving() as made:
        yield made


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def graph(microsoft: Microsoft, now: list[float]) -> Iterator[Graph]:
    settings = Groups("resolve", login=microsoft.origin, graph=microsoft.origin)
    with speaking() as outbound:
        yield Graph(outbound, settings, lambda _: by_secret("client_secret_post", "app", Secret("s")), lambda: now[0])


def test_every_page_is_read_with_a_token_of_the_persons_tenant(graph: Graph, microsoft: Microsoft) -> None:
    """T16"""
    assert graph.groups_of(TID, OID) == tuple(microsoft.groups)
    path, form = microsoft.seen[0]
    assert path == f"/{TID}/oauth2/v2.0/token"
    assert (form["grant_type"], form["scope"]) == ("client_credentials", f"{microsoft.origin}/.default")
    assert [path for path, _ in microsoft.seen[1:]] == [
        f"/v1.0/users/{OID}/transitiveMemberOf/microsoft.graph.group"
    ] * 3
    assert {form["authorization"] for _, form in microsoft.seen[1:]} == {"Bearer graph-token"}


def test_ten_thousand_groups_are_all_there(graph: Graph, microsoft: Microsoft) -> None:
    microsoft.groups = [group(number) for number in range(10_000)]
    assert len(graph.groups_of(TID, OID)) == 10_000


def test_the_token_is_kept_until_a_minute_before_its_end(graph: Graph, microsoft: Microsoft, now: list[float]) -> None:
    def tokens() -> int:
        return sum(path.endswith("/token") for path, _ in microsoft.seen)

    graph.groups_of(TID, OID)
    now[0] += 3539
    graph.groups_of(TID, OID)
    assert tokens() == 1
    now[0] += 1
    graph.groups_of(TID, OID)
    assert tokens() == 2


@pytest.mark.parametrize(
    ("tid", "oid"),
    [("../..", OID), (TID, "me"), (TID, f"{OID}/x"), ("None", OID), (TID.upper().replace("1", "A"), OID)],
)
def test_only_uuids_go_into_an_address(graph: Graph, microsoft: Microsoft, tid: str, oid: str) -> None:
    """RP-70"""
    with pytest.raises(UpstreamUnavailable) as refused:
        graph.groups_of(tid, oid)
    assert (refused.value.reason, microsoft.seen) == ("graph_person", [])


@pytest.mark.parametrize("elsewhere", ["https://evil.example/v1.0/users", "http://127.0.0.1:1/v1.0/", 5])
def test_our_token_goes_nowhere_else(graph: Graph, microsoft: Microsoft, elsewhere: Any) -> None:
    """CL-23"""
    microsoft.next_link = elsewhere
    with pytest.raises(UpstreamUnavailable) as refused:
        graph.groups_of(TID, OID)
    assert refused.value.reason == "graph_answer"


@pytest.mark.parametrize("answer", [[], {"value": 5}, {"value": [5]}, {"value": [{"id": "x"}]}, {"value": [{}]}])
def test_what_is_no_page_of_groups_is_no_answer(graph: Graph, microsoft: Microsoft, answer: Any) -> None:
    microsoft.answer = answer
    with pytest.raises(UpstreamUnavailable) as refused:
        graph.groups_of(TID, OID)
    assert refused.value.reason == "graph_answer"


@pytest.mark.parametrize(
    "token", [(401, {"error": "invalid_client"}), (200, {}), (200, {"access_token": "a\r\nb"}), (200, [])]
)
def test_without_a_token_there_are_no_groups(graph: Graph, microsoft: Microsoft, token: Any) -> None:
    microsoft.token = token
    with pytest.raises(UpstreamUnavailable) as refused:
        graph.groups_of(TID, OID)
    assert refused.value.reason == "graph_token"


def test_a_list_without_an_end_has_one(graph: Graph, microsoft: Microsoft) -> None:
    microsoft.page = 1
    with pytest.raises(UpstreamUnavailable) as refused:
        graph.groups_of(TID, OID)
    assert refused.value.reason == "graph_too_many"
    assert len(microsoft.seen) == 1 + MOST_PAGES
