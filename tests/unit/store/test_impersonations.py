"""An impersonation waits for one other person, and is used once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from broker.store import Store, TenantStore
from broker.store.records import ImpersonationAsked
from tests.unit.store.conftest import Clock
from tests.unit.store.samples import BROWSER, LATER, session

ASKED = ImpersonationAsked("desk", "olga", "sub-1", "Ticket 4711: cannot see the invoice", "abcd-2345")
APPROVED = replace(ASKED, approver="otto")


def ask_impersonation(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.ask_impersonation("handle", ASKED, LATER)
    b.ask_impersonation("handle", replace(ASKED, subject="sub-2"), LATER)
    assert a.impersonation("handle") == ASKED


def impersonation(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.ask_impersonation("handle", ASKED, LATER)
    assert (a.impersonation("handle"), b.impersonation("handle")) == (ASKED, None)


def approve_impersonation(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.ask_impersonation("handle", ASKED, LATER)
    assert not b.approve_impersonation("handle", "otto")
    assert a.impersonation("handle") == ASKED
    assert a.approve_impersonation("handle", "otto")
    assert a.impersonation("handle") == APPROVED


def take_impersonation(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.ask_impersonation("handle", ASKED, LATER)
    assert a.approve_impersonation("handle", "otto")
    assert b.take_impersonation("handle") is None
    assert a.take_impersonation("handle") == APPROVED


def sessions_of_person(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_session(session("a"), BROWSER)
    assert b.sessions_of_person("person-1") == ()
    assert a.sessions_of_person("person-1") == (session("a"),)


CASES = (ask_impersonation, impersonation, approve_impersonation, take_impersonation, sessions_of_person)


def test_nobody_approves_for_themselves_or_after_somebody(store: Store) -> None:
    a = store.of("a")
    a.ask_impersonation("handle", ASKED, LATER)
    assert not a.approve_impersonation("handle", "olga")
    assert a.take_impersonation("handle") is None, "nobody has approved it"
    assert a.approve_impersonation("handle", "otto")
    assert not a.approve_impersonation("handle", "oscar")
    assert a.take_impersonation("handle") == APPROVED
    assert a.take_impersonation("handle") is None


def test_one_of_twenty_who_use_it_at_once_gets_it(store: Store) -> None:
    store.of("a").ask_impersonation("handle", ASKED, LATER)
    store.of("a").approve_impersonation("handle", "otto")
    with ThreadPoolExecutor(20) as pool:
        taken = list(pool.map(lambda _: store.of("a").take_impersonation("handle"), range(20)))
    assert [one for one in taken if one is not None] == [APPROVED]


def test_one_of_twenty_who_approve_it_at_once_has_done_so(store: Store) -> None:
    store.of("a").ask_impersonation("handle", ASKED, LATER)
    with ThreadPoolExecutor(20) as pool:
        done = list(pool.map(lambda one: store.of("a").approve_impersonation("handle", f"person-{one}"), range(20)))
    assert done.count(True) == 1


@pytest.mark.parametrize("approved", [False, True])
def test_it_is_over_in_time(store: Store, clock: Clock, approved: bool) -> None:
    a = store.of("a")
    a.ask_impersonation("handle", ASKED, LATER)
    if approved:
        assert a.approve_impersonation("handle", "otto")
    clock.now = LATER
    assert a.impersonation("handle") is None
    assert not a.approve_impersonation("handle", "oscar")
    assert a.take_impersonation("handle") is None
    store.deployment.expire(LATER)
    clock.now = LATER - 1
    assert a.impersonation("handle") is None, "the row is gone"


def test_why_is_sealed(tmp_path: Path, store: Store, url: str) -> None:
    store.of("a").ask_impersonation("handle", ASKED, LATER)
    assert url.startswith("postgresql") or all(b"4711" not in file.read_bytes() for file in tmp_path.iterdir())


def test_of_several_sessions_the_last_seen_comes_first(store: Store) -> None:
    a = store.of("a")
    for number, sid in enumerate(("first", "third", "second")):
        seen = {"first": 30, "second": 20, "third": 10}[sid]
        a.open_session(session("a", sid, idp=f"idp-{number}", last_seen=session("a").last_seen + seen), f"b-{number}")
    a.open_session(session("a", "anothers", sub="person-2"), "another")
    assert [one.sid for one in a.sessions_of_person("person-1")] == ["first", "second", "third"]
