"""Back-channel notices on their way: at once where the client answers, else again after growing pauses.

Nobody waits for it: `put` only queues. What ends undelivered says so in an audit event, with the reason of the last
attempt. Attempts that are due run on a few threads of this worker; a notice that pauses occupies none of them.
"""

from __future__ import annotations

import atexit
import heapq
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from broker import telemetry
from broker.errors import BrokerError
from broker.model import AuditEvent
from broker.signout.channels import Notice

PAUSES = (1.0, 5.0, 25.0)  # seconds before the second, third and fourth attempt
FINAL = frozenset({"refused", "egress_blocked"})  # reasons that another attempt does not change
THREADS = 4
MOST = 10_000  # notices that may wait; what comes beyond is undelivered at once
LAST_SECONDS = 6.0  # at the end of the process: one outgoing request ends within five


@dataclass(order=True, slots=True)
class _Waiting:
    due: float  # of the monotonic clock
    number: int  # first come, first served
    notice: Notice = field(compare=False)
    attempts: int = field(compare=False, default=0)


class Deliveries:
    """send: one attempt, raises BrokerError. record: keeps an audit event. threads=0: the owner calls `work` itself."""

    def __init__(
        self,
        send: Callable[[Notice], None],
        record: Callable[[AuditEvent], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        threads: int = THREADS,
        most: int = MOST,
    ) -> None:
        self._send = send
        self._record = record
        self._monotonic = monotonic
        self._wanted = threads
        self._most = most
        self._changed = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._count = 0
        self._closed = False
        self._threads: list[threading.Thread] = []

    def put(self, notices: Sequence[Notice]) -> None:
        """Queue them; returns at once and never raises. Beyond `most`, or after `close`, they are undelivered."""
        with self._changed:
            room = 0 if self._closed else max(0, self._most - len(self._waiting))
            for notice in notices[:room]:
                self._count += 1
                heapq.heappush(self._waiting, _Waiting(self._monotonic(), self._count, notice))
            if self._waiting:
                self._hire()
            self._changed.notify_all()
        for notice in notices[room:]:
            self._tell(notice, "stopped" if self._closed else "queue_full", 0)

    def work(self) -> float | None:
        """Attempt all that is due. Answers the seconds until more is; None: nothing is waiting."""
        while (one := self._next()) is not None:
            self._attempt(one)
        with self._changed:
            return self._seconds_left()

    def close(self) -> None:
        """Attempt once more what is due, tell of the rest. Called by itself when the process ends."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(LAST_SECONDS)
        with self._changed:
            left, self._waiting = self._waiting, []
        for one in left:
            self._tell(one.notice, "stopped", one.attempts)
        atexit.unregister(self.close)

    def _hire(self) -> None:
        """Threads begin with the first notice, and again where one has died; never before the process has forked."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if self._wanted and not self._threads:
            atexit.register(self.close)
        for number in range(len(self._threads), self._wanted):
            thread = threading.Thread(target=self._run, name=f"logout-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self) -> None:
        while self._something_is_due():
            self.work()

    def _something_is_due(self) -> bool:
        """Wait until something is; False: closed, and nothing is."""
        with self._changed:
            while (left := self._seconds_left()) != 0:
                if self._closed:
                    return False
                self._changed.wait(left)
            return True

    def _seconds_left(self) -> float | None:
        return max(0.0, self._waiting[0].due - self._monotonic()) if self._waiting else None

    def _next(self) -> _Waiting | None:
        with self._changed:
            return heapq.heappop(self._waiting) if self._seconds_left() == 0 else None

    def _attempt(self, one: _Waiting) -> None:
        one.attempts += 1
        try:
            self._send(one.notice)
        except BrokerError as failed:
            self._again(one, failed.reason)
        else:
            self._tell(one.notice, None, one.attempts)

    def _again(self, one: _Waiting, reason: str) -> None:
        if reason in FINAL or one.attempts > len(PAUSES):
            self._tell(one.notice, reason, one.attempts)
            return
        one.due = self._monotonic() + PAUSES[one.attempts - 1]
        with self._changed:
            heapq.heappush(self._waiting, one)
            self._changed.notify()

    def _tell(self, notice: Notice, reason: str | None, attempts: int) -> None:
        """The audit event of how it ended; reason None: delivered."""
        event = AuditEvent(
            "logout.delivered" if reason is None else "logout.undelivered",
            "success" if reason is None else "failure",
            notice.reference,
            tenant=notice.tenant,
            client_id=notice.client.client_id,
            idp=notice.idp,
            reason=reason,
            sub=notice.sub,
            sid=notice.sid,
            detail={"attempts": str(attempts)},
        )
        try:
            self._record(event)
        except BrokerError as lost:  # the store is away: the log line stands for the event
            telemetry.report(lost.about(event=event.event, reference=event.reference, tenant=event.tenant))
