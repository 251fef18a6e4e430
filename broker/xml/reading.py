"""The one place where bytes become a tree: in threads that are let go, for the sake of what libxml2 remembers.

A thread keeps every name (element, attribute, prefix, namespace) that lxml ever read in it, for as long as it lives: a
stranger who sends names that nobody has used before would fill the memory of a worker's threads for good, and in the
end no document with a name that is new to them could be read. So every thread that reads has a companion which does
it, and which another one follows after LIFE bytes; a tree keeps the names that it needs.

A companion is nobody else's: trees that one thread read share their names, and libxml2 does not lock those.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from lxml import etree

T = TypeVar("T")

LIFE = 524_288  # bytes after which a companion ends: some eighty answers, or one with thousands of groups


class Aside:
    """A thread beside the one that calls, which waits for it. It ends with this object."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "xml")

    def __call__(self, act: Callable[[], T]) -> T:
        done: Future[T] = self._pool.submit(act)
        return done.result()


class _Companion(threading.local):
    """One for each thread that reads, and for each process: threads do not survive a fork."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._aside = Aside()
        self._left = LIFE

    def read(self, raw: bytes, *, bare: bool) -> etree._Element:
        if self._process != os.getpid():
            self._begin()
        try:
            return self._aside(lambda: _parsed(raw, bare))
        finally:
            self._left -= len(raw)
            if self._left <= 0:
                self._begin()  # the next thread starts with the next document


_companion = _Companion()


def read(raw: bytes, *, bare: bool) -> etree._Element:
    """bare: without comments and processing instructions. Raises etree.XMLSyntaxError."""
    return _companion.read(raw, bare=bare)


def _parsed(raw: bytes, bare: bool) -> etree._Element:
    """No DTD, entity or network access; libxml2's own depth limit (256) stays on."""
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=bare,
        remove_pis=bare,
    )
    return etree.fromstring(raw, parser)
