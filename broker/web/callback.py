"""The IdP's answer, whatever its protocol, and the documents that an IdP's admin loads about us.

The path's tenant and IdP decide everything; nothing in the message can move it to another tenant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlencode

from flask import Blueprint, Request, Response, abort, request
from werkzeug.datastructures import MultiDict

from broker import policy
from broker.connectors import Connectors
from broker.errors import AccessDenied
from broker.model import Callback, Configuration
from broker.signin import Answered, Completed, SignIn
from broker.web.cookies import Cookies
from broker.web.responses import to_client

Address = IPv4Address | IPv6Address


def blueprint(
    *,
    issuer: str,
    live: Callable[[], Configuration],
    signin: SignIn,
    connectors: Connectors,
    cookies: Cookies,
    address: Callable[[Request], Address | None],
) -> Blueprint:
    routes = Blueprint("callback", __name__)

    def answered(tenant: str, idp: str, *, protocol: str) -> Response:
        _require_protocol(live(), tenant, idp, protocol)
        callback = Callback(request.method, _every_value(request.args), _every_value(request.form))
        result = signin.answer(
            live(), tenant, idp, callback, cookies.transaction(request), cookies.session(request), address(request)
        )
        if isinstance(result, Answered):
            query = urlencode({"name": result.name})
            return Response(status=303, headers={"Location": f"{issuer}/t/{tenant}/{protocol}/{idp}/arrival?{query}"})
        return completed(result, result.request.id)

    def arrival(tenant: str, idp: str, *, protocol: str) -> Response:
        _require_protocol(live(), tenant, idp, protocol)
        name = request.args.get("name", "")
        result = signin.arrive(
            live(), tenant, idp, name, cookies.transaction(request), cookies.session(request), address(request)
        )
        return completed(result, name)

    def completed(result: Completed, name: str) -> Response:
        response = to_client(result.request, issuer, {"code": result.code})
        cookies.end_transaction(response, name)
        if result.browser is not None:
            cookies.set_session(response, result.browser)
        cookies.remember_realm(response, request, result.session.home_tenant, result.session.idp)
        return response

    def metadata(tenant: str, idp: str) -> Response:
        try:
            _, provider = policy.usable_provider(live(), tenant, idp)
        except AccessDenied:
            abort(404)
        document = connectors.of(provider).metadata(connectors.callback_url(provider))
        if provider.protocol != "saml" or document is None:
            abort(404)
        media_type, body = document
        return Response(body, content_type=media_type)

    def acs(tenant: str, idp: str) -> Response:
        return answered(tenant, idp, protocol="saml")

    def saml_arrival(tenant: str, idp: str) -> Response:
        return arrival(tenant, idp, protocol="saml")

    def oidc_callback(tenant: str, idp: str) -> Response:
        return answered(tenant, idp, protocol="oidc")

    routes.add_url_rule("/t/<tenant>/saml/<idp>/metadata", view_func=metadata)
    routes.add_url_rule("/t/<tenant>/saml/<idp>/acs", view_func=acs, methods=["POST"])
    routes.add_url_rule("/t/<tenant>/saml/<idp>/arrival", view_func=saml_arrival)
    routes.add_url_rule("/t/<tenant>/oidc/<idp>/callback", view_func=oidc_callback)
    return routes


def _require_protocol(configuration: Configuration, tenant: str, idp: str, protocol: str) -> None:
    """A path of the wrong protocol, tenant or IdP is no path at all: it looks like any other unknown one."""
    held = configuration.tenants.get(tenant)
    provider = held.identity_providers.get(idp) if held else None
    if provider is None or provider.protocol != protocol:
        abort(404)


def _every_value(values: MultiDict[str, str]) -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(many) for name, many in values.lists()}
