"""How often something may happen: counted in this process, in bounded memory. The one door to the library `limits`.

A key is kept as a keyed hash: whose address or which name was counted stands nowhere. Each worker counts by itself, so
an installation lets through as many times the rate as it has workers.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from math import ceil
from threading import Lock

from limits import RateLimitItemPerSecond
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

MOST_COUNTERS = 50_000  # the least used go first
SECRET_BYTES = 16


@dataclass(frozen=True, slots=True)
class Rate:
    """`amount` times in a window of `seconds`; `name` keeps its counters apart from those of other rates."""

    name: str
    amount: int
    seconds: int


class Limits:
    """clock: epoch seconds. secret: random, of this process."""

    def __init__(self, clock: Callable[[], float], secret: bytes, most: int = MOST_COUNTERS) -> None:
        self._clock = clock
        self._secret = secret
        self._counters = Counters(clock, most)
        self._limiter = FixedWindowRateLimiter(self._counters)

    def wait_for_another(self, rate: Rate, key: str, thing: str) -> int | None:
        """Count a `thing` that `key` has not named in this window yet. None: go on; else in how many seconds."""
        item = RateLimitItemPerSecond(rate.amount, rate.seconds, rate.name)
        once = RateLimitItemPerSecond(1, rate.seconds, f"{rate.name} once")
        bucket, seen = self._hashed(key), self._hashed(key, thing)
        if not self._limiter.test(once, seen):
            return None
        if self._limiter.hit(item, bucket):
            self._limiter.hit(once, seen)
            return None
        return max(1, ceil(self._limiter.get_window_stats(item, bucket).reset_time - self._clock()))

    def _hashed(self, *parts: str) -> str:
        return hashlib.blake2b("\n".join(parts).encode(), key=self._secret, digest_size=16).hexdigest()


def network_of(address: IPv4Address | IPv6Address) -> str:
    """Whom to count: an IPv4 address; of IPv6 the /64 that one customer has to himself (RFC 6177 §2)."""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)


class Counters(Storage):
    """Fixed windows in memory. The library's own storage grows without bound and reads the wall clock by a thread."""

    def __init__(self, clock: Callable[[], float], most: int) -> None:
        super().__init__()
        self._clock = clock
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[int, float]] = OrderedDict()  # key -> count, end of its window

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        with self._lock:
            count, ends = self._current(key) or (0, self._clock() + expiry)
            self._kept[key] = (count + amount, ends)
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return count + amount

    def get(self, key: str) -> int:
        with self._lock:
            return (self._current(key) or (0, 0.0))[0]

    def get_expiry(self, key: str) -> float:
        with self._lock:
            return (self._current(key) or (0, self._clock()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            count = len(self._kept)
            self._kept.clear()
            return count

    def clear(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)

    def _current(self, key: str) -> tuple[int, float] | None:
        kept = self._kept.get(key)
        return kept if kept is not None and kept[1] > self._clock() else None
