"""A dead identity provider, on a clock that the test moves."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from broker.connectors.breaker import FAILURES, LONGEST, SHORTEST, Breaker, Turn
from broker.errors import UpstreamUnavailable

NINE_TWELVE = 1_800_004_320.0  # 2027-01-15, 09:12 UTC


@dataclass
class House:
    now: float = NINE_TWELVE
    breaker: Breaker = field(init=False)
    asked: int = 0

    def __post_init__(self) -> None:
        self.breaker = Breaker(lambda: self.now, patience=0)

    def ask(self, reason: str | None = "timeout") -> UpstreamUnavailable | None:
        """One request that ends like this; the failure that the caller sees."""
        try:
            with self.breaker():
                self.asked += 1
                if reason is not None:
                    raise UpstreamUnavailable(reason)
        except UpstreamUnavailable as failure:
            return failure
        return None

    def reasons(self, times: int, reason: str | None = "timeout") -> list[str]:
        return ["" if (failure := self.ask(reason)) is None else failure.reason for _ in range(times)]


def test_after_three_failures_nobody_waits_any_more() -> None:
    house = House()
    assert house.reasons(5) == ["timeout"] * FAILURES + ["upstream_down"] * 2
    assert house.asked == FAILURES


def test_the_page_says_since_when() -> None:
    house = House()
    house.ask()
    house.now += 90
    house.reasons(FAILURES)
    failure = house.ask()
    assert failure is not None
    assert "has not answered since 09:12 UTC (15 January 2027)" in failure.public
    assert house.breaker.down_since() == NINE_TWELVE


@pytest.mark.parametrize("reason", ["egress_blocked", "too_large", "encoding", "json", None])
def test_an_answer_that_makes_no_sense_is_an_answer(reason: str | None) -> None:
    house = House()
    house.reasons(10, reason)
    assert house.asked == 10


def test_an_answer_starts_the_count_again() -> None:
    house = House()
    house.reasons(FAILURES - 1)
    house.ask(None)
    house.reasons(FAILURES - 1)
    assert house.ask(None) is None


def test_the_pause_grows_and_one_request_tries_after_it() -> None:
    house = House()
    house.reasons(FAILURES)
    pauses = []
    for _ in range(8):
        start = house.now
        while (failure := house.ask()) is not None and failure.reason == "upstream_down":
            house.now += 1
        pauses.append(int(house.now - start))
    assert pauses == [SHORTEST, 20, 40, 80, 160, LONGEST, LONGEST, LONGEST]


def test_only_one_request_tries_after_the_pause() -> None:
    house = House()
    house.reasons(FAILURES)
    house.now += SHORTEST
    with house.breaker():
        assert house.reasons(3) == ["upstream_down"] * 3
    assert house.ask(None) is None
    assert house.breaker.down_since() is None


def test_few_requests_are_on_their_way_at_once() -> None:
    breaker = Breaker(lambda: NINE_TWELVE, at_once=1, patience=0)
    with breaker(), pytest.raises(UpstreamUnavailable) as refused, breaker():
        pass
    assert refused.value.reason == "upstream_busy"
    with breaker():
        pass


def test_few_threads_wait_for_a_document_that_another_one_fetches() -> None:
    turn, fetching, go = Turn(waiting=1, patience=0), threading.Event(), threading.Event()
    ended: list[str] = []

    def fetch(name: str) -> None:
        with turn.waited_for():
            fetching.set()
            go.wait(5)
            ended.append(name)

    first = threading.Thread(target=fetch, args=("first",))
    first.start()
    assert fetching.wait(5)
    with turn.if_free() as ours:
        assert not ours
    second = threading.Thread(target=fetch, args=("second",))
    second.start()
    refused = ""
    while not refused:  # until the second one waits
        try:
            if len(turn._room._inside) == 2:
                with turn.waited_for():
                    pass
        except UpstreamUnavailable as failure:
            refused = failure.reason
    assert refused == "upstream_busy"
    go.set()
    first.join(5)
    second.join(5)
    assert ended == ["first", "second"]
    with turn.if_free() as ours:
        assert ours


def test_a_burst_at_a_quick_identity_provider_passes() -> None:
    breaker, passed = Breaker(lambda: NINE_TWELVE, at_once=1, patience=5), []

    def ask() -> None:
        with breaker():
            passed.append(1)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(passed) == 20


def test_nobody_waits_behind_a_request_that_is_slow() -> None:
    moment = [100.0]
    breaker = Breaker(lambda: NINE_TWELVE, at_once=1, patience=1, monotonic=lambda: moment[0])
    with breaker():
        moment[0] += 1
        with pytest.raises(UpstreamUnavailable, match="upstream_busy"), breaker():
            pass
