"""Host name to address. The address that was judged is the address that is connected to: DNS cannot rebind it."""

from __future__ import annotations

import socket
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from ipaddress import ip_address

from broker.errors import UpstreamUnavailable
from broker.outbound.address import AddressPolicy

Resolve = Callable[[str], Sequence[str]]

_REMEMBERED_SECONDS = 30.0
_MOST_NAMES = 1024
_LOOKUPS = 16  # at once: the system's resolver blocks, and cannot be told how long


def system_resolve(host: str) -> Sequence[str]:
    """What the operating system says. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Names:
    """Allowed addresses of a host, remembered for half a minute. Thread-safe."""

    def __init__(self, policy: AddressPolicy, resolve: Resolve, monotonic: Callable[[], float]) -> None:
        self._policy = policy
        self._resolve = resolve
        self._monotonic = monotonic
        self._remembered: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Sequence[str]]] = {}
        self._lookups = ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="dns")

    def addresses(self, host: str, seconds: float) -> tuple[str, ...]:
        """At least one allowed address. Raises UpstreamUnavailable: dns, timeout, egress_blocked."""
        allowed = self._recent(host)
        if allowed is None:
            found = _literal(host) or self._look_up(host, seconds)
            allowed = tuple(dict.fromkeys(address for address in found if self._policy.allows(address)))
            self._remember(host, allowed)
        if not allowed:
            raise UpstreamUnavailable("egress_blocked", detail="the host has no address that may be spoken to")
        return allowed

    def close(self) -> None:
        self._lookups.shutdown(wait=False, cancel_futures=True)

    def _look_up(self, host: str, seconds: float) -> Sequence[str]:
        try:
            return self._lookup(host).result(timeout=max(0.0, seconds))
        except LookupTimeout:
            raise UpstreamUnavailable("timeout", detail="the host name took too long to resolve") from None
        except (OSError, UnicodeError):
            raise UpstreamUnavailable("dns", detail="the host name does not resolve") from None

    def _lookup(self, host: str) -> Future[Sequence[str]]:
        """One look-up a host at a time: a dead name server cannot use up the threads of the others."""
        with self._lock:
            lookup = self._under_way.get(host)
            if lookup is None or lookup.done():
                lookup = self._under_way[host] = self._lookups.submit(self._resolve, host)
        lookup.add_done_callback(lambda _: self._under_way.pop(host, None))
        return lookup

    def _recent(self, host: str) -> tuple[str, ...] | None:
        with self._lock:
            until, allowed = self._remembered.get(host, (0.0, ()))
        return allowed if self._monotonic() < until else None

    def _remember(self, host: str, allowed: tuple[str, ...]) -> None:
        with self._lock:
            self._remembered[host] = (self._monotonic() + _REMEMBERED_SECONDS, allowed)
            self._remembered.move_to_end(host)
            if len(self._remembered) > _MOST_NAMES:
                self._remembered.popitem(last=False)


def _literal(host: str) -> tuple[str, ...]:
    try:
        return (str(ip_address(host)),)
    except ValueError:
        return ()
