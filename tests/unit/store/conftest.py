"""Every test of the store runs on SQLite, and again on PostgreSQL where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.seal import Seal
from broker.store import Store
from tests.postgresql import postgresql_server
from tests.unit.store.samples import KEY, NOW

__all__ = ["postgresql_server"]  # the fixture, for this folder


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/broker.db"
    database: str = request.getfixturevalue("postgresql_server").database()
    return database


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    opened = Store(url, Seal(KEY), clock)
    opened.upgrade()
    yield opened
    opened.close()
