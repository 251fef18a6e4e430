"""The root of the tree, and the branches that never leave by redirect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Exit:
    """A client's proven redirect URI, the `state` that goes back with it, and how: query | form_post."""

    redirect_uri: str
    state: str | None
    response_mode: str = "query"


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
        self.told: Mapping[str, str] = {}
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

    def telling(self, told: Mapping[str, str]) -> Self:
        """What only the audit event may say, because it names people; the log never does."""
        self.told = {**told, **self.told}
        return self

    def leaving_by(self, redirect_uri: str, state: str | None, response_mode: str = "query") -> Self:
        """From here on the failure may leave by the client's proven redirect URI (RFC 6749 §4.1.2.1)."""
        self.exit = self.exit or Exit(redirect_uri, state, response_mode)
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


class Forged(ShownError):
    status = 403
    public = "This form did not come from a page of ours, or the page is too old. Open it again."


class TooManyGuesses(ShownError):
    status = 429
    public = "Too many codes were typed here. Wait ten minutes, then try again."
