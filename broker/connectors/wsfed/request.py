"""Requests of the passive requestor profile (WS-Federation 1.2 §13.2): a query on the IdP's one address."""

from __future__ import annotations

from urllib.parse import urlencode

from broker.model import AuthRequest
from broker.xml.response import written


def sign_in_url(
    endpoint: str, request: AuthRequest, *, realm: str, reply: str, now: float, whr: str | None, wauth: str | None
) -> str:
    """`wctx` is the transaction's name. whr: the home realm beyond the IdP; wauth: how to authenticate.

    wfresh: how many minutes old an authentication may be; 0 asks for a new one.
    """
    asked = {
        "wa": "wsignin1.0",
        "wtrealm": realm,
        "wreply": reply,
        "wctx": request.id,
        "wct": written(now),
        "wfresh": _freshness(request),
        "wauth": wauth,
        "whr": whr,
    }
    return _query(endpoint, asked)


def sign_out_url(endpoint: str, *, reply: str) -> str:
    return _query(endpoint, {"wa": "wsignout1.0", "wreply": reply})


def _freshness(request: AuthRequest) -> str | None:
    if request.reauthenticate:
        return "0"
    return None if request.max_age is None else str(request.max_age // 60)


def _query(endpoint: str, asked: dict[str, str | None]) -> str:
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"
