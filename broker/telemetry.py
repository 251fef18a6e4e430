"""Log lines: one a record, as text or as JSON, on standard error.

What was sent to us reaches a line only as a value that is escaped and cut; a request body, a token or an assertion
never does. `report` is how a failure is written, joined to its audit events by the reference.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import TextIO

from broker.errors import BrokerError, UpstreamUnavailable

LONGEST = 500  # characters of one value
SUBJECTS = ("event", "reference", "tenant", "idp", "client_id", "reason", "detail")

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_ROOT = "broker"


def configure(json: bool, stream: TextIO | None = None) -> None:
    """Write the broker's log to `stream` (standard error), as JSON or as text. Calling it again replaces the first."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if json else _Text())
    root = logging.getLogger(_ROOT)
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False


def logger(name: str) -> logging.Logger:
    """`logger("store").info("…", extra={"tenant": …})`; of `extra`, the names in SUBJECTS are written."""
    return logging.getLogger(f"{_ROOT}.{name}")


def report(error: BrokerError) -> None:
    """One line for a failure that was answered: ours (5xx) as an error with its trace, the others' as information.

    An identity provider that does not answer is a warning without one: a page of trace for each of its people would
    bury what is ours.
    """
    ours = error.status >= 500 and not isinstance(error, UpstreamUnavailable)
    level = logging.WARNING if isinstance(error, UpstreamUnavailable) else logging.INFO
    logger("refused").log(
        logging.ERROR if ours else level,
        error.code,
        extra={subject: getattr(error, subject) for subject in SUBJECTS},
        exc_info=error if ours else None,
    )


def broke(what: str, error: BaseException, **subjects: str) -> None:
    """One line for what nobody foresaw: its kind and its place. Its text may hold anything, and stays out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
    logger("broke").error("%s broke", what, extra={"reason": type(error).__name__, "detail": place, **subjects})


def clean(value: str) -> str:
    """One line without control, invisible or direction-changing characters, at most LONGEST of them."""
    cut = value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", cut)


def _members(record: logging.LogRecord) -> dict[str, str]:
    found = ((subject, getattr(record, subject, None)) for subject in SUBJECTS)
    return {subject: clean(str(value)) for subject, value in found if value is not None}


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": clean(record.getMessage()),
            **_members(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        members = "".join(f" {name}={value!r}" for name, value in _members(record).items())
        line = f"{_moment(record)} {record.levelname.lower()} {record.name}: {clean(record.getMessage())}{members}"
        if record.exc_info:  # indented, so that no text inside a trace can look like a line of its own
            line += "".join(f"\n    {clean(part)}" for part in self.formatException(record.exc_info).splitlines())
        return line
