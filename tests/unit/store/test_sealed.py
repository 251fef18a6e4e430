"""Nothing secret or personal is readable in the database, and nothing sealed opens elsewhere or under another key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from broker.model import AuditEvent, Consent, Guest
from broker.seal import Seal, SealBroken
from broker.store import Store
from broker.store.records import ImpersonationAsked
from broker.store.tables import metadata
from tests.unit.store.conftest import Clock
from tests.unit.store.samples import BROWSER, LATER, NOW, grant, key, session

PLANTED = (
    "anna.planted@contoso.example",
    "planted-private-key",
    "planted-payload",
    "planted-handle",
    "planted-code",
    "planted-refresh",
    "planted-configuration",
    "planted-assertion-id",
    "planted-group",
    "planted-department",
    "planted-why",
    "planted-upstream-sid",
    "guest.planted@fabrikam.example",
    "planted-device",
    "PLNTDCDX",
    "192.0.2.77",
    BROWSER,
)


@pytest.fixture
def full(store: Store) -> Store:
    tenant = store.of("contoso")
    tenant.put("auth_request", "planted-handle", "planted-payload", LATER)
    tenant.remember_once("planted-assertion-id", LATER)
    sub = tenant.person("adfs", "https://idp.example", "anna.planted@contoso.example")
    tenant.alias_person("", "email", "anna.planted@contoso.example", sub)
    tenant.bind_guest(Guest("fabrikam", "guest.planted@fabrikam.example"), sub)
    tenant.open_session(session(upstream_sid="planted-upstream-sid"), BROWSER)
    tenant.keep_upstream("sid-1", "contoso/adfs x", "planted-refresh", LATER, LATER)
    tenant.keep_groups("adfs", sub, ["planted-group"], LATER)
    tenant.keep_attributes(sub, {"department": ["planted-department"]})
    tenant.keep_consent(sub, "expenses", Consent(("openid",)), NOW)
    asked = ImpersonationAsked("desk", "olga", sub, "planted-why", "abcd-2345")
    tenant.ask_impersonation("planted-handle", asked, LATER)
    tenant.open_grant(grant(code="planted-code"))
    tenant.add_refresh("planted-refresh", "grant-1", LATER)
    store.devices.open("planted-device", "PLNTDCDX", "expenses", "planted-payload", wait=5, ends_at=LATER)
    store.devices.approve(store.devices.key("PLNTDCDX"), "expenses", "contoso", "planted-payload")
    store.devices.guess("192.0.2.77", 600)
    store.deployment.add_key(key())
    store.deployment.add_revision({"tenants/contoso.yaml": b"planted-configuration"}, "cli", "first", 1)
    with store.transaction() as transaction:
        transaction.record(AuditEvent("sign_in.completed", "success", "abcd-2345", tenant="contoso"))
    return store


@pytest.fixture
def rows(url: str, full: Store) -> Iterator[Connection]:
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_nothing_planted_is_readable_in_any_row(rows: Connection) -> None:
    everything = {
        table.name: [str(tuple(row)) for row in rows.execute(table.select())] for table in metadata.sorted_tables
    }
    unused = {name for name, found in everything.items() if not found}
    assert unused == {"documents", "session_clients"}, "plant something in every table"
    readable = [(planted, name) for name, found in everything.items() for planted in PLANTED if planted in str(found)]
    assert readable == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_nothing_planted_is_readable_in_the_database_files(full: Store) -> None:
    """Also not in free pages, nor in SQLite's write-ahead log."""
    folder = full._database.path
    assert folder is not None
    files = b"".join(path.read_bytes() for path in folder.parent.iterdir() if path.is_file())
    assert b"contoso" in files
    assert [planted for planted in PLANTED if planted.encode() in files] == []


@pytest.fixture
def stranger(url: str, full: Store, clock: Clock) -> Iterator[Store]:
    """The same database, opened with another key."""
    opened = Store(url, Seal(bytes(32)), clock)
    yield opened
    opened.close()


def test_another_key_opens_nothing(stranger: Store) -> None:
    tenant = stranger.of("contoso")
    for ask in (
        lambda: tenant.session("sid-1"),
        lambda: tenant.grant("grant-1"),
        lambda: stranger.deployment.keys("signing"),
        stranger.deployment.live_revision,
        lambda: stranger.deployment.expire(LATER),
        lambda: tenant.take("auth_request", "planted-handle"),
    ):
        with pytest.raises(SealBroken):
            ask()


def test_a_row_moved_to_another_tenant_does_not_open(url: str, full: Store) -> None:
    """Whoever can write the database still cannot make tenant A's session speak for tenant B."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE sessions SET tenant = 'fabrikam'"))
        connection.execute(text("UPDATE one_time SET tenant = 'fabrikam'"))
    engine.dispose()
    with pytest.raises(SealBroken):
        full.of("fabrikam").session("sid-1")
    with pytest.raises(SealBroken):
        full.deployment.browser_sessions(BROWSER)
    with pytest.raises(SealBroken):
        full.of("fabrikam").take("auth_request", "planted-handle")


def test_an_expired_keys_private_half_is_destroyed(store: Store, url: str) -> None:
    store.deployment.add_key(key(expires_at=LATER))
    store.deployment.expire(LATER)
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT private FROM keys")).scalars().all() == [""]
    engine.dispose()


def test_what_is_secret_does_not_show_in_a_repr() -> None:
    shown = repr((session(), grant(code="planted-code"), key()))
    assert [planted for planted in PLANTED if planted in shown] == []
