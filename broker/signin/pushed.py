"""A pushed request ends with its first answer, code or error; until then a reload starts it again (RFC 9126 §4)."""

from __future__ import annotations

from typing import Protocol

from broker.errors import InvalidRequest
from broker.model import AuthRequest

KIND = "par"


class OneTime(Protocol):
    def take(self, kind: str, handle: str) -> tuple[str, str] | None: ...


def use_up(store: OneTime, request: AuthRequest) -> None:
    """With the code, in its transaction. Raises InvalidRequest `request_uri_used`: another window was first."""
    if request.pushed is not None and store.take(KIND, request.pushed) is None:
        raise InvalidRequest("request_uri_used", "This sign-in was finished already. Start again from the application.")


def discard(store: OneTime, handle: str | None) -> None:
    """An error goes to the client instead."""
    if handle is not None:
        store.take(KIND, handle)
