"""One dead identity provider harms nobody else: it is asked less and less, and few threads ever wait for it.

After FAILURES requests in a row without an answer it is left alone, first for SHORTEST seconds and at each further
failure twice as long, up to LONGEST; then one request may try again. Whoever comes meanwhile learns at once, and
honestly, since when nobody has answered. At most AT_ONCE requests of a worker are on their way to it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from broker.errors import UpstreamUnavailable

FAILURES = 3
SHORTEST, LONGEST = 10, 300  # seconds
AT_ONCE = 4  # of a worker's eight threads
PATIENCE = 1.0  # seconds on the way after which a request is slow, and nobody waits for its place any more
WAITING = 2  # threads that may wait for a document which another thread is fetching
DEAD = frozenset({"dns", "connect", "tls", "timeout", "status"})  # no answer; one that makes no sense is an answer


class Places:
    """A few may be inside. Who comes later waits while the oldest one inside is young, and is refused once it is not:
    a burst at a quick identity provider passes, a hanging one holds no further thread.
    """

    def __init__(self, number: int, patience: float, monotonic: Callable[[], float]) -> None:
        self._free = threading.BoundedSemaphore(number)
        self._patience = patience
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._inside: list[float] = []  # when each came

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises UpstreamUnavailable upstream_busy."""
        if not self._free.acquire(timeout=self._left()):
            raise busy()
        came = self._monotonic()
        with self._lock:
            self._inside.append(came)
        try:
            yield
        finally:
            with self._lock:
                self._inside.remove(came)
            self._free.release()

    def _left(self) -> float:
        with self._lock:
            oldest = min(self._inside, default=self._monotonic())
        return max(0.0, oldest + self._patience - self._monotonic())


class Breaker:
    """A guard for `Outbound.behind`. Raises UpstreamUnavailable: upstream_down, upstream_busy."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        at_once: int = AT_ONCE,
        patience: float = PATIENCE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._places = Places(at_once, patience, monotonic)
        self._lock = threading.Lock()
        self._failures = 0
        self._since = 0.0  # when the first of them began
        self._closed_until = 0.0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        began = self._admitted()
        with self._places.taken():
            try:
                yield
            except UpstreamUnavailable as failure:
                self._ended(began, dead=failure.reason in DEAD)
                raise
            self._ended(began, dead=False)

    def down_since(self) -> float | None:
        """Since when it has been left alone; None: it is not."""
        with self._lock:
            return self._since if self._failures >= FAILURES else None

    def _admitted(self) -> float:
        now = self._clock()
        with self._lock:
            if self._failures >= FAILURES:
                if now < self._closed_until:
                    raise down(self._since)
                self._closed_until = now + self._pause()  # this request tries; the others wait for how it goes
        return now

    def _ended(self, began: float, *, dead: bool) -> None:
        with self._lock:
            if not dead:
                self._failures = 0
                return
            self._since = began if self._failures == 0 else min(self._since, began)
            self._failures += 1
            if self._failures >= FAILURES:
                self._closed_until = max(self._closed_until, self._clock() + self._pause())

    def _pause(self) -> float:
        doublings = min(self._failures - FAILURES, 10)
        return float(min(SHORTEST * 2**doublings, LONGEST))


class Turn:
    """One thread at a time fetches; a few may wait for what it brings, the next learns at once that it is busy."""

    def __init__(
        self, waiting: int = WAITING, patience: float = PATIENCE, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._lock = threading.Lock()
        self._room = Places(waiting + 1, patience, monotonic)

    @contextmanager
    def waited_for(self) -> Iterator[None]:
        """Raises UpstreamUnavailable upstream_busy."""
        with self._room.taken(), self._lock:
            yield

    @contextmanager
    def if_free(self) -> Iterator[bool]:
        """Whether it is our turn; never waits."""
        ours = self._lock.acquire(blocking=False)
        try:
            yield ours
        finally:
            if ours:
                self._lock.release()


def down(since: float) -> UpstreamUnavailable:
    return UpstreamUnavailable(
        "upstream_down", _since("has not answered", since), detail="left alone after several failures"
    )


def public_of(failed: UpstreamUnavailable, since: float) -> str:
    """What people are told of a failure that is not new: whether anybody answers there at all, and since when not."""
    if failed.reason == "status":
        return _since("answers with an error", since)
    return _since("has not answered", since) if failed.reason in DEAD else failed.public


def _since(what: str, since: float) -> str:
    moment = datetime.fromtimestamp(since, UTC)
    return (
        f"Your organisation's identity provider {what} since {moment:%H:%M} UTC ({moment:%d %B %Y}). "
        "It is tried again by itself; if it stays like this, tell your administrator."
    )


def busy() -> UpstreamUnavailable:
    return UpstreamUnavailable(
        "upstream_busy",
        "Your organisation's identity provider is slow to answer. Try again in a moment.",
        detail="as many requests as may be are on their way to it",
    )
