"""Devices that wait for somebody to let them in (RFC 8628): of no tenant until a person answers with a session of one.

A device code is found by its hash; a user code is short, so it is found under our key only.
"""

from __future__ import annotations

from collections.abc import Callable

from broker.store import device_statements as statements
from broker.store.engine import Connections
from broker.store.records import DeviceAnswer, DevicePoll, DeviceWaiting
from broker.store.sealing import Sealing, digest

TOLD_FOR = 600  # seconds after its end that a device still hears that its code has expired


class DeviceStore:
    """From `store.devices` each call commits by itself; from `transaction.devices` all commit together."""

    def __init__(self, connections: Connections, sealing: Sealing, clock: Callable[[], float]) -> None:
        self._connections = connections
        self._sealing = sealing
        self._clock = clock

    def key(self, user_code: str) -> str:
        """What stands for a user code everywhere but on paper."""
        return self._sealing.user_code_key(user_code)

    def open(self, device_code: str, user_code: str, client_id: str, asked: str, *, wait: int, ends_at: int) -> bool:
        """wait: seconds between two polls. False: another device has this user code."""
        key = self.key(user_code)
        row = {
            "handle": digest(device_code),
            "user_code": key,
            "client_id": client_id,
            "asked": self._sealing.close(asked, "device_codes", client_id, key),
            "wait": wait,
            "ends_at": ends_at,
            "expires_at": ends_at + TOLD_FOR,
        }
        with self._connections.one() as link:
            return link.row(statements.OPEN_DEVICE, row) is not None

    def waiting(self, key: str) -> DeviceWaiting | None:
        """The device with this user code. None: there is none, its time is over, or it was answered."""
        with self._connections.one() as link:
            row = link.row(statements.DEVICE_WAITING, {"key": key, "now": self._now()})
        if row is None:
            return None
        return DeviceWaiting(row.client_id, self._sealing.open(row.asked, "device_codes", row.client_id, key))

    def approve(self, key: str, client_id: str, tenant: str, answer: str) -> bool:
        """Once, in one statement. False: it does not wait any more. answer: what its tokens are made of."""
        sealed = self._sealing.close(answer, f"device_codes/{tenant}", client_id, key)
        wanted = {"key": key, "now": self._now(), "to_state": "approved", "to_tenant": tenant, "to_answer": sealed}
        with self._connections.one() as link:
            return link.row(statements.ANSWER_DEVICE, wanted) is not None

    def deny(self, key: str) -> bool:
        """As `approve`."""
        wanted = {"key": key, "now": self._now(), "to_state": "denied", "to_tenant": None, "to_answer": None}
        with self._connections.one() as link:
            return link.row(statements.ANSWER_DEVICE, wanted) is not None

    def poll(self, device_code: str, client_id: str, at: int) -> DevicePoll | None:
        """How it stands; who asks too soon must wait longer each time (RFC 8628 §3.5). None: not this client's."""
        wanted = {"handle": digest(device_code), "client_id": client_id, "at": at}
        with self._connections.one() as link:
            row = link.row(statements.POLL_DEVICE, wanted)
        if row is None:
            return None
        return DevicePoll(row.state, too_soon=bool(row.hasty), expired=row.ends_at <= at)

    def owner(self, device_code: str) -> str | None:
        """The client that a device code was given to."""
        with self._connections.one() as link:
            owner: str | None = link.value(statements.OWNER_OF_DEVICE, {"handle": digest(device_code)})
        return owner

    def take(self, device_code: str, client_id: str) -> DeviceAnswer | None:
        """The answer, once: read and deleted in one statement. None: there is none, or somebody was first."""
        wanted = {"handle": digest(device_code), "client_id": client_id}
        with self._connections.one() as link:
            row = link.row(statements.TAKE_DEVICE, wanted)
        if row is None or row.answer is None:
            return None
        opened = self._sealing.open(row.answer, f"device_codes/{row.tenant}", client_id, row.user_code)
        return DeviceAnswer(row.tenant, opened)

    def guess(self, network: str, seconds: int) -> int:
        """Count one more user code typed from this network; how many there were in the last `seconds`, in one count."""
        now = self._now()
        counted = {"key": self._sealing.network_key(network), "now": now, "until": now + seconds}
        with self._connections.one() as link:
            guesses: int = link.value(statements.GUESS, counted)
        return guesses

    def _now(self) -> int:
        return int(self._clock())
