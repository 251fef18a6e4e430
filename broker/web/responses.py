"""The authorization response: code or error, with `state` and `iss`, to the proven redirect URI (RFC 9207 §2)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Response

from broker.errors import Exit
from broker.signin import Asking, Completed
from broker.web.pages import Pages


def concluded(outcome: Completed | Asking, issuer: str, pages: Pages) -> Response:
    """To the client with its code; to the page that asks the person first; or, where a device waits, to the end."""
    request = outcome.request
    if isinstance(outcome, Asking):
        address = f"{issuer}/consent?{urlencode({'name': outcome.name})}"
        return Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
    if outcome.code is None:
        return pages.device_let_in()
    way = Exit(request.redirect_uri, request.state, request.response_mode)
    return leave_by(way, issuer, pages, {"code": outcome.code})


def leave_by(way: Exit, issuer: str, pages: Pages, members: Mapping[str, str]) -> Response:
    """303 (RFC 9700 §4.12), where the redirect URI's own query stays (RFC 6749 §3.1.2), or a form that posts itself."""
    state = {} if way.state is None else {"state": way.state}
    answer = {**members, **state, "iss": issuer}
    if way.response_mode == "form_post":
        return pages.form_post(way.redirect_uri, answer)
    joint = "&" if "?" in way.redirect_uri else "?"
    response = Response(status=303, headers={"Location": f"{way.redirect_uri}{joint}{urlencode(answer)}"})
    response.headers["Cache-Control"] = "no-store"
    return response
