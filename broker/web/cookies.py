"""The broker's three cookies (contract section 2, Hosts and cookies), and nothing else, ever.

signin-<name>   one per transaction, a sign-out upstream included; correlates what comes back with this browser.
                SameSite=None, ten minutes.
session         the browser session. Lax.
realm           the home realms this browser has used, newest first, signed. Lax, a year, forgettable.

All on the issuer host without Domain, `__Host-` and Secure; with an http loopback issuer no prefix, no Secure, Lax.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable

from flask import Request, Response

from broker.seal import Seal

Realms = tuple[tuple[str, str], ...]  # (tenant, IdP), newest first

REMEMBERED = 5
TABS = 20
YEAR = 365 * 86400


class Cookies:
    def __init__(self, seal: Seal, *, loopback: bool, transaction_seconds: int) -> None:
        self._seal = seal
        self._prefix = "" if loopback else "__Host-"
        self._secure = not loopback
        self._cross_site = "Lax" if loopback else "None"
        self._transaction_seconds = transaction_seconds

    def transaction(self, request: Request) -> Callable[[str], str | None]:
        return lambda name: request.cookies.get(f"{self._prefix}signin-{name}")

    def set_transaction(self, response: Response, request: Request, name: str, value: str) -> None:
        """Many tabs may sign in at once; past `TABS` the oldest abandoned one gives way, so that headers stay small."""
        self._set(response, f"signin-{name}", value, self._cross_site, self._transaction_seconds)
        prefix = f"{self._prefix}signin-"
        held = [cookie.removeprefix(prefix) for cookie in request.cookies if cookie.startswith(prefix)]
        for abandoned in sorted(held, key=_expiry)[: max(0, len(held) + 1 - TABS)]:
            self.end_transaction(response, abandoned)

    def end_transaction(self, response: Response, name: str) -> None:
        self._set(response, f"signin-{name}", "", self._cross_site, 0)

    def session(self, request: Request) -> str | None:
        return request.cookies.get(f"{self._prefix}session") or None

    def set_session(self, response: Response, value: str) -> None:
        self._set(response, "session", value, "Lax", None)

    def end_session(self, response: Response) -> None:
        self._set(response, "session", "", "Lax", 0)

    def realms(self, request: Request) -> Realms:
        """What this browser used before; a cookie that we did not sign is no cookie."""
        text, _, mark = request.cookies.get(f"{self._prefix}realm", "").partition(".")
        if not text.isascii() or not mark.isascii() or not hmac.compare_digest(mark, self._mark(text)):
            return ()
        pairs = json.loads(base64.urlsafe_b64decode(text))
        return tuple((str(tenant), str(idp)) for tenant, idp in pairs)

    def remember_realm(self, response: Response, request: Request, tenant: str, idp: str) -> None:
        realms = ((tenant, idp), *(realm for realm in self.realms(request) if realm != (tenant, idp)))[:REMEMBERED]
        text = base64.urlsafe_b64encode(json.dumps(realms, separators=(",", ":")).encode()).decode()
        self._set(response, "realm", f"{text}.{self._mark(text)}", "Lax", YEAR)

    def forget_realms(self, response: Response) -> None:
        self._set(response, "realm", "", "Lax", 0)

    def _mark(self, text: str) -> str:
        return base64.urlsafe_b64encode(self._seal.mac("home-realm cookie", text.encode())[:16]).decode().rstrip("=")

    def _set(self, response: Response, name: str, value: str, same_site: str, max_age: int | None) -> None:
        response.set_cookie(
            f"{self._prefix}{name}",
            value,
            max_age=max_age,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite=same_site,
        )


def _expiry(name: str) -> str:
    """A transaction's name says when it ends, in hexadecimal of one length."""
    return name.split(".")[1] if name.count(".") >= 1 else ""
