"""The IdP's answer, whatever its protocol, and the documents that an IdP's admin loads about us.

The path's tenant and IdP decide everything; nothing in the message can move it to another tenant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlencode

from flask import Blueprint, Request, Response, abort, request
from werkzeug.datastructures import MultiDict

from broker import policy
from broker.connectors import Connectors, path_of
from broker.errors import AccessDenied
from broker.model import Callback, Configuration, IdentityProvider
from broker.signin import Answered, Asking, Completed, Portal, SignIn
from broker.web.cookies import Cookies
from broker.web.pages import Pages
from broker.web.responses import concluded

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Callbacks:
    issuer: str
    live: Callable[[], Configuration]
    signin: SignIn
    portal: Portal
    connectors: Connectors
    cookies: Cookies
    pages: Pages
    address: Callable[[Request], Address]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("callback", __name__)
        at = "/t/<tenant>/<any(saml,wsfed):protocol>/<idp>"
        routes.add_url_rule(f"{at}/metadata", "metadata", self.metadata)
        at = "/t/<tenant>/<any(saml):protocol>/<idp>"
        routes.add_url_rule(f"{at}/acs", "acs", self.answer, methods=["POST"])
        routes.add_url_rule(f"{at}/landing", "landing", self.landing)
        at = "/t/<tenant>/<any(oidc):protocol>/<idp>"
        routes.add_url_rule(f"{at}/callback", "callback", self.answer, methods=["GET", "POST"])
        at = "/t/<tenant>/<any(wsfed):protocol>/<idp>"
        routes.add_url_rule(f"{at}/callback", "token", self.answer, methods=["POST"])
        at = "/t/<tenant>/<any(saml,oidc,wsfed):protocol>/<idp>"
        routes.add_url_rule(f"{at}/arrival", "arrival", self.arrival)
        return routes

    def answer(self, tenant: str, protocol: str, idp: str) -> Response:
        configuration = self.live()
        callback = Callback(request.method, _every_value(request.args), _every_value(request.form))
        cookies, provider = self.cookies, _provider(configuration, tenant, protocol, idp)
        parked = self.portal.receive(configuration, provider, callback, self.address(request))
        if parked is not None:
            response = self._sent_on(f"/t/{tenant}/{protocol}/{idp}/landing", parked.name)
            cookies.set_transaction(response, request, parked.name, parked.cookie)
            return response
        result = self.signin.answer(
            configuration,
            provider,
            callback,
            cookies.transaction(request),
            cookies.session(request),
            self.address(request),
        )
        if isinstance(result, Answered):
            return self._sent_on(f"/t/{tenant}/{protocol}/{idp}/arrival", result.name)
        return self._completed(result, result.request.id)

    def arrival(self, tenant: str, protocol: str, idp: str) -> Response:
        configuration = self.live()
        name = request.args.get("name", "")
        cookies = self.cookies
        result = self.signin.arrive(
            configuration,
            _provider(configuration, tenant, protocol, idp),
            name,
            cookies.transaction(request),
            cookies.session(request),
            self.address(request),
        )
        return self._completed(result, name)

    def metadata(self, tenant: str, protocol: str, idp: str) -> Response:
        configuration = self.live()
        provider = _provider(configuration, tenant, protocol, idp)
        try:
            policy.usable_provider(configuration, tenant, idp)
        except AccessDenied:
            abort(404)
        document = self.connectors.of(provider).metadata(self.connectors.callback_url(provider))
        if document is None:
            abort(404)
        media_type, body = document
        return Response(body, content_type=media_type)

    def landing(self, tenant: str, protocol: str, idp: str) -> Response:
        """The GET after an answer that the IdP sent by itself."""
        configuration, name, cookies = self.live(), request.args.get("name", ""), self.cookies
        landed = self.portal.land(
            configuration,
            _provider(configuration, tenant, protocol, idp),
            name,
            cookies.transaction(request),
            cookies.session(request),
            self.address(request),
        )
        response = Response(status=303, headers={"Location": landed.location})
        cookies.end_transaction(response, name)
        cookies.set_session(response, landed.browser)
        cookies.remember_realm(response, request, landed.session.home_tenant, landed.session.idp)
        return response

    def _sent_on(self, path: str, name: str) -> Response:
        query = urlencode({"name": name})
        return Response(status=303, headers={"Location": f"{self.issuer}{path}?{query}"})

    def _completed(self, completed: Completed | Asking, name: str) -> Response:
        response = concluded(completed, self.issuer, self.pages)
        self.cookies.end_transaction(response, name)
        if completed.browser is not None:
            self.cookies.set_session(response, completed.browser)
        self.cookies.remember_realm(response, request, completed.session.home_tenant, completed.session.idp)
        return response


def _provider(configuration: Configuration, tenant: str, protocol: str, idp: str) -> IdentityProvider:
    """A path of the wrong protocol, tenant or IdP is no path at all: it looks like any other unknown one."""
    held = configuration.tenants.get(tenant)
    provider = held.identity_providers.get(idp) if held else None
    if provider is None or path_of(provider) != protocol:
        abort(404)
    return provider


def _every_value(values: MultiDict[str, str]) -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(many) for name, many in values.lists()}
