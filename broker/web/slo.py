"""Single logout over SAML: /t/<tenant>/saml/<idp>/slo hears the upstream, /logout/upstream sends browsers there.

Whoever comes back from an OpenID provider arrives at /logout/upstream as well: its `state` is the `name`.

Nothing of a message decides where a browser goes: only the upstream's own metadata and our clients' registered
addresses do. A RelayState goes back to the upstream that sent it, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, request

from broker.errors import BrokerError
from broker.model import Callback, Configuration, PostForm, Redirect
from broker.signout import Left, SingleLogouts, Told
from broker.web.cookies import Cookies
from broker.web.pages import Pages
from broker.web.parameters import queried


@dataclass(frozen=True, slots=True)
class SingleLogoutEndpoint:
    live: Callable[[], Configuration]
    logouts: SingleLogouts
    pages: Pages
    cookies: Cookies

    def blueprint(self) -> Blueprint:
        routes = Blueprint("single_logout", __name__)
        routes.add_url_rule("/t/<tenant>/saml/<idp>/slo", "slo", self.slo, methods=["GET", "POST"])
        routes.add_url_rule("/logout/upstream", "upstream", self.upstream, methods=["GET"])
        return routes

    def slo(self, tenant: str, idp: str) -> Response:
        configuration = self.live()
        held = configuration.tenants.get(tenant)
        provider = held.identity_providers.get(idp) if held else None
        if provider is None or provider.saml is None:
            abort(404)
        form = {name: tuple(values) for name, values in request.form.lists()}
        raw = request.query_string.decode("ascii", "replace")
        callback = Callback(request.method, queried(request), form, raw)
        try:
            heard = self.logouts.hear(configuration, provider, callback)
        except BrokerError as error:
            raise error.about(event="saml.logout_rejected", tenant=tenant, idp=idp) from None
        return self._told(heard) if isinstance(heard, Told) else self._on(configuration, heard)

    def upstream(self) -> Response:
        """The browser that set out goes on; its cookie is what it has and a link has not."""
        configuration, name = self.live(), request.args.get("name") or request.args.get("state", "")
        browser = self.cookies.transaction(request)(name)
        step = self.logouts.go_on(configuration, name, browser or "")
        response = self._on(configuration, step)
        if browser is not None and isinstance(step, Left):
            self.cookies.end_transaction(response, name)
        return response

    def _told(self, told: Told) -> Response:
        """Applications that learn of it in frames are loaded first; then the answer leaves for the upstream."""
        match told.action:
            case PostForm() as form:
                return self.pages.auto_post(form.url, form.fields, leaving=True, frames=told.frames)
            case Redirect() as redirect if not told.frames:
                return self._sent(redirect)
            case Redirect() as redirect:
                return self.pages.signed_out(frames=told.frames, leave_for=redirect.url)
            case None:
                return self.pages.signed_out(frames=told.frames)

    def _on(self, configuration: Configuration, step: Redirect | PostForm | Left) -> Response:
        if not isinstance(step, Left):
            return self._sent(step)
        if step.leave_for is not None:
            return Response(status=303, headers={"Location": step.leave_for})
        client = configuration.clients.get(step.client_id or "")
        return self.pages.signed_out(client.name if client else None)

    def _sent(self, action: Redirect | PostForm) -> Response:
        if isinstance(action, PostForm):
            return self.pages.auto_post(action.url, action.fields, leaving=True)
        return Response(status=303, headers={"Location": action.url, "Cache-Control": "no-store"})
