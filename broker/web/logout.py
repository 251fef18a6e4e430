"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0; contract section 2, Logout).

A valid `id_token_hint` ends its `sid` at once (expired, or signed by a retired key, is fine); anything else asks first.
The browser leaves only to a registered `post_logout_redirect_uri` of a proven client.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from broker.audit import new_reference
from broker.errors import ShownError, TokenRejected
from broker.model import AuditEvent, Client, Configuration, Session
from broker.oauth2 import redirect_uris
from broker.seal import Seal
from broker.sessions import Sessions
from broker.store import Store
from broker.web.cookies import Cookies
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
    sessions: Sessions
    cookies: Cookies
    pages: Pages
    seal: Seal
    verify_hint: Callable[[str], Hint]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("logout", __name__)
        routes.add_url_rule("/logout", "logout", self.logout, methods=["GET", "POST"])
        return routes

    def logout(self) -> Response:
        parameters = request.form if request.method == "POST" else request.args
        asked = self._asked(dict(parameters.lists()))
        if asked.hint is not None:
            self._end(self._of_hint(asked.hint))
        elif self._held() and not self._confirmed():
            return self._ask()
        else:
            self._end(self._held())
        return self._leave(asked)

    def _asked(self, parameters: Mapping[str, list[str]]) -> Asked:
        """Raises ShownError: repeated, client_id, id_token_hint_client, post_logout_redirect_uri."""
        if any(len(values) > 1 for values in parameters.values()):
            raise ShownError("repeated", "A parameter of this sign-out request stands there twice.")
        given = {name: values[0] for name, values in parameters.items() if values[0]}
        hint = self._hint(given.get("id_token_hint"))
        client = self._client(given.get("client_id"), hint)
        leave_for = given.get("post_logout_redirect_uri")
        if leave_for is None:
            return Asked(hint, client, None)
        if client is None or not _registered(client, leave_for):
            raise ShownError(
                "post_logout_redirect_uri",
                "This sign-out request asks to go to an address that the application has not registered.",
            ).about(client_id=client.client_id if client else None)
        state = given.get("state")
        joint = "&" if "?" in leave_for else "?"
        return Asked(hint, client, leave_for if state is None else f"{leave_for}{joint}{urlencode({'state': state})}")

    def _hint(self, token: str | None) -> Hint | None:
        if token is None:
            return None
        try:
            return self.verify_hint(token)
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

    def _held(self) -> tuple[Session, ...]:
        browser = self.cookies.session(request)
        return self.store.deployment.browser_sessions(browser) if browser else ()

    def _of_hint(self, hint: Hint) -> tuple[Session, ...]:
        """The hint's session: this browser's, or, without its cookie, the one of the token's tenant."""
        sid, tenant = hint.get("sid"), hint.get("tenant")
        held = tuple(session for session in self._held() if session.sid == sid)
        if held or not isinstance(sid, str) or not isinstance(tenant, str):
            return held
        session = self.store.of(tenant).session(sid)
        return (session,) if session is not None else ()

    def _confirmed(self) -> bool:
        return request.method == "POST" and hmac.compare_digest(
            request.form.get("confirm", "").encode(), self._confirmation().encode()
        )

    def _confirmation(self) -> str:
        """Bound to this browser's session cookie, so no other site can press the button."""
        browser = self.cookies.session(request) or ""
        return urlsafe_b64encode(self.seal.mac("logout confirmation", browser.encode())).decode()

    def _ask(self) -> Response:
        parameters = request.form if request.method == "POST" else request.args
        kept = {
            name: parameters[name]
            for name in ("client_id", "post_logout_redirect_uri", "state")
            if parameters.get(name)
        }
        return self.pages.logout_confirm({**kept, "confirm": self._confirmation()})

    def _end(self, ending: tuple[Session, ...]) -> None:
        for session in ending:
            with self.store.transaction() as transaction:
                self.sessions.end(transaction, session)
                transaction.record(
                    AuditEvent(
                        "session.ended",
                        "success",
                        new_reference(),
                        tenant=session.tenant,
                        idp=session.idp,
                        sub=session.sub,
                        sid=session.sid,
                    )
                )

    def _leave(self, asked: Asked) -> Response:
        if asked.leave_for is not None:
            response = Response(status=303, headers={"Location": asked.leave_for})
        else:
            response = self.pages.signed_out(asked.client.name if asked.client else None)
        if not self._held():
            self.cookies.end_session(response)
        return response


def _registered(client: Client, unverified_uri: str) -> bool:
    uris = client.post_logout_redirect_uris
    return redirect_uris.match(uris, unverified_uri, any_loopback_port=client.public) is not None
