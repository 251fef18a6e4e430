"""Reading a file that somebody else chose: regular, of moderate size, and never waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class Unreadable(Exception):
    """args[0]: why, in words."""


def read_regular(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes. A FIFO or a device is refused, not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Unreadable("is not a regular file")
            data = opened.read(limit + 1)
    except (OSError, ValueError) as error:
        raise Unreadable("cannot be read") from error
    if len(data) > limit:
        raise Unreadable(f"is larger than {limit} bytes")
    return data
