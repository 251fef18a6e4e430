"""How sessions of the browser that asks end: here, in the applications that it must load, and upstream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Request, Response

from broker.model import Client, Configuration, Session
from broker.signout import SignOut, SingleLogouts
from broker.store import Store
from broker.web.cookies import Cookies
from broker.web.pages import Pages


@dataclass(frozen=True, slots=True)
class Departure:
    store: Store
    signout: SignOut
    logouts: SingleLogouts
    cookies: Cookies
    pages: Pages

    def held(self, request: Request) -> tuple[Session, ...]:
        """The sessions behind the browser."""
        browser = self.cookies.session(request)
        return self.store.deployment.browser_sessions(browser) if browser else ()

    def end(
        self,
        request: Request,
        configuration: Configuration,
        ending: Sequence[Session],
        *,
        client: Client | None = None,
        leave_for: str | None = None,
        reason: str | None = None,
    ) -> Response:
        """client: the application that is left; leave_for: its address to go to afterwards, None: our own page.

        reason: as in `SignOut.end`.
        """
        frames = self.signout.end(configuration, ending, reason=reason)
        upstream = self.logouts.begin(configuration, ending, leave_for, client.client_id if client else None)
        leave_for = upstream.url if upstream else leave_for
        if leave_for is not None and not frames:
            response = Response(status=303, headers={"Location": leave_for})
        else:
            response = self.pages.signed_out(client.name if client else None, frames=frames, leave_for=leave_for)
        if upstream is not None:
            self.cookies.set_transaction(response, request, upstream.name, upstream.browser)
        if self.cookies.session(request) is not None and not self.held(request):
            self.cookies.end_session(response)
        return response
