"""A document of an identity provider that is kept fresh, and outlives the provider's bad hours.

Age of our copy:   up to `fresh`           used as it is
                   up to `stale`           fetched again; where that fails, still used
                   older                   fetched again; where that fails, so does the sign-in
Once a minute the store is asked whether another process has a newer copy, or an operator approved a waiting one.
After a failed fetch the provider is left alone for COOL_DOWN seconds (RETRY, where there is no copy at all).
Behind the scenes a copy is renewed about every 12 hours, so that one which nobody has asked for is not old either.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from broker.connectors.breaker import Turn, public_of
from broker.connectors.connector import Documents
from broker.errors import UpstreamUnavailable

T = TypeVar("T")

COOL_DOWN = 60
RETRY = 5
LOOK = 60  # seconds between two looks into the store while our copy is fresh
RENEW = 12 * 3600
_CLOCKS_APART = 60  # seconds that another process may be ahead of us


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the last known good copy stands in the store; shared by all processes."""

    documents: Documents
    tenant: str
    idp: str
    kind: str

    def load(self) -> tuple[bytes, int] | None:
        return self.documents.load(self.tenant, self.idp, self.kind)

    def save(self, body: bytes, fetched_at: int) -> None:
        self.documents.save(self.tenant, self.idp, self.kind, body, fetched_at)

    def touch(self, fetched_at: int) -> None:
        """What stands here was looked at again, and stays."""
        stored = self.load()
        if stored is not None:
            self.save(stored[0], fetched_at)


@dataclass(frozen=True, slots=True)
class _Copy(Generic[T]):
    value: T
    fetched_at: int


class Kept(Generic[T]):
    """Thread-safe: one thread fetches, and the others go on with the copy they have while there is one.

    fetch: gets the bytes. read: makes the value. Both raise UpstreamUnavailable. replaced: hears of a fetched value
    that takes the place of another one, with the moment when that one was fetched. holds: says of the value in force
    and a fetched one, with its bytes, whether the first stays in force for now.
    """

    def __init__(
        self,
        shelf: Shelf,
        clock: Callable[[], float],
        fetch: Callable[[], bytes],
        read: Callable[[bytes], T],
        *,
        fresh: int,
        stale: int,
        replaced: Callable[[T, T, int], None] = lambda _old, _new, _fetched_at: None,
        holds: Callable[[T, T, bytes], bool] = lambda _old, _new, _body: False,
    ) -> None:
        self._shelf = shelf
        self._clock = clock
        self._fetch = fetch
        self._read = read
        self._fresh = fresh
        self._stale = stale
        self._replaced = replaced
        self._holds = holds
        self._copy: _Copy[T] | None = None
        self._failure: tuple[float, UpstreamUnavailable] | None = None
        self._turn = Turn()
        self._looked_at = float("-inf")

    def current(self) -> T:
        """The document, at most `fresh` old if the provider answers, `stale` if not. Raises UpstreamUnavailable."""
        return self._no_older_than(self._fresh)

    def newer(self) -> T:
        """The document fetched again, at most once in COOL_DOWN seconds: for a token signed by an unknown key."""
        copy = self._copy
        if copy is not None and self._within(copy.fetched_at, COOL_DOWN):
            return copy.value
        with self._turn.waited_for():  # an old copy is no answer: whoever is fetching brings the new one
            return self._renewed(COOL_DOWN)

    def renew(self) -> float:
        """Behind the scenes: renewed where it is time; answers when it is time again. Raises UpstreamUnavailable."""
        every = RENEW * (0.75 + 0.2 * (zlib.crc32(f"{self._shelf.tenant}/{self._shelf.idp}".encode()) % 1000 / 1000))
        self._no_older_than(int(every) - _CLOCKS_APART)
        copy = self._copy
        return self._clock() + COOL_DOWN if copy is None else max(copy.fetched_at + every, self._clock() + COOL_DOWN)

    def _no_older_than(self, seconds: int) -> T:
        copy = self._copy
        if copy is not None and self._within(copy.fetched_at, seconds):
            return copy.value if self._within(self._looked_at, LOOK) else self._looked(copy)
        if copy is None or not self._within(copy.fetched_at, self._stale):
            with self._turn.waited_for():
                return self._renewed(seconds)
        with self._turn.if_free() as ours:
            return self._renewed(seconds) if ours else copy.value

    def _looked(self, copy: _Copy[T]) -> T:
        """The store's copy, if that is newer than ours."""
        with self._turn.if_free() as ours:
            if ours:
                self._take_stored()
        return (self._copy or copy).value

    def _renewed(self, seconds: int) -> T:
        """Another thread's copy, another process' copy, the provider's, or the last known good one."""
        self._take_stored()
        copy = self._copy
        if copy is not None and self._within(copy.fetched_at, seconds):
            return copy.value
        usable = copy is not None and self._within(copy.fetched_at, self._stale)
        try:
            self._leave_alone_after_failure(COOL_DOWN if usable else RETRY)
            fetched = self._copy = self._fetched(copy)
        except UpstreamUnavailable:
            if copy is None or not usable:
                raise
            return copy.value
        if copy is not None:
            self._replaced(copy.value, fetched.value, copy.fetched_at)
        return fetched.value

    def _take_stored(self) -> None:
        self._looked_at = self._clock()
        stored = self._shelf.load()
        if stored is None or (self._copy is not None and stored[1] <= self._copy.fetched_at):
            return
        try:
            self._copy = _Copy(self._read(stored[0]), stored[1])
        except UpstreamUnavailable:
            return  # an older release accepted what this one does not: fetch it again

    def stored(self) -> T | None:
        """What is in force by the store's copy, of whatever age."""
        self._take_stored()
        return None if self._copy is None else self._copy.value

    def _fetched(self, before: _Copy[T] | None) -> _Copy[T]:
        try:
            body = self._fetch()
            value = self._read(body)
        except UpstreamUnavailable as failure:
            self._failure = (self._clock(), failure)
            raise
        fetched_at = int(self._clock())
        self._failure = None
        if before is not None and self._holds(before.value, value, body):
            self._shelf.touch(fetched_at)
            return _Copy(before.value, fetched_at)
        self._shelf.save(body, fetched_at)
        return _Copy(value, fetched_at)

    def _leave_alone_after_failure(self, seconds: int) -> None:
        if self._failure is not None and self._within(self._failure[0], seconds):
            failed_at, failed = self._failure
            raise UpstreamUnavailable(failed.reason, public_of(failed, failed_at), detail=failed.detail)

    def _within(self, moment: float, seconds: int) -> bool:
        return -_CLOCKS_APART <= self._clock() - moment <= seconds
