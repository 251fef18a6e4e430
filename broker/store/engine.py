"""One door to the database: SQLite in a file, or PostgreSQL. Every failure of it leaves as a StoreError.

one()      a link for a single statement, which commits by itself
several()  a write transaction: SQLite BEGIN IMMEDIATE, so that nobody reads what another is about to change
core()     SQLAlchemy's own connection, for the schema; `alone`: in a write transaction
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from broker.errors import StoreError
from broker.store.link import Driver, Link, Texts

BUSY_SECONDS = 5
POOL = {"pool_size": 8, "max_overflow": 16, "pool_timeout": BUSY_SECONDS}


class Connections(Protocol):
    """Where the statements of a TenantStore run: each by itself, or all in one transaction (`together`)."""

    together: bool

    def one(self) -> AbstractContextManager[Link]: ...

    def several(self) -> AbstractContextManager[Link]: ...


class Together:
    """The link of one open transaction: always the same one."""

    together = True

    def __init__(self, link: Link) -> None:
        self._held = nullcontext(link)

    def one(self) -> AbstractContextManager[Link]:
        return self._held

    def several(self) -> AbstractContextManager[Link]:
        return self._held


class Switchable(Driver, Protocol):
    """psycopg's connection."""

    autocommit: bool

    @property
    def closed(self) -> bool: ...


class Database:
    """`url`: sqlite:///path or postgresql+psycopg://…; nothing is opened before the first use. Raises StoreError."""

    together = False

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self.path = Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None
        self._engine = _postgresql(parsed) if self.path is None else _sqlite(parsed, self.path)
        self._dbapi = self._engine.dialect.loaded_dbapi
        self._texts = Texts(self._engine.dialect)

    @contextmanager
    def one(self) -> Iterator[Link]:
        with self._spoken(), self._driver() as driver:
            if self.path is not None:  # SQLite commits each statement by itself until somebody says BEGIN
                yield Link(driver, self._texts)
                return
            driver.autocommit = True  # psycopg's way to the same: no transaction, and no round trip to end it
            try:
                yield Link(driver, self._texts)
            finally:
                if not driver.closed:
                    driver.autocommit = False

    @contextmanager
    def several(self) -> Iterator[Link]:
        """What is not committed when the connection goes back to the pool is rolled back there."""
        with self._spoken(), self._driver() as driver:
            if self.path is not None:
                driver.execute("BEGIN IMMEDIATE")
            yield Link(driver, self._texts)
            driver.commit()

    @contextmanager
    def core(self, *, alone: bool = False) -> Iterator[Connection]:
        with self._spoken(), self._engine.begin() as connection:
            if alone and self.path is not None:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def link(self, connection: Connection) -> Link:
        """To run a statement of ours on a connection of `core`."""
        return Link(cast("Driver", connection.connection.driver_connection), self._texts)

    def make_file(self) -> None:
        """SQLite's file, readable by its owner only; an existing one stays as it is."""
        if self.path is not None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.touch(mode=0o600, exist_ok=True)

    def missing(self) -> bool:
        return self.path is not None and not self.path.exists()

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _driver(self) -> Iterator[Switchable]:
        """One of the pool's connections; a broken one does not go back."""
        held = self._engine.raw_connection()
        try:
            yield cast("Switchable", held.driver_connection)
        except self._dbapi.Error as error:
            if self._engine.dialect.is_disconnect(error, held.dbapi_connection, None):
                held.invalidate(error)
            raise
        finally:
            held.close()

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, self._dbapi.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise StoreError(self._reason(cause), detail=type(cause).__name__) from error
        except PoolTimeout as error:
            raise StoreError("unreachable", detail=type(error).__name__) from error

    def _reason(self, cause: BaseException | None) -> str:
        if isinstance(cause, self._dbapi.IntegrityError):
            return "conflict"
        away = isinstance(cause, (self._dbapi.OperationalError, self._dbapi.InterfaceError))
        return "unreachable" if away else "refused"


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
