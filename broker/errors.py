"""Every failure the broker answers for. One place in `web` turns them into HTTP.

    BrokerError                       code, status, public text, reason; `detail` for the log only
    |- ConfigurationError             carries every problem, each with file, line, column, path and remedy
    |- TokenRejected                  a JWT failed a check of `jose`; the caller maps it to its own error
    |- StoreError                     the store is unreachable or not at head
    |- ShownError                     a page, never redirected: unknown client, bad redirect URI, lost or used state
    |- OAuthError                     redirect to a proven redirect URI, or JSON
    |  |- InvalidRequest, InvalidClient, InvalidGrant, InvalidScope, InvalidTarget, UnauthorizedClient,
    |  |- UnsupportedGrantType, UnsupportedResponseType, AccessDenied, LoginRequired, InteractionRequired,
    |  `- ServerError, TemporarilyUnavailable (TooManyRequests), InvalidToken, InsufficientScope,
    |     RequestNotSupported, RequestUriNotSupported
    `- UpstreamError                  raised by connectors, with a `reason` (one a check)
       |- AssertionRejected           -> access_denied
       `- UpstreamUnavailable         -> temporarily_unavailable

`reason` is the machine-readable cause: audit events carry it and tests assert it. `public` is shown to the user and
may leave by redirect; `detail` (expected and got, never a secret) goes to the log and the audit event only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Exit:
    """A client's proven redirect URI and the `state` that goes back with it."""

    redirect_uri: str
    state: str | None


class BrokerError(Exception):
    code = "server_error"
    status = 500
    public = "Something went wrong on our side."

    def __init__(self, reason: str, public: str | None = None, *, detail: str | None = None) -> None:
        super().__init__(reason if detail is None else f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        if public is not None:
            self.public = public
        self.event: str | None = None
        self.reference: str | None = None
        self.tenant: str | None = None
        self.idp: str | None = None
        self.client_id: str | None = None
        self.exit: Exit | None = None

    def about(
        self,
        *,
        event: str | None = None,
        reference: str | None = None,
        tenant: str | None = None,
        idp: str | None = None,
        client_id: str | None = None,
    ) -> Self:
        """Say what the failure was about; what is already known stays. The audit event is written from this."""
        self.event = self.event or event
        self.reference = self.reference or reference
        self.tenant = self.tenant or tenant
        self.idp = self.idp or idp
        self.client_id = self.client_id or client_id
        return self

    def leaving_by(self, redirect_uri: str, state: str | None) -> Self:
        """From here on the failure may leave by the client's proven redirect URI (RFC 6749 §4.1.2.1)."""
        self.exit = self.exit or Exit(redirect_uri, state)
        return self


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of the configuration: `file:line:column: path: what; remedy`. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    path: str
    what: str
    remedy: str = ""
    warning: bool = False

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.path or '.'}: {self.what}"
        return f"{text}; {self.remedy}" if self.remedy else text


class ConfigurationError(BrokerError):
    code = "invalid_configuration"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("configuration", detail="\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class TokenRejected(BrokerError):
    """A JWT is malformed, badly signed or fails a claim check. `reason`: size, json, alg, key, crit, typ, exp …"""

    code = "invalid_request"
    status = 400
    public = "The token is not valid."


class StoreError(BrokerError):
    code = "temporarily_unavailable"
    status = 503
    public = "The service is not ready. Try again in a moment."


class ShownError(BrokerError):
    code = "invalid_request"
    status = 400
    public = "This sign-in request is not valid."


class OAuthError(BrokerError):
    code = "invalid_request"
    status = 400
    public = "The request is not valid."


class InvalidRequest(OAuthError):
    pass


class InvalidClient(OAuthError):
    code = "invalid_client"
    status = 401
    public = "Client authentication failed."


class InvalidGrant(OAuthError):
    code = "invalid_grant"
    public = "The grant is not valid, has expired, was used or was revoked."


class InvalidScope(OAuthError):
    code = "invalid_scope"
    public = "A requested scope is not allowed for this client."


class InvalidTarget(OAuthError):
    code = "invalid_target"
    public = "The requested audience is not allowed."


class UnauthorizedClient(OAuthError):
    code = "unauthorized_client"
    public = "This client may not do that."


class UnsupportedGrantType(OAuthError):
    code = "unsupported_grant_type"
    public = "This grant type is not supported."


class UnsupportedResponseType(OAuthError):
    code = "unsupported_response_type"
    public = "This response type is not supported; use response_type=code."


class AccessDenied(OAuthError):
    code = "access_denied"
    status = 403
    public = "Access was denied."


class LoginRequired(OAuthError):
    code = "login_required"
    public = "The user must sign in."


class InteractionRequired(OAuthError):
    code = "interaction_required"
    public = "The user must choose where to sign in."


class RequestNotSupported(OAuthError):
    code = "request_not_supported"
    public = "Request objects are not supported."


class RequestUriNotSupported(OAuthError):
    code = "request_uri_not_supported"
    public = "request_uri is not supported."


class ServerError(OAuthError):
    code = "server_error"
    status = 500
    public = "Something went wrong on our side."


class TemporarilyUnavailable(OAuthError):
    code = "temporarily_unavailable"
    status = 503
    public = "The service is busy. Try again in a moment."


class TooManyRequests(TemporarilyUnavailable):
    """A limit was reached. wait: seconds until the same may be tried again (RFC 6585 §4)."""

    status = 429
    public = "Too many requests came from your network. Wait a minute and try again."

    def __init__(self, reason: str, public: str | None = None, *, wait: int) -> None:
        super().__init__(reason, public)
        self.wait = wait


class InvalidToken(OAuthError):
    """RFC 6750 §3.1, at userinfo."""

    code = "invalid_token"
    status = 401
    public = "The access token is not valid, has expired or was revoked."


class InsufficientScope(OAuthError):
    """RFC 6750 §3.1, at userinfo."""

    code = "insufficient_scope"
    status = 403
    public = "The access token was not granted the scope that this needs."


class UpstreamError(BrokerError):
    code = "access_denied"
    status = 400
    public = "Your organisation's identity provider did not give a valid answer."


class AssertionRejected(UpstreamError):
    """A check failed on what the IdP sent. `reason` names the check; nothing may be issued."""


class UpstreamUnavailable(UpstreamError):
    code = "temporarily_unavailable"
    status = 503
    public = "Your organisation's identity provider is not answering. Try again in a moment."
