"""One quiet thread a worker: newer revisions, expired rows, the sign-ins that nobody finished, and keys to renew.

Each job runs by itself: what breaks one is logged with a reference and counted, and holds up neither the others nor
the next look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from broker import telemetry
from broker.app.live import Live
from broker.app.rounds import Rounds
from broker.audit import new_reference
from broker.errors import BrokerError
from broker.signin import SignIn
from broker.store import Store

EVERY = 2.0  # seconds between two looks for a newer revision
PURGE_EVERY = 30  # looks between two purges


class Upkeep:
    def __init__(
        self,
        store: Store,
        live: Live,
        signin: SignIn,
        rounds: Rounds,
        clock: Callable[[], float],
        *,
        every: float = EVERY,
    ) -> None:
        self._store = store
        self._signin = signin
        self._rounds = rounds
        self._clock = clock
        self._every = every
        self._jobs: tuple[tuple[str, int, Callable[[], None]], ...] = (  # name, every how many looks, what
            ("revision", 1, live.refresh),
            ("rounds", 1, rounds.look),
            ("purge", PURGE_EVERY, self.purge),
        )
        self._faults = 0
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="upkeep")  # its thread outlives what breaks a job
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """At the worker's end: begins nothing more, and waits for what is under way."""
        self._stop.set()
        with suppress(RuntimeError):  # never started
            self._thread.join()
        self._pool.shutdown()
        self._rounds.close()

    def purge(self) -> None:
        """Delete what expired; every abandoned sign-in leaves its audit event, from whichever worker purged it."""
        with self._store.transaction() as transaction:
            for event in self._signin.abandoned(transaction.deployment.expire(int(self._clock()))):
                transaction.record(event)

    def _run(self) -> None:
        looks = 0
        while not self._stop.wait(self._every):
            looks += 1
            for name, every, job in self._jobs:
                if looks % every == 0:
                    self._do(name, job)

    def _do(self, name: str, job: Callable[[], None]) -> None:
        error = self._pool.submit(job).exception()
        if isinstance(error, BrokerError):  # the store is away: what is in force stays in force
            telemetry.report(error)
        elif error is not None:
            self._faults += 1
            telemetry.broke(f"{name} (fault {self._faults} of this worker)", error, reference=new_reference())
