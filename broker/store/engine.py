"""One door to the database: SQLite in a file, or PostgreSQL. Every failure of it leaves as a StoreError.

one()      a connection for a single statement, which commits by itself
several()  a write transaction: SQLite BEGIN IMMEDIATE, so that nobody reads what another is about to change
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from broker.errors import StoreError

BUSY_SECONDS = 5
POOL = {"pool_size": 8, "max_overflow": 16, "pool_timeout": BUSY_SECONDS}


class Connections(Protocol):
    """Where the statements of a TenantStore run: each by itself, or all in one transaction (`together`)."""

    together: bool

    def one(self) -> AbstractContextManager[Connection]: ...

    def several(self) -> AbstractContextManager[Connection]: ...


class Together:
    """The connections of one open transaction: always the same one."""

    together = True

    def __init__(self, connection: Connection) -> None:
        self._held = nullcontext(connection)

    def one(self) -> AbstractContextManager[Connection]:
        return self._held

    def several(self) -> AbstractContextManager[Connection]:
        return self._held


class Database:
    """`url`: sqlite:///path or postgresql+psycopg://…; nothing is opened before the first use. Raises StoreError."""

    together = False

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self.path = Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None
        self._engine = _postgresql(parsed) if self.path is None else _sqlite(parsed, self.path)
        # SQLite commits each statement by itself until somebody says BEGIN
        self._alone = self._engine if self.path else self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def one(self) -> Iterator[Connection]:
        with _spoken(), self._alone.connect() as connection:
            yield connection

    @contextmanager
    def several(self) -> Iterator[Connection]:
        with _spoken(), self._engine.begin() as connection:
            if self.path is not None:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def make_file(self) -> None:
        """SQLite's file, readable by its owner only; an existing one stays as it is."""
        if self.path is not None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.touch(mode=0o600, exist_ok=True)

    def missing(self) -> bool:
        return self.path is not None and not self.path.exists()

    def close(self) -> None:
        self._engine.dispose()


def _parse(url: str) -> URL:
    wanted = "The database is a file, sqlite:///path/to/broker.db, or postgresql+psycopg://user@host/name."
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("database_url", wanted) from None  # its text could hold the password
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"} and parsed.database not in {None, "", ":memory:"}:
        return parsed
    if parsed.drivername in {"postgresql", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError("database_url", wanted)


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        **POOL,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={"connect_timeout": BUSY_SECONDS, "application_name": "broker"},
    )


def _sqlite(url: URL, path: Path) -> Engine:
    return create_engine(url, **POOL, creator=lambda: _open(path), hide_parameters=True)


def _open(path: Path) -> sqlite3.Connection:
    """An existing file only: a mistyped path is an error, not a new, empty database. We say BEGIN, not the driver."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    with _alone_in(path.parent):  # turning WAL on fails beside any other reader, whatever the busy timeout
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")  # a commit lost at power failure would bring a used token back
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One thread of one process at a time."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _spoken() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise StoreError("conflict", detail=type(error.orig).__name__) from error
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise StoreError("unreachable", detail=type(error).__name__) from error
    except DBAPIError as error:
        raise StoreError("refused", detail=type(error.orig).__name__) from error
