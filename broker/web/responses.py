"""The authorization response: code or error, with `state` and `iss`, to the proven redirect URI (RFC 9207 §2)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Response

from broker.model import AuthRequest


def to_client(request: AuthRequest, issuer: str, members: Mapping[str, str]) -> Response:
    """303 (RFC 9700 §4.12) to the redirect URI; its own query stays (RFC 6749 §3.1.2)."""
    return redirect_with(request.redirect_uri, request.state, issuer, members)


def redirect_with(redirect_uri: str, state: str | None, issuer: str, members: Mapping[str, str]) -> Response:
    answer = dict(members)
    if state is not None:
        answer["state"] = state
    answer["iss"] = issuer
    joint = "&" if "?" in redirect_uri else "?"
    response = Response(status=303, headers={"Location": f"{redirect_uri}{joint}{urlencode(answer)}"})
    response.headers["Cache-Control"] = "no-store"
    return response
