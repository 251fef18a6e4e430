"""The transaction's name: upstream `state` and RelayState, bound to one browser, tenant, IdP and moment.

`<random>.<expiry>.<mark>.<place>`: `mark` proves that we made it, `place` that it was made for this tenant and IdP.
So a foreign, moved or late answer is refused, each with its own reason, before the store is asked; and the transaction
cookie's value is a keyed hash of the name, which nobody but the browser that started has seen (RFC 9700 §4.7).
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from enum import StrEnum

from broker.errors import ShownError
from broker.seal import Seal

NAME_LIMIT = 80  # SAML Bindings §3.4.3: RelayState is at most 80 bytes


class Fault(StrEnum):
    """How an answer can fail to belong; a connector's `correlation` gives each its protocol's reason."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    TENANT = "tenant"
    EXPIRED = "expired"
    CONSUMED = "consumed"
    BROWSER = "browser"


class Correlation:
    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def new_name(self, tenant: str, idp: str, expires_at: int) -> str:
        stem = f"{secrets.token_urlsafe(16)}.{expires_at:x}"
        return f"{stem}.{self._tag('mark', stem)}.{self._tag('place', stem, tenant, idp)}"

    def cookie(self, name: str) -> str:
        return _text(self._seal.mac("transaction cookie", name.encode()))

    def fault(self, name: str, tenant: str, idp: str, cookie: str | None, now: float) -> Fault | None:
        """Why this answer does not belong here, or None. Order: ours, place, time, browser.

        The cookie ends with the transaction, so what comes late comes without it: the time is what is wrong then.
        """
        parts = name.split(".")
        if len(name) > NAME_LIMIT or len(parts) != 4 or not name.isascii():
            return Fault.UNKNOWN
        stem = f"{parts[0]}.{parts[1]}"
        if not hmac.compare_digest(parts[2], self._tag("mark", stem)):
            return Fault.UNKNOWN
        if not hmac.compare_digest(parts[3], self._tag("place", stem, tenant, idp)):
            return Fault.TENANT
        if int(parts[1], 16) <= now:
            return Fault.EXPIRED
        ours = cookie is not None and cookie.isascii() and hmac.compare_digest(cookie, self.cookie(name))
        return None if ours else Fault.BROWSER

    def _tag(self, purpose: str, *parts: str) -> str:
        return _text(self._seal.mac(f"transaction {purpose}", "\n".join(parts).encode())[:8])


def lost(correlation: Mapping[str, str], fault: Fault) -> ShownError:
    """`correlation`: the connector's reason for each fault."""
    return ShownError(correlation[fault.value], LOST[fault])


LOST: Mapping[Fault, str] = {
    Fault.MISSING: "This answer belongs to no sign-in. Start again from your application.",
    Fault.UNKNOWN: "This answer belongs to no sign-in. Start again from your application.",
    Fault.TENANT: "This answer belongs to another sign-in. Start again from your application.",
    Fault.EXPIRED: "This sign-in took too long. Start again from your application.",
    Fault.CONSUMED: "This sign-in has already been used. Start again from your application.",
    Fault.BROWSER: (
        "This browser has no such sign-in under way: it is finished, it was started in another browser, or cookies are "
        "blocked. Allow cookies for this site and start again from your application."
    ),
}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
