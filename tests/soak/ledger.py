"""What was tried, how it ended, and what the audit log must therefore say."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple


class Event(NamedTuple):
    """A successful audit event, as far as an app can know it. Empty: the event has none."""

    event: str
    tenant: str
    client_id: str
    sub: str
    sid: str


class Refused(Exception):
    """The broker said no, in an announced way or not. `reference` is empty where it gave none."""

    def __init__(self, code: str, text: str, reference: str = "") -> None:
        super().__init__(f"{code}: {text[:300]}")
        self.code = code
        self.reference = reference


@dataclass(frozen=True, slots=True)
class Try:
    """One thing that a person or an app tried. `error` is empty where it went well; seconds from start to end."""

    tenant: str
    story: str
    seconds: float
    error: str = ""
    reference: str = ""
    text: str = ""


@dataclass
class Ledger:
    """Shared by every visitor; what is read at the end is only appended to before."""

    tries: list[Try] = field(default_factory=list)
    done: Counter[Event] = field(default_factory=Counter)
    heard: Counter[Event] = field(default_factory=Counter)  # logout tokens that arrived and verified
    refusals: list[str] = field(default_factory=list)  # references of expected refusals
    verified: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def trying(self, tenant: str, story: str) -> Iterator[None]:
        """Writes down how the block ends; what it raises goes on."""
        began = time.monotonic()
        refused: Refused | None = None
        try:
            yield
        except Refused as caught:
            refused = caught
            raise
        finally:
            seconds = time.monotonic() - began
            code, reference, text = (refused.code, refused.reference, str(refused)) if refused else ("", "", "")
            with self._lock:
                self.tries.append(Try(tenant, story, seconds, code, reference, text))

    def happened(self, *events: Event, tokens: int = 0) -> None:
        """The broker did this; `tokens` were verified on the way."""
        with self._lock:
            self.done.update(events)
            self.verified += tokens

    def told(self, event: Event) -> None:
        with self._lock:
            self.heard[event] += 1

    def refused_as_it_should(self, reference: str) -> None:
        with self._lock:
            self.refusals.append(reference)
