"""The one place where failures become HTTP: a page, JSON, or a redirect; logged and audited under one reference.

BrokerError      its code, status and public text; the log and the audit event also get its reason and detail
HTTPException    Flask's own (404, 405, 413 …) as our page; redirects pass through
Exception        500, nothing told but the reference
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from broker import telemetry
from broker.audit import new_reference
from broker.clients import DPOP_ALGORITHMS
from broker.errors import (
    ApprovalRequired,
    AuthorizationPending,
    BrokerError,
    Exit,
    InvalidClient,
    InvalidDpopProof,
    ShownError,
    StoreError,
    TooManyRequests,
    UseDpopNonce,
)
from broker.model import AuditEvent
from broker.web.pages import Pages
from broker.web.responses import leave_by

Recorder = Callable[[AuditEvent], None]

JSON_PATHS = frozenset({"/token", "/userinfo", "/revoke", "/introspect", "/access", "/par", "/device_authorization"})
WAITING = AuthorizationPending | ApprovalRequired  # no failure: nothing is recorded
DPOP_REASONS = frozenset({"dpop_downgrade", "dpop_key"})  # of tokens that are good with a proof only
JSON_ENDS = "/backchannel-logout"  # below /t/<tenant>/oidc/<idp>
_NOT_ALLOWED = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


class Answered(BrokerError):
    """One of Flask's own errors in our words: `not_found` picks the words of a page; programs know no such code."""

    def __init__(self, status: int, *, page: bool) -> None:
        self.status = status
        self.code = (
            "not_found" if page and status in {404, 405} else "server_error" if status >= 500 else "invalid_request"
        )
        super().__init__(f"http_{status}", _HTTP.get(status))


_HTTP = {
    400: "The request could not be read.",
    404: "The address you opened does not exist here.",
    405: "The address you opened cannot be used like this.",
    413: "The request is too large.",
    414: "The address is too long.",
}


def register(
    app: Flask,
    pages: Pages,
    recorder: Recorder,
    *,
    issuer: str,
    application: Callable[[str], str | None] = lambda _client_id: None,
) -> None:
    """issuer: ours, for redirects. application: the name of a client, for the error page; None: unknown."""

    def answer(error: BrokerError) -> Response:
        reference = error.reference or new_reference()
        error.about(reference=reference)
        if not isinstance(error, WAITING):
            telemetry.report(error)
        if _of_programs():
            return json_error(error, reference)
        if error.exit is not None and not isinstance(error, ShownError):
            return leave_with(error, error.exit, issuer, pages, reference)
        name = application(error.client_id) if error.client_id is not None else None
        return pages.error(error, reference, client_name=name)

    def refused(error: BrokerError) -> Response:
        error.about(reference=new_reference())
        _record(recorder, error)
        return _told_when(error, answer(error))

    def flask_error(error: HTTPException) -> AnyResponse | HTTPException:
        if error.code is None or error.code < 400 or error.response is not None:
            return error
        response = answer(Answered(error.code, page=not _of_programs()))
        if error.code == 405:
            response.headers.extend([header for header in error.get_headers() if header[0] == "Allow"])
        return response

    def unexpected(error: Exception) -> Response:
        failure = BrokerError("unexpected")
        failure.__cause__ = error
        return refused(failure)

    app.register_error_handler(BrokerError, refused)
    app.register_error_handler(HTTPException, flask_error)
    app.register_error_handler(Exception, unexpected)


def _told_when(error: BrokerError, response: Response) -> Response:
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.wait)
    return response


def _of_programs() -> bool:
    return request.path in JSON_PATHS or request.path.endswith(JSON_ENDS)


def _record(recorder: Recorder, error: BrokerError) -> None:
    """A store that is down cannot hold the event that says so; the log line stands for it. To wait is no failure."""
    if isinstance(error, StoreError | WAITING):
        return
    event = AuditEvent(
        error.event or "request.refused",
        "failure",
        error.reference or "",
        tenant=error.tenant,
        client_id=error.client_id,
        idp=error.idp,
        reason=error.reason,
        detail={**({"detail": error.detail} if error.detail else {}), **error.told},
    )
    try:
        recorder(event)
    except StoreError as lost:
        telemetry.report(lost.about(reference=error.reference))


def json_error(error: BrokerError, reference: str) -> Response:
    """RFC 6749 §5.2; where a token is shown RFC 6750 §3; a client that tried Basic is told the scheme (RFC 7617)."""
    description = error_description(error, reference)
    more = {"approval": error.approval} if isinstance(error, ApprovalRequired) else {}
    response = jsonify(error=error.code, error_description=description, **more)
    response.status_code = error.status
    response.headers["Cache-Control"] = "no-store"
    if isinstance(error, UseDpopNonce):
        response.headers["DPoP-Nonce"] = error.nonce
    if request.path in {"/userinfo", "/access"}:
        _challenge(response, error, f'error="{error.code}", error_description="{description}"')
    elif isinstance(error, InvalidClient):
        response.headers["WWW-Authenticate"] = 'Basic realm="broker", charset="UTF-8"'
    return response


def _challenge(response: Response, error: BrokerError, known: str) -> None:
    """RFC 6750 §3; RFC 9449 §7.1 where the token, or the request, is one with a proof."""
    by_proof = isinstance(error, InvalidDpopProof | UseDpopNonce) or error.reason in DPOP_REASONS
    if by_proof:
        response.status_code = 401
        response.headers["WWW-Authenticate"] = f'DPoP {known}, algs="{" ".join(DPOP_ALGORITHMS)}"'
    else:
        response.headers["WWW-Authenticate"] = f"Bearer {known}" if "Authorization" in request.headers else "Bearer"


def error_description(error: BrokerError, reference: str) -> str:
    """The public text and the reference, in the characters that RFC 6749 §4.1.2.1 allows."""
    public = error.public.replace('"', "'").replace("\\", "/").replace("’", "'")
    return f"{_NOT_ALLOWED.sub('?', public)} (ref {reference})"


def leave_with(error: BrokerError, way: Exit, issuer: str, pages: Pages, reference: str) -> Response:
    """The error response to a proven redirect URI: error, description, state, iss (RFC 6749 §4.1.2.1)."""
    members = {"error": error.code, "error_description": error_description(error, reference)}
    return leave_by(way, issuer, pages, members)
