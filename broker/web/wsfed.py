"""The end of sessions over WS-Federation (WS-Federation 1.2 §13.2.4): GET /t/<tenant>/wsfed/<idp>/callback.

wa=wsignoutcleanup1.0   the IdP's page (a frame, a picture, a redirect) tells this browser that it signed out there
name=…                  the browser is back from the IdP, where we sent it to sign out

Nothing about a clean-up is signed, so it ends sessions of this browser with this IdP only, and only where the request
comes from the IdP's own pages; from anywhere else the person is asked first, as at /logout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request

from broker import policy
from broker.connectors import Connectors
from broker.connectors.wsfed import WsFedConnector
from broker.errors import AccessDenied, ShownError
from broker.model import Configuration, Session
from broker.oauth2.parameters import one, repeated
from broker.signout import SignOut
from broker.store import Store
from broker.web.cookies import Cookies
from broker.web.headers import content_security_policy
from broker.web.pages import Pages
from broker.web.parameters import queried

ACTIONS = ("wsignoutcleanup1.0", "wsignout1.0")


@dataclass(frozen=True, slots=True)
class WsFedSignOut:
    live: Callable[[], Configuration]
    store: Store
    connectors: Connectors
    signout: SignOut
    cookies: Cookies
    pages: Pages

    def blueprint(self) -> Blueprint:
        routes = Blueprint("wsfed", __name__)
        routes.add_url_rule("/t/<tenant>/wsfed/<idp>/callback", "sign_out", self.sign_out)
        return routes

    def sign_out(self, tenant: str, idp: str) -> Response:
        configuration = self.live()
        connector = self._connector(configuration, tenant, idp)
        asked = queried(request)
        name, action = one(asked, "name"), one(asked, "wa")
        if repeated(asked) is not None or (action not in ACTIONS and name is None):
            raise ShownError("wa", "This address is for your identity provider's answers only.").about(
                event="wsfed.rejected", tenant=tenant, idp=idp
            )
        if action not in ACTIONS:
            return Response(status=303, headers={"Location": f"/logout/upstream?{urlencode({'name': name})}"})
        ending = self._ending(tenant, idp)
        if ending and not connector.is_at(request.headers.get("Referer", "")):
            return Response(status=303, headers={"Location": "/logout"})
        return self._ended(configuration, connector, ending, one(asked, "wreply") or "")

    def _ended(
        self, configuration: Configuration, connector: WsFedConnector, ending: tuple[Session, ...], back: str
    ) -> Response:
        """The browser goes back to the IdP's own host and nowhere else, once the applications' frames have loaded."""
        frames = self.signout.end(configuration, ending, reason="upstream_logout")
        leave_for = back if connector.is_at(back) else None
        if leave_for is not None and not frames:
            response = Response(status=303, headers={"Location": leave_for})
        else:
            response = self.pages.signed_out(frames=frames, leave_for=leave_for)
            response.headers["Content-Security-Policy"] = content_security_policy(frames=frames, ancestors="https:")
        browser = self.cookies.session(request)
        if browser is not None and not self.store.deployment.browser_sessions(browser):
            self.cookies.end_session(response)
        return response

    def _ending(self, tenant: str, idp: str) -> tuple[Session, ...]:
        browser = self.cookies.session(request)
        held = self.store.deployment.browser_sessions(browser) if browser else ()
        return tuple(session for session in held if (session.home_tenant, session.idp) == (tenant, idp))

    def _connector(self, configuration: Configuration, tenant: str, idp: str) -> WsFedConnector:
        """404 for whatever may not be used: an outsider learns nothing of customers."""
        try:
            _, provider = policy.usable_provider(configuration, tenant, idp)
        except AccessDenied:
            abort(404)
        if provider.wsfed is None:
            abort(404)
        connector = self.connectors.of(provider)
        if not isinstance(connector, WsFedConnector):
            raise TypeError(f"{tenant}/{idp} was built as another protocol")
        return connector
