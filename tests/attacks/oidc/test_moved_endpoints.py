"""RP-75: a discovery document that later points elsewhere gets neither our secret nor anybody's code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broker.errors import UpstreamUnavailable
from broker.model import AuditEvent
from broker.outbound import Outbound
from tests.attacks.oidc.relying_party import Clock, RelyingParty, Shelves, speaking
from tests.idps.oidc_op import OidcOp

HOUR = 3600.0
ENDPOINTS = ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"]


class Heard:
    """`Notices` in memory."""

    def __init__(self) -> None:
        self.said: set[str] = set()
        self.events: list[AuditEvent] = []

    def once(self, tenant: str, key: str, until: int) -> bool:
        new = key not in self.said
        self.said.add(key)
        return new

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)


@pytest.fixture
def op() -> Iterator[OidcOp]:
    with OidcOp() as opened:
        yield opened


@pytest.fixture
def thief() -> Iterator[OidcOp]:
    """Knows our client, as somebody who took over the discovery document would like to."""
    with OidcOp() as opened:
        yield opened


@pytest.fixture
def outbound() -> Iterator[Outbound]:
    with speaking() as opened:
        yield opened


def moved(op: OidcOp, thief: OidcOp, *names: str) -> None:
    for name in names:
        op.switches.metadata[name] = f"{thief.issuer}/{thief.metadata()[name].rpartition('/')[2]}"


@pytest.mark.parametrize("name", ENDPOINTS)
def test_rp_75_another_host_waits_and_hears_nothing(op: OidcOp, thief: OidcOp, outbound: Outbound, name: str) -> None:
    clock, heard = Clock(), Heard()
    party = RelyingParty(op, outbound, clock=clock, notices=heard)
    party.sign_in()
    moved(op, thief, name)
    for hours in (2, 4):
        clock.ahead = hours * HOUR
        op._clock = clock
        assert party.sign_in().subject == "ana-1"
    assert thief.seen == []
    assert [(event.event, event.reason) for event in heard.events] == [("upstream.change_waits", name)], "said once"


def test_rp_75_what_an_operator_approved_is_in_force_and_nothing_else(
    op: OidcOp, thief: OidcOp, outbound: Outbound
) -> None:
    clock, heard, shelves = Clock(), Heard(), Shelves()
    party = RelyingParty(op, outbound, clock=clock, notices=heard, shelves=shelves)
    party.sign_in()
    moved(op, thief, "authorization_endpoint")
    clock.ahead = 2 * HOUR
    party.begin()
    shown = heard.events[0].detail["digest"]
    moved(op, thief, "authorization_endpoint", "token_endpoint")
    clock.ahead = 4 * HOUR
    party.begin()
    assert party.connector.approve(shown) == (), "it is another change now"
    latest = heard.events[1].detail["digest"]
    assert party.connector.approve(latest) == ("authorization_endpoint", "token_endpoint")
    assert party.connector.approve(latest) == (), "nothing waits any more"
    fresh = RelyingParty(op, outbound, clock=clock, notices=heard, shelves=shelves)
    assert fresh.begin()[1].startswith(thief.issuer)


def test_rp_75_a_running_worker_hears_of_an_approval_within_a_minute(
    op: OidcOp, thief: OidcOp, outbound: Outbound
) -> None:
    clock, heard, shelves = Clock(), Heard(), Shelves()
    party, other = (RelyingParty(op, outbound, clock=clock, notices=heard, shelves=shelves) for _ in range(2))
    party.begin()
    moved(op, thief, "authorization_endpoint")
    clock.ahead = 2 * HOUR
    assert all(one.begin()[1].startswith(op.issuer) for one in (party, other))
    RelyingParty(op, outbound, clock=clock, notices=heard, shelves=shelves).connector.approve(
        heard.events[0].detail["digest"]
    )
    clock.ahead += 61
    asked = op.asked("/.well-known/openid-configuration")
    assert all(one.begin()[1].startswith(thief.issuer) for one in (party, other))
    assert op.asked("/.well-known/openid-configuration") == asked, "the store knows"


@pytest.mark.parametrize(
    ("discovery", "said"),
    [("{op}/elsewhere", "answers with an error since"), ("http://127.0.0.1:9/", "has not answered since")],
)
def test_a_failure_that_lasts_is_told_as_what_it_is(op: OidcOp, outbound: Outbound, discovery: str, said: str) -> None:
    discovery = discovery.format(op=op.issuer)
    party = RelyingParty(op, outbound, discovery=discovery)
    with pytest.raises(UpstreamUnavailable):
        party.begin()
    with pytest.raises(UpstreamUnavailable) as failure:
        party.begin()
    assert said in failure.value.public


def test_a_change_that_was_taken_back_waits_no_more(op: OidcOp, thief: OidcOp, outbound: Outbound) -> None:
    clock, heard = Clock(), Heard()
    party = RelyingParty(op, outbound, clock=clock, notices=heard)
    party.begin()
    moved(op, thief, "token_endpoint")
    clock.ahead = 2 * HOUR
    party.begin()
    op.switches.metadata.clear()
    clock.ahead = 4 * HOUR
    party.begin()
    assert party.connector.approve(heard.events[0].detail["digest"]) == ()


def test_another_path_of_the_same_host_is_taken_at_once(op: OidcOp, outbound: Outbound) -> None:
    clock, heard = Clock(), Heard()
    party = RelyingParty(op, outbound, clock=clock, notices=heard)
    party.begin()
    op.switches.metadata["authorization_endpoint"] = f"{op.issuer}/elsewhere"
    clock.ahead = 2 * HOUR
    assert party.begin()[1].startswith(f"{op.issuer}/elsewhere?")
    assert heard.events == []
