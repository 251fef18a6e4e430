"""A guest's entry is the first one's who comes with it, until the operator takes it back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from broker.model import Guest
from broker.store import Store, TenantStore
from tests.unit.store.samples import BROWSER, LATER, NOW, grant, session

ENTRY = Guest("home", "auditor@home.example", ("viewer",), LATER)


def bind_guest(_store: Store, a: TenantStore, b: TenantStore) -> None:
    assert a.bind_guest(ENTRY, "anna") == "anna"
    assert b.bind_guest(ENTRY, "ben") == "ben"
    assert a.bind_guest(ENTRY, "ben") == "anna"


def release_guests(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.bind_guest(ENTRY, "person-1")
    a.open_session(session("a"), BROWSER)
    assert b.release_guests((), NOW) == 0
    assert a.session("sid-1") == session("a")
    assert a.bind_guest(ENTRY, "ben") == "person-1"


def guest_holder(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.bind_guest(ENTRY, "anna")
    assert (a.guest_holder(ENTRY), b.guest_holder(ENTRY)) == ("anna", None)


CASES = (bind_guest, guest_holder, release_guests)


def test_one_of_twenty_who_come_at_once_gets_the_entry(store: Store) -> None:
    with ThreadPoolExecutor(20) as pool:
        holders = list(pool.map(lambda one: store.of("a").bind_guest(ENTRY, f"person-{one}"), range(20)))
    assert len(set(holders)) == 1


def test_an_entry_that_says_anything_else_is_another_entry(store: Store) -> None:
    a = store.of("a")
    a.bind_guest(ENTRY, "anna")
    for other in (replace(ENTRY, roles=()), replace(ENTRY, until=None), replace(ENTRY, email="ben@home.example")):
        assert a.bind_guest(other, "ben") == "ben"
    assert a.bind_guest(ENTRY, "ben") == "anna"


def test_release_ends_what_its_holder_had_here_and_nothing_else(store: Store) -> None:
    a = store.of("a")
    kept = replace(ENTRY, email="kept@home.example")
    a.bind_guest(ENTRY, "person-1")
    a.bind_guest(kept, "person-2")
    for sub, sid in (("person-1", "sid-1"), ("person-2", "sid-2")):
        a.open_session(session("a", sid, sub=sub), BROWSER)
        a.open_grant(grant("a", f"grant of {sub}", sub=sub, sid=sid, offline=True))
    elsewhere = store.of("home")
    elsewhere.open_session(session("home"), BROWSER)
    assert a.release_guests([kept], NOW) == 1
    assert a.session("sid-1") is None
    assert a.session("sid-2") is not None
    assert [a.grant(f"grant of {sub}").revoked_at for sub in ("person-1", "person-2")] == [NOW, None]  # type: ignore[union-attr]  # both were kept above
    assert elsewhere.session("sid-1") is not None, "at home nothing has changed"
    assert a.bind_guest(ENTRY, "ben") == "ben"
    assert a.bind_guest(kept, "ben") == "person-2"


def test_upstream_finds_its_people_where_they_are_guests_too(store: Store) -> None:
    named = session("a", home_tenant="home", upstream_sid="s", upstream_sub="u")
    store.of("a").open_session(named, BROWSER)
    own = session("a", "own", upstream_sid="s", upstream_sub="u")
    store.of("a").open_session(own, BROWSER)
    at = "https://idp.example"
    assert store.of("home").sessions_named("adfs", at, sid="s", sub=None) == (named,)
    assert store.of("home").sessions_named("adfs", at, sid=None, sub="u") == (named,)
    assert store.of("a").sessions_named("adfs", at, sid="s", sub=None) == (own,)
