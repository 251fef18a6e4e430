"""What a new discovery document may change by itself, and what waits for an operator (RFC 9700 §4.4).

An endpoint on a host that nothing was sent to before waits: our client secret, the codes and the tokens go there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from broker.connectors import changes
from broker.connectors.connector import Notices
from broker.connectors.oidc.kept import Shelf
from broker.connectors.oidc.provider import Provider
from broker.model import IdentityProvider


def moved(trusted: Provider, offered: Provider) -> tuple[str, ...]:
    """The endpoints that an operator must approve, by the names that Discovery gives them."""
    known = trusted.hosts.values()
    return tuple(name for name, host in offered.hosts.items() if host not in known)


def digest_of(offered: Provider) -> str:
    return changes.digest_of(asdict(offered))


class Vetting:
    """Between the fetched document and the one in force. waiting, in_force: their places in the store."""

    def __init__(
        self,
        idp: IdentityProvider,
        waiting: Shelf,
        in_force: Shelf,
        read: Callable[[bytes], Provider],
        notices: Notices,
        clock: Callable[[], float],
    ) -> None:
        self._idp = idp
        self._waiting = waiting
        self._in_force = in_force
        self._read = read
        self._notices = notices
        self._clock = clock

    def holds(self, trusted: Provider, offered: Provider, body: bytes) -> bool:
        """Whether the offered document waits; one that may pass takes the place of whatever waited."""
        waits, now = moved(trusted, offered), self._clock()
        if waits:
            self._waiting.save(body, int(now))
            changes.tell(self._notices, self._idp, waits, digest_of(offered), now)
        elif self._waits() is not None:
            self._waiting.save(b"", int(now))
        return bool(waits)

    def approve(self, digest: str) -> tuple[str, ...]:
        """What waits under this digest is in force from now on; names what was approved."""
        body, trusted = self._waits(), self._in_force.load()
        if body is None or trusted is None:
            return ()
        offered, now = self._read(body), int(self._clock())
        if digest_of(offered) != digest:
            return ()
        self._in_force.save(body, max(now, trusted[1] + 1))
        self._waiting.save(b"", now)
        return moved(self._read(trusted[0]), offered)

    def _waits(self) -> bytes | None:
        held = self._waiting.load()
        return held[0] if held is not None and held[0] else None
