"""Devices that wait: answered once, taken once, and told to wait longer when they cannot."""

from __future__ import annotations

import pytest

from broker.store import DeviceStore, Store
from broker.store.records import DeviceAnswer, DevicePoll, DeviceWaiting
from tests.unit.store.conftest import Clock
from tests.unit.store.samples import LATER, NOW
from tests.unit.store.test_once import THREADS, at_once

PENDING = DevicePoll("pending", too_soon=False, expired=False)
HASTY = DevicePoll("pending", too_soon=True, expired=False)


@pytest.fixture
def devices(store: Store) -> DeviceStore:
    store.devices.open("device-1", "BCDFGHJK", "tv", "asked", wait=5, ends_at=LATER)
    return store.devices


@pytest.fixture
def key(devices: DeviceStore) -> str:
    return devices.key("BCDFGHJK")


def test_a_device_waits_under_its_user_code(devices: DeviceStore, key: str) -> None:
    assert devices.waiting(key) == DeviceWaiting("tv", "asked")
    assert devices.waiting(devices.key("BCDFGHJL")) is None
    assert devices.waiting("BCDFGHJK") is None


def test_a_user_code_waits_once(devices: DeviceStore) -> None:
    assert not devices.open("device-2", "BCDFGHJK", "tv", "asked", wait=5, ends_at=LATER)
    assert devices.open("device-2", "BCDFGHJL", "tv", "asked", wait=5, ends_at=LATER)


def test_who_polls_too_soon_waits_five_seconds_longer_each_time(devices: DeviceStore) -> None:
    polls = [devices.poll("device-1", "tv", NOW + at) for at in (0, 5, 9, 18, 19, 33, 48)]
    assert polls == [PENDING, PENDING, HASTY, HASTY, HASTY, HASTY, HASTY]
    assert devices.poll("device-1", "tv", NOW + 48 + 30) == PENDING


def test_only_its_client_polls_and_takes(devices: DeviceStore, key: str) -> None:
    assert devices.poll("device-1", "other", NOW) is None
    assert devices.owner("device-1") == "tv"
    assert devices.owner("device-2") is None
    assert devices.approve(key, "tv", "contoso", "answer")
    assert devices.take("device-1", "other") is None
    assert devices.take("device-1", "tv") == DeviceAnswer("contoso", "answer")


def test_what_waits_is_not_taken(devices: DeviceStore) -> None:
    assert devices.take("device-1", "tv") is None
    assert devices.poll("device-1", "tv", NOW) == PENDING


def test_an_answer_is_given_once(devices: DeviceStore, key: str) -> None:
    given = at_once(lambda: devices.approve(key, "tv", "contoso", "answer"))
    assert sum(given) == 1
    assert not devices.deny(key)
    assert devices.waiting(key) is None


def test_a_denial_stands(devices: DeviceStore, key: str) -> None:
    assert devices.deny(key)
    assert not devices.approve(key, "tv", "contoso", "answer")
    assert devices.poll("device-1", "tv", NOW) == DevicePoll("denied", too_soon=False, expired=False)
    assert devices.take("device-1", "tv") is None


def test_an_answer_is_taken_once(devices: DeviceStore, key: str) -> None:
    devices.approve(key, "tv", "contoso", "answer")
    taken = at_once(lambda: devices.take("device-1", "tv"))
    assert sorted(taken, key=str) == sorted([DeviceAnswer("contoso", "answer"), *[None] * (THREADS - 1)], key=str)


def test_an_answer_is_taken_once_by_whole_transactions(store: Store, devices: DeviceStore, key: str) -> None:
    devices.approve(key, "tv", "contoso", "answer")

    def redeem() -> DeviceAnswer | None:
        with store.transaction() as transaction:
            polled = transaction.devices.poll("device-1", "tv", NOW)
            return transaction.devices.take("device-1", "tv") if polled is not None else None

    assert [taken for taken in at_once(redeem) if taken is not None] == [DeviceAnswer("contoso", "answer")]


def test_a_late_answer_counts_no_more(store: Store, devices: DeviceStore, key: str, clock: Clock) -> None:
    clock.now = LATER
    assert devices.waiting(key) is None
    assert not devices.approve(key, "tv", "contoso", "answer")
    assert devices.poll("device-1", "tv", LATER) == DevicePoll("pending", too_soon=False, expired=True)
    store.deployment.expire(LATER)
    assert devices.poll("device-1", "tv", LATER + 60) is not None
    store.deployment.expire(LATER + 600)
    assert devices.poll("device-1", "tv", LATER + 660) is None


def test_guesses_are_counted_by_network_until_their_time_is_over(store: Store, clock: Clock) -> None:
    assert [store.devices.guess("192.0.2.1", 600) for _ in range(3)] == [1, 2, 3]
    assert store.devices.guess("192.0.2.2", 600) == 1
    clock.now += 599
    assert store.devices.guess("192.0.2.1", 600) == 4
    clock.now += 1
    assert store.devices.guess("192.0.2.1", 600) == 1


def test_guesses_at_once_are_all_counted(store: Store) -> None:
    counted = at_once(lambda: store.devices.guess("192.0.2.1", 600))
    assert sorted(counted) == list(range(1, THREADS + 1))
