"""The quiet thread, with jobs that break."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

import broker.app
from broker.app.live import Live
from broker.app.rounds import Rounds
from broker.app.upkeep import Upkeep
from broker.cli.gunicorn_server import Server
from broker.errors import StoreError
from broker.signin import SignIn
from broker.store import Store
from tests.flows.conftest import installation


@dataclass
class Jobs:
    """What upkeep calls. `fails`: how the revision's job ends; `looked`: set at the third look of the rounds."""

    fails: Exception
    refreshed: int = 0
    looks: int = 0
    looked: threading.Event = field(default_factory=threading.Event)
    closed: bool = False

    def refresh(self) -> None:
        self.refreshed += 1
        raise self.fails

    def look(self) -> None:
        self.looks += 1
        if self.looks == 3:
            self.looked.set()

    def close(self) -> None:
        self.closed = True


def ran(fails: Exception) -> Jobs:
    jobs = Jobs(fails)
    nobody = cast("SignIn", None)
    live, rounds = cast("Live", jobs), cast("Rounds", jobs)
    upkeep = Upkeep(cast("Store", None), live, nobody, rounds, lambda: 0.0, every=0.0)
    upkeep.start()
    assert jobs.looked.wait(10), "the thread goes on"
    upkeep.stop()
    looks = jobs.looks
    assert not upkeep._thread.is_alive()
    assert (jobs.closed, jobs.looks) == (True, looks)
    return jobs


def test_what_nobody_foresaw_stops_neither_the_thread_nor_the_other_jobs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "broker"):
        jobs = ran(ValueError("planted-text"))
    assert jobs.refreshed >= 3
    said = [one for one in caplog.records if one.name == "broker.broke"]
    assert [one.getMessage() for one in said[:2]] == [
        f"revision (fault {number} of this worker) broke" for number in (1, 2)
    ]
    assert {one.__dict__["reason"] for one in said} == {"ValueError"}
    assert all(one.__dict__["detail"].startswith(__file__) for one in said)
    assert len({one.__dict__["reference"] for one in said}) == len(said)
    assert "planted-text" not in caplog.text


def test_a_store_that_is_away_is_reported_as_what_it_is(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "broker"):
        ran(StoreError("unreachable"))
    assert {one.name for one in caplog.records} == {"broker.refused"}


def test_upkeep_that_never_began_can_be_stopped() -> None:
    jobs = Jobs(ValueError())
    live, rounds = cast("Live", jobs), cast("Rounds", jobs)
    Upkeep(cast("Store", None), live, cast("SignIn", None), rounds, lambda: 0.0).stop()
    assert jobs.closed


def test_a_worker_that_ends_leaves_no_thread_behind(tmp_path: Path) -> None:
    made = installation(tmp_path)
    broker.app.prepare(made.folder, made.environ)
    before = set(threading.enumerate())
    server = Server(made.folder, made.environ, {})
    server.load()
    assert {one.name for one in set(threading.enumerate()) - before} >= {"upkeep"}
    server.ended(None, None)
    assert set(threading.enumerate()) <= before
