"""What may happen once happens once, whoever asks at the same time, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from broker.errors import StoreError
from broker.store import Store
from tests.unit.store.conftest import Clock
from tests.unit.store.samples import LATER, NOW, grant, key

THREADS = 20
T = TypeVar("T")


def at_once(act: Callable[[], T]) -> list[T]:
    """What `act` gives to every one of THREADS threads that start it together."""
    gate = threading.Barrier(THREADS)

    def wait_and_act() -> T:
        gate.wait()
        return act()

    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result() for future in [pool.submit(wait_and_act) for _ in range(THREADS)]]


def test_a_value_is_taken_once(store: Store) -> None:
    store.of("contoso").put("code", "handle", "payload", LATER)
    taken = at_once(lambda: store.of("contoso").take("code", "handle"))
    assert sorted(taken, key=str) == [None] * (THREADS - 1) + ["payload"]


def test_a_value_is_taken_once_by_handle_alone(store: Store) -> None:
    store.of("contoso").put("code", "handle", "payload", LATER)
    taken = at_once(lambda: store.deployment.take("code", "handle"))
    assert [value for value in taken if value is not None] == [("contoso", "payload")]


def test_a_value_is_taken_once_by_whole_transactions(store: Store) -> None:
    store.of("contoso").put("code", "handle", "payload", LATER)

    def take() -> str | None:
        with store.transaction() as transaction:
            return transaction.of("contoso").take("code", "handle")

    assert [value for value in at_once(take) if value is not None] == ["payload"]


def test_a_replay_mark_is_new_once(store: Store) -> None:
    assert sum(at_once(lambda: store.of("contoso").remember_once("issuer assertion", LATER))) == 1


def test_a_person_is_made_once(store: Store) -> None:
    subs = at_once(lambda: store.of("contoso").person("adfs", "https://idp", "anna"))
    assert len(set(subs)) == 1


def test_a_refresh_token_is_fresh_once(store: Store) -> None:
    store.of("contoso").open_grant(grant())
    store.of("contoso").add_refresh("token", "grant-1", LATER)
    uses = at_once(lambda: store.of("contoso").use_refresh("token", NOW))
    assert sorted(use.state for use in uses if use) == ["fresh"] + ["used"] * (THREADS - 1)


def test_revisions_are_numbered_without_gaps(store: Store) -> None:
    made = at_once(lambda: store.deployment.add_revision({"broker.yaml": b"x"}, "cli", "", NOW))
    assert sorted(revision.number for revision in made) == list(range(1, THREADS + 1))


def test_a_lock_lets_one_transaction_in_at_a_time(store: Store) -> None:
    def make_first_key() -> bool:
        with store.transaction() as transaction:
            transaction.deployment.lock("keys")
            if transaction.deployment.keys("signing"):
                return False
            transaction.deployment.add_key(key(f"kid-{threading.get_ident()}"))
            return True

    assert sum(at_once(make_first_key)) == 1


def test_an_abandoned_sign_in_is_reported_once(store: Store, clock: Clock) -> None:
    store.of("contoso").put("auth_request", "handle", "the request", LATER)
    store.of("contoso").put("arrival", "other", "the answer", LATER)
    clock.now = LATER
    said = sum(at_once(lambda: store.deployment.expire(LATER)), ())
    assert sorted(said) == [("arrival", "the answer"), ("auth_request", "the request")]


def test_a_lock_outside_a_transaction_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="lock_without_transaction"):
        store.deployment.lock("keys")
