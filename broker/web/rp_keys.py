"""`/t/<tenant>/oidc/<idp>/jwks`: the public keys that prove us at that IdP, for its admin or the IdP itself to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, abort

from broker import policy
from broker.errors import AccessDenied
from broker.model import Configuration

MAX_AGE = 300  # seconds


@dataclass(frozen=True, slots=True)
class RpKeysEndpoint:
    live: Callable[[], Configuration]
    jwks: Callable[[str, str], bytes]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("rp_keys", __name__)
        routes.add_url_rule("/t/<tenant>/oidc/<idp>/jwks", "jwks", self.show)
        return routes

    def show(self, tenant: str, idp: str) -> Response:
        try:
            _, provider = policy.usable_provider(self.live(), tenant, idp)
        except AccessDenied:
            abort(404)
        if provider.oidc is None or provider.oidc.client_auth != "private_key_jwt":
            abort(404)  # no keys are made for whoever does not use them
        response = Response(self.jwks(tenant, idp), content_type="application/jwk-set+json")
        response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
        return response
