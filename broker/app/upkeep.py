"""One quiet thread a worker: newer revisions, expired rows, the sign-ins that nobody finished, and keys to renew."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from broker import telemetry
from broker.app.live import Live
from broker.errors import BrokerError
from broker.signin import SignIn
from broker.store import Store

EVERY = 2.0  # seconds between two looks for a newer revision
PURGE_EVERY = 30  # looks between two purges


class Upkeep:
    """also: called at each look."""

    def __init__(
        self,
        store: Store,
        live: Live,
        signin: SignIn,
        clock: Callable[[], float],
        also: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._live = live
        self._signin = signin
        self._also = also
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        with suppress(RuntimeError):  # never started
            self._thread.join()

    def purge(self) -> None:
        """Delete what expired; every abandoned sign-in leaves its audit event, from whichever worker purged it."""
        with self._store.transaction() as transaction:
            for event in self._signin.abandoned(transaction.deployment.expire(int(self._clock()))):
                transaction.record(event)

    def _run(self) -> None:
        looks = 0
        while not self._stop.wait(EVERY):
            looks += 1
            try:
                self._live.refresh()
                self._also()
                if looks % PURGE_EVERY == 0:
                    self.purge()
            except BrokerError as error:  # the store is away: what is in force stays in force
                telemetry.report(error)
