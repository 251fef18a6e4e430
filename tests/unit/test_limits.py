"""Counting by rate, key and thing, with a clock that only the test moves."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from broker.limits import Counters, Limits, Rate, network_of

RATE = Rate("lookups", amount=3, seconds=60)
OTHER = Rate("others", amount=3, seconds=60)


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(clock, b"s" * 16)


def test_different_things_count_and_the_same_one_does_not(limits: Limits) -> None:
    for _ in range(3):
        assert [limits.wait_for_another(RATE, "a", thing) for thing in "xyz"] == [None, None, None]
    assert limits.wait_for_another(RATE, "a", "w") == 60
    assert limits.wait_for_another(RATE, "a", "w") == 60, "what was refused is not remembered as counted"
    assert limits.wait_for_another(RATE, "a", "x") is None


def test_keys_and_rates_are_apart(limits: Limits) -> None:
    for thing in "xyz":
        limits.wait_for_another(RATE, "a", thing)
    assert limits.wait_for_another(RATE, "b", "w") is None
    assert limits.wait_for_another(OTHER, "a", "w") is None


def test_the_window_ends(limits: Limits, clock: Clock) -> None:
    for thing in "xyz":
        limits.wait_for_another(RATE, "a", thing)
    clock.now += 45.5
    assert limits.wait_for_another(RATE, "a", "w") == 15
    clock.now += 14.5
    assert limits.wait_for_another(RATE, "a", "w") is None


def test_memory_is_bounded_and_holds_no_name(clock: Clock) -> None:
    limits = Limits(clock, b"s" * 16, most=100)
    for number in range(1000):
        limits.wait_for_another(RATE, f"network-{number}", "contoso.com")
    kept = limits._counters._kept
    assert len(kept) == 100
    assert not any("contoso" in key or "network" in key for key in kept)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
    ],
)
def test_a_network_is_what_one_customer_has(address: str, network: str) -> None:
    assert network_of(ip_address(address)) == network


def test_the_counters_are_a_storage_of_the_library(clock: Clock) -> None:
    counters = Counters(clock, 10)
    assert counters.incr("a", 60, 2) == 2
    assert (counters.check(), counters.base_exceptions) == (True, ())
    assert counters.get_expiry("never counted") == clock.now
    counters.clear("a")
    assert counters.get("a") == 0
    counters.incr("b", 60)
    assert (counters.reset(), counters.get("b")) == (1, 0)
