"""The schema: made once whoever starts first, at head or refused, and exactly what the tables say."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from broker.errors import StoreError
from broker.seal import Seal
from broker.store import Store
from broker.store.tables import metadata
from tests.unit.store.conftest import Clock
from tests.unit.store.samples import KEY

UPGRADE = """
import sys
from broker.seal import Seal
from broker.store import Store
print("ready", flush=True)
sys.stdin.readline()
store = Store(sys.argv[1], Seal(bytes(32)), lambda: 0.0)
store.upgrade()
store.require_head()
"""


def test_processes_that_upgrade_an_empty_store_at_once_make_one_schema(url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    outcomes = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
    assert outcomes == [("", 0)] * len(processes)


def test_the_migrations_make_exactly_the_tables(store: Store, url: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_an_empty_store_says_so_and_is_not_at_head(url: str, clock: Clock) -> None:
    store = Store(url, Seal(KEY), clock)
    assert store.empty()
    store.upgrade()
    assert not store.empty()
    store.require_head()
    store.close()


def test_a_store_of_another_version_is_refused(store: Store, url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError) as refused:
        store.require_head()
    assert refused.value.reason == "not_at_head"
    assert "broker db upgrade" in refused.value.public


def test_a_store_that_answers_is_ready(store: Store) -> None:
    store.ping()


def test_a_mistyped_path_makes_no_database(tmp_path: Path, clock: Clock) -> None:
    store = Store(f"sqlite:///{tmp_path}/nowhere/broker.db", Seal(KEY), clock)
    with pytest.raises(StoreError) as refused:
        store.ping()
    assert refused.value.reason == "unreachable"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://secret@host/x", "not a url"])
def test_another_kind_of_database_is_refused_without_repeating_its_url(url: str, clock: Clock) -> None:
    with pytest.raises(StoreError) as refused:
        Store(url, Seal(KEY), clock)
    assert refused.value.reason == "database_url"
    assert "secret" not in f"{refused.value} {refused.value.public}"


def test_the_database_file_is_its_owners_alone(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "var" / "broker.db"
    store = Store(f"sqlite:///{path}", Seal(KEY), clock)
    store.upgrade()
    store.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_sqlite_writes_ahead_and_loses_no_commit(tmp_path: Path, clock: Clock) -> None:
    """WAL, and synchronous FULL: after a power failure no used code or token is unused again."""
    path = tmp_path / "a b%20c?.db"
    store = Store(f"sqlite:///{str(path).replace('?', '%3F')}", Seal(KEY), clock)
    store.upgrade()
    with store._database.core() as connection:
        modes = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        keys = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
    store.close()
    assert (modes, keys) == (["wal", 2], 1)
    sqlite3.connect(next(tmp_path.glob("*.db"))).close()
