"""What a client leaves with us before any tenant is known: read as often as it likes, taken once."""

from __future__ import annotations

import pytest

from broker.errors import StoreError
from broker.store import Store
from tests.unit.store.conftest import Clock

LATER = 1_900_000_000


def test_a_value_of_no_tenant_may_be_read_until_it_is_taken(store: Store) -> None:
    kept = store.deployment
    kept.put("par", "handle", "asked", LATER)
    assert kept.peek("par", "handle") == "asked"
    assert kept.peek("par", "handle") == "asked"
    assert kept.take("par", "handle") == ("", "asked")
    assert kept.peek("par", "handle") is None
    assert kept.take("par", "handle") is None


def test_a_handle_is_kept_once(store: Store) -> None:
    store.deployment.put("par", "handle", "asked", LATER)
    with pytest.raises(StoreError) as caught:
        store.deployment.put("par", "handle", "other", LATER)
    assert caught.value.reason == "conflict"
    assert store.deployment.peek("par", "handle") == "asked"


def test_an_expired_value_is_not_there(store: Store, clock: Clock) -> None:
    store.deployment.put("par", "handle", "asked", int(clock.now) + 60)
    clock.now += 60
    assert store.deployment.peek("par", "handle") is None


def test_a_tenants_value_is_not_read_as_nobodys(store: Store) -> None:
    store.of("a").put("code", "handle", "secret", LATER)
    assert store.deployment.peek("code", "handle") is None


def test_a_clients_mark_is_remembered_once(store: Store) -> None:
    assert store.deployment.remember_once("assertion", LATER)
    assert not store.deployment.remember_once("assertion", LATER)
    assert store.of("a").remember_once("assertion", LATER), "a tenant's marks are its own"


def test_a_mark_is_found_until_its_time_is_over(store: Store, clock: Clock) -> None:
    assert not store.deployment.remembers("revoked")
    store.deployment.remember_once("revoked", int(clock.now) + 60)
    store.of("a").remember_once("another", int(clock.now) + 60)
    assert store.deployment.remembers("revoked")
    assert not store.deployment.remembers("another")
    clock.now += 60
    assert not store.deployment.remembers("revoked")


def test_a_value_may_be_looked_at_with_its_tenant_until_it_is_taken(store: Store) -> None:
    store.of("a").put("approval", "handle", "asked", LATER)
    assert store.deployment.look("approval", "handle") == ("a", "asked")
    assert store.deployment.look("code", "handle") is None
    assert store.deployment.take("approval", "handle") == ("a", "asked")
    assert store.deployment.look("approval", "handle") is None
