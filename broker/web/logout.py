"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0; contract section 2, Logout).

A valid `id_token_hint` ends its `sid` at once (expired, or signed by a retired key, is fine); anything else asks first,
and who cancels comes to /logout/stay, which changes nothing.
The browser leaves only to a registered `post_logout_redirect_uri` of a client that the request names; before that it
loads the frames of the applications that want to learn of it there, and visits the upstreams that sign out with us.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from broker.errors import ShownError, TokenRejected
from broker.model import Client, Configuration, Session
from broker.oauth2 import redirect_uris
from broker.seal import Seal
from broker.store import Store
from broker.web.cookies import Cookies
from broker.web.departure import Departure
from broker.web.pages import Pages

KEPT = ("client_id", "post_logout_redirect_uri", "state")

Hint = Mapping[str, object]  # the claims of one of our ID tokens, signature good


@dataclass(frozen=True, slots=True)
class Asked:
    """What a logout request proved: perhaps a token's claims, perhaps a client and where to go afterwards."""

    hint: Hint | None
    client: Client | None
    leave_for: str | None


@dataclass(frozen=True, slots=True)
class Logout:
    live: Callable[[], Configuration]
    store: Store
    departure: Departure
    cookies: Cookies
    pages: Pages
    seal: Seal
    verify_hint: Callable[[str, Configuration], Hint]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("logout", __name__)
        routes.add_url_rule("/logout", "logout", self.logout, methods=["GET", "POST"])
        routes.add_url_rule("/logout/stay", "stay", self.pages.stayed)
        return routes

    def logout(self) -> Response:
        parameters = request.form if request.method == "POST" else request.args
        asked = self._asked(dict(parameters.lists()))
        if asked.hint is not None:
            return self._end(asked, self._of_hint(asked.hint))
        if self._from_elsewhere():
            return Response(status=303, headers={"Location": f"/logout?{urlencode(self._kept())}"})
        held = self._held()
        if held and not self._confirmed():
            return self.pages.logout_confirm({**self._kept(), "confirm": self._confirmation()})
        return self._end(asked, held)

    def _asked(self, parameters: Mapping[str, list[str]]) -> Asked:
        """Raises ShownError: repeated, client_id, id_token_hint_client, post_logout_redirect_uri.

        A post_logout_redirect_uri of nobody in particular is not looked at: the browser will not go there.
        """
        if any(len(values) > 1 for values in parameters.values()):
            raise ShownError("repeated", "A parameter of this sign-out request stands there twice.")
        given = {name: values[0] for name, values in parameters.items() if values[0]}
        hint = self._hint(given.get("id_token_hint"))
        client = self._client(given.get("client_id"), hint)
        leave_for = given.get("post_logout_redirect_uri")
        if leave_for is None or client is None:
            return Asked(hint, client, None)
        if not self._registered(client, leave_for):
            raise ShownError(
                "post_logout_redirect_uri",
                "This sign-out request asks to go to an address that the application has not registered.",
            ).about(client_id=client.client_id)
        state = given.get("state")
        joint = "&" if "?" in leave_for else "?"
        return Asked(hint, client, leave_for if state is None else f"{leave_for}{joint}{urlencode({'state': state})}")

    def _hint(self, token: str | None) -> Hint | None:
        if token is None:
            return None
        try:
            return self.verify_hint(token, self.live())
        except TokenRejected:
            return None  # contract: otherwise it asks

    def _client(self, client_id: str | None, hint: Hint | None) -> Client | None:
        audience = str(hint["aud"]) if hint is not None else None
        if client_id is not None and audience is not None and client_id != audience:
            raise ShownError("id_token_hint_client", "The sign-out request names another application than its token.")
        wanted = client_id or audience
        client = self.live().clients.get(wanted) if wanted else None
        if client_id is not None and client is None:
            raise ShownError("client_id", "This application is not registered here.")
        return client

    def _registered(self, client: Client, unverified_uri: str) -> bool:
        """What stands for `{tenant}` must be the label of an active tenant of this client."""
        uris = client.post_logout_redirect_uris
        match = redirect_uris.match(uris, unverified_uri, any_loopback_port=client.public)
        if match is None or match.label is None:
            return match is not None
        configuration = self.live()
        tenant = configuration.tenants.get(configuration.labels.get(match.label, ""))
        return tenant is not None and tenant.active and client.may_use(tenant.id)

    def _from_elsewhere(self) -> bool:
        """Another site's form: Lax cookies stayed at home, so who is signed in shows only after a GET."""
        return request.method == "POST" and "confirm" not in request.form and self.cookies.session(request) is None

    def _held(self) -> tuple[Session, ...]:
        return self.departure.held(request)

    def _of_hint(self, hint: Hint) -> tuple[Session, ...]:
        """The session that the token speaks of, in whichever browser; () when it is over already.

        A token without `tenant` (the client's `tenant_claims: false`) finds it in this browser only.
        """
        sid, tenant = hint.get("sid"), hint.get("tenant")
        if not isinstance(sid, str):
            return ()
        if not isinstance(tenant, str):
            return tuple(one for one in self._held() if (one.sid, one.sub) == (sid, hint.get("sub")))
        session = self.store.of(tenant).session(sid)
        return (session,) if session is not None and session.sub == hint.get("sub") else ()

    def _confirmed(self) -> bool:
        return request.method == "POST" and hmac.compare_digest(
            request.form.get("confirm", "").encode(), self._confirmation().encode()
        )

    def _confirmation(self) -> str:
        """Bound to this browser's session cookie, so no other site can press the button."""
        browser = self.cookies.session(request) or ""
        return urlsafe_b64encode(self.seal.mac("logout confirmation", browser.encode())).decode()

    def _kept(self) -> dict[str, str]:
        parameters = request.form if request.method == "POST" else request.args
        return {name: parameters[name] for name in KEPT if parameters.get(name)}

    def _end(self, asked: Asked, ending: tuple[Session, ...]) -> Response:
        return self.departure.end(request, self.live(), ending, client=asked.client, leave_for=asked.leave_for)
