"""Law: what belongs to one tenant does not exist for another. Every method of TenantStore has its case here."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from broker.errors import StoreError
from broker.model import AuditEvent
from broker.store import DeploymentStore, Store, TenantStore
from tests.unit.store import test_consents, test_guests, test_impersonations, upstream_cases
from tests.unit.store.samples import BROWSER, LATER, NOW, grant, session

Case = Callable[[Store, TenantStore, TenantStore], None]


def put(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.put("code", "handle", "of a", LATER)
    with pytest.raises(StoreError, match="conflict"):
        b.put("code", "handle", "of b", LATER)
    assert a.take("code", "handle") == "of a"


def take(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.put("code", "handle", "of a", LATER)
    assert b.take("code", "handle") is None
    assert a.take("code", "handle") == "of a"


def remember_once(_store: Store, a: TenantStore, b: TenantStore) -> None:
    assert a.remember_once("assertion", LATER)
    assert b.remember_once("assertion", LATER)
    assert not a.remember_once("assertion", LATER)


def person(_store: Store, a: TenantStore, b: TenantStore) -> None:
    assert a.person("adfs", "https://idp", "anna") != b.person("adfs", "https://idp", "anna")


def open_session(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_session(session("a"), BROWSER)
    with pytest.raises(StoreError, match="foreign_tenant"):
        b.open_session(session("a", sub="thief"), BROWSER)
    b.open_session(session("b", sub="other"), "another browser")
    assert a.session("sid-1") == session("a")


def read_session(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_session(session("a"), BROWSER)
    assert b.session("sid-1") is None
    assert a.session("sid-1") == session("a")


def touch_session(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_session(session("a"), BROWSER)
    b.touch_session("sid-1", NOW + 9)
    assert a.session("sid-1") == session("a")


def end_session(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_session(session("a"), BROWSER)
    b.end_session("sid-1")
    assert a.session("sid-1") == session("a")


def sessions_of(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_session(session("a"), BROWSER)
    assert b.sessions_of("adfs", "person-1") == ()
    assert a.sessions_of("adfs", "person-1") == (session("a"),)


def note_client(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_session(session("a"), BROWSER)
    b.note_client("sid-1", "expenses")
    assert a.clients_of("sid-1") == ()


def clients_of(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_session(session("a"), BROWSER)
    a.note_client("sid-1", "expenses")
    assert b.clients_of("sid-1") == ()
    assert a.clients_of("sid-1") == ("expenses",)


def open_grant(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_grant(grant("a"))
    with pytest.raises(StoreError, match="foreign_tenant"):
        b.open_grant(grant("a", sub="thief"))
    b.open_grant(grant("b", sub="other"))
    assert a.grant("grant-1") == grant("a")


def read_grant(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_grant(grant("a"))
    assert b.grant("grant-1") is None
    assert a.grant("grant-1") == grant("a")


def revoke_grant(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_grant(grant("a"))
    b.revoke_grant("grant-1", NOW)
    assert a.grant("grant-1") == grant("a")


def revoke_session_grants(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_grant(grant("a"))
    b.revoke_session_grants("sid-1", NOW)
    assert a.grant("grant-1") == grant("a")


def grants_of(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_grant(grant("a"))
    assert b.grants_of("person-1") == ()
    assert a.grants_of("person-1") == (grant("a"),)


def revoke_grants_to(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_grant(grant("a"))
    assert b.revoke_grants_to("expenses", "person-1", NOW) == ()
    assert a.grant("grant-1") == grant("a")


def end_everything(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_session(session("a"), BROWSER)
    a.open_grant(grant("a"))
    a.put("code", "handle", "of a", LATER)
    b.end_everything(NOW)
    assert a.session("sid-1") == session("a")
    assert a.grant("grant-1") == grant("a")
    assert a.take("code", "handle") == "of a"


def add_refresh(store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_grant(grant("a"))
    with pytest.raises(StoreError, match="conflict"):
        b.add_refresh("token", "grant-1", LATER)
    assert store.deployment.owner_of_refresh("token") is None


def use_refresh(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_grant(grant("a"))
    a.add_refresh("token", "grant-1", LATER)
    assert b.use_refresh("token", NOW) is None
    assert state(a.use_refresh("token", NOW)) == "fresh"


def peek_refresh(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_grant(grant("a"))
    a.add_refresh("token", "grant-1", LATER)
    assert b.peek_refresh("token") is None
    assert state(a.peek_refresh("token")) == "fresh"


def load_document(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.save_document("adfs", "metadata", b"of a", NOW)
    assert b.load_document("adfs", "metadata") is None
    assert a.load_document("adfs", "metadata") == (b"of a", NOW)


def save_document(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.save_document("adfs", "metadata", b"of a", NOW)
    b.save_document("adfs", "metadata", b"of b", NOW + 1)
    assert a.load_document("adfs", "metadata") == (b"of a", NOW)


def events(store: Store, a: TenantStore, b: TenantStore) -> None:
    with store.transaction() as transaction:
        transaction.record(AuditEvent("sign_in.completed", "success", "abcd-2345", tenant="a"))
    assert b.events() == b.events("abcd-2345") == ()
    assert len(a.events()) == len(a.events("abcd-2345")) == 1


CASES: dict[str, Case] = {
    case.__name__.removeprefix("read_"): case
    for case in (
        put,
        take,
        remember_once,
        person,
        open_session,
        read_session,
        touch_session,
        end_session,
        sessions_of,
        note_client,
        clients_of,
        open_grant,
        read_grant,
        revoke_grant,
        revoke_session_grants,
        grants_of,
        revoke_grants_to,
        end_everything,
        add_refresh,
        use_refresh,
        peek_refresh,
        load_document,
        save_document,
        events,
        *upstream_cases.CASES,
        *test_guests.CASES,
        *test_consents.CASES,
        *test_impersonations.CASES,
    )
}

DEPLOYMENT = {
    "put",
    "peek",
    "remember_once",
    "remembers",
    "take",
    "owner_of_refresh",
    "grant_of_code",
    "home_of",
    "browser_sessions",
    "move_browser",
    "lock",
    "keys",
    "add_key",
    "change_key",
    "live_number",
    "look",
    "live_revision",
    "add_revision",
    "revisions",
    "expire",
    "events",
}


def state(use: object) -> object:
    return getattr(use, "state", None)


def public(kind: type[object]) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind) if not name.startswith("_")}


@pytest.mark.parametrize("method", sorted(public(TenantStore)))
def test_another_tenants_data_does_not_exist(store: Store, method: str) -> None:
    assert method in CASES, f"TenantStore.{method} needs a case that proves tenants apart"
    CASES[method](store, store.of("a"), store.of("b"))


@pytest.mark.parametrize("method", sorted(set(CASES) - {"put", "add_refresh", "events"}))
def test_tenants_stay_apart_inside_one_transaction(store: Store, method: str) -> None:
    """The same cases on one connection, but for those that end the transaction or open their own."""
    with store.transaction() as transaction:
        CASES[method](store, transaction.of("a"), transaction.of("b"))


def test_what_belongs_to_no_tenant_is_a_closed_list() -> None:
    assert public(DeploymentStore) == DEPLOYMENT
