"""How a statement reaches the database's own driver: its text is made once per process, its values go in by name.

SQLAlchemy builds the statements, knows the dialects and keeps the connections; it does not stand in the way of each
execution, which would cost several times what the database itself takes.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

from sqlalchemy import Dialect
from sqlalchemy.sql.expression import ClauseElement

Values = Mapping[str, object]
NOTHING: Values = {}


class Row(Protocol):
    """One row; its columns are its attributes, as the driver read them: a boolean may be 0 or 1."""

    def __getattr__(self, column: str) -> Any: ...  # what a column holds is the statement's business
    def __getitem__(self, place: int) -> Any: ...


class Cursor(Protocol):
    @property
    def description(self) -> Sequence[Sequence[Any]] | None: ...
    def fetchall(self) -> list[Any]: ...


class Driver(Protocol):
    """What sqlite3 and psycopg connections have in common."""

    def execute(self, text: str, values: Any = ..., /) -> Cursor: ...
    def commit(self) -> None: ...


class _Text:
    """A statement in the dialect's words. Positional dialects (SQLite) take values in the order of `names`."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, members: Sequence[str]) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(members))
        self.text = str(compiled)
        self.fixed: Values = {name: value for name, value in compiled.params.items() if name not in members}
        self.names: Sequence[str] | None = getattr(compiled, "positiontup", None)
        self.make: Callable[[Any], Row] | None = None

    def values(self, given: Values) -> object:
        if self.fixed:
            given = {**self.fixed, **given}
        return given if self.names is None else tuple([given[name] for name in self.names])

    def rows(self, cursor: Cursor) -> list[Row]:
        """All of them: a statement that is not read to its end has not ended."""
        if cursor.description is None:
            return []
        if self.make is None:
            self.make = _maker([column[0] for column in cursor.description])
        return list(map(self.make, cursor.fetchall()))


def _maker(columns: Sequence[str]) -> Callable[[Any], Row]:
    return cast("Callable[[Any], Row]", namedtuple("Row", columns)._make)  # type: ignore[attr-defined]  # mypy: a bare tuple


class Texts:
    """The texts of one dialect, each made at its first use; shared by all threads."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._texts: dict[int, _Text] = {}

    def of(self, statement: ClauseElement, given: Values) -> _Text:
        """Statements live as long as the process, and each is always given the same names."""
        found = self._texts.get(id(statement))
        if found is None:
            found = self._texts[id(statement)] = _Text(statement, self.dialect, tuple(given))
        return found


class Link:
    """A connection for one statement or one transaction."""

    __slots__ = ("_driver", "_texts")

    def __init__(self, driver: Driver, texts: Texts) -> None:
        self._driver = driver
        self._texts = texts

    @property
    def backend(self) -> str:
        """sqlite | postgresql"""
        return self._texts.dialect.name

    def rows(self, statement: ClauseElement, given: Values = NOTHING) -> list[Row]:
        text = self._texts.of(statement, given)
        return text.rows(self._driver.execute(text.text, text.values(given)))

    def row(self, statement: ClauseElement, given: Values = NOTHING) -> Row | None:
        """For statements that find one row or none."""
        found = self.rows(statement, given)
        return found[0] if found else None

    def value(self, statement: ClauseElement, given: Values = NOTHING) -> Any:
        """The first column of the one row, or None."""
        found = self.rows(statement, given)
        return found[0][0] if found else None

    def run(self, statement: ClauseElement, given: Values = NOTHING) -> None:
        """For statements that answer nothing."""
        text = self._texts.of(statement, given)
        self._driver.execute(text.text, text.values(given))
