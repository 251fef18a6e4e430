"""Memory, descriptors and threads of the broker's workers, and the rows of its tables, sampled."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy import Engine, func, select

from broker.store.tables import audit_events, metadata
from tests.performance import cpu
from tests.soak.ledger import Event

GROWTH, ALLOWANCE = 0.05, 2.0  # of the middle third's median, and megabytes
MORE_HANDLES = 8  # descriptors or threads: a thread pool or a connection pool may still fill


@dataclass(frozen=True, slots=True)
class Sample:
    """seconds: since the start. A worker's pid -> its proportional set size in MB, its descriptors, its threads."""

    seconds: float
    memory: dict[int, float]
    descriptors: dict[int, int]
    threads: dict[int, int]
    rows: dict[str, int]


@dataclass
class Watch:
    root: int  # gunicorn's master
    engine: Engine
    every: float
    samples: list[Sample] = field(default_factory=list)

    def run(self, stopped: threading.Event) -> None:
        began = time.monotonic()
        while not stopped.is_set():
            self.samples.append(self._sample(time.monotonic() - began))
            stopped.wait(max(0.0, began + len(self.samples) * self.every - time.monotonic()))

    def _sample(self, seconds: float) -> Sample:
        workers = cpu.tree(self.root)[1:]
        memory, descriptors, threads = {}, {}, {}
        for pid in workers:
            with contextlib.suppress(OSError):
                memory[pid] = cpu.megabytes(pid)
                descriptors[pid] = len(list((cpu.PROC / str(pid) / "fd").iterdir()))
                threads[pid] = len(list((cpu.PROC / str(pid) / "task").iterdir()))
        return Sample(seconds, memory, descriptors, threads, self._rows())

    def _rows(self) -> dict[str, int]:
        with self.engine.connect() as connection:
            counts = {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in metadata.sorted_tables
            }
        return {name: int(count) for name, count in counts.items()}


def workers(samples: list[Sample]) -> list[int]:
    """Every worker that was ever seen, in order of appearance."""
    return list(dict.fromkeys(pid for sample in samples for pid in sample.memory))


def thirds(figures: list[float]) -> tuple[float, float]:
    """Medians of the middle and of the last third."""
    size = len(figures) // 3
    return median(figures[size : 2 * size] or figures), median(figures[2 * size :])


def flat(figures: list[float]) -> bool:
    """Megabytes: the last third's median is within 5 % + 2 MB of the middle third's."""
    middle, last = thirds(figures)
    return last <= middle * (1 + GROWTH) + ALLOWANCE


def level(counts: list[float]) -> bool:
    """Descriptors or threads: the last third's median is at most a few above the middle third's."""
    middle, last = thirds(counts)
    return last <= middle + MORE_HANDLES


def audited(engine: Engine) -> Counter[Event]:
    """Every successful audit event, as far as an app can know it."""
    columns = audit_events.c
    asked = (columns.event, columns.tenant, columns.client_id, columns.sub, columns.sid)
    query = select(*asked, func.count()).where(columns.outcome == "success").group_by(*asked)
    with engine.connect() as connection:
        found = connection.execute(query).all()
    return Counter({Event(*(value or "" for value in row[:5])): int(row[5]) for row in found})


def reasons(engine: Engine) -> dict[str, str]:
    """Reference -> the reason of its last failure."""
    columns = audit_events.c
    query = select(columns.reference, columns.reason).where(columns.outcome == "failure").order_by(columns.number)
    with engine.connect() as connection:
        return {str(reference): str(reason) for reference, reason in connection.execute(query)}
