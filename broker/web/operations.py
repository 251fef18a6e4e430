"""/healthz: the process lives. /readyz: it can do its work; a load balancer asks this one."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from broker.errors import StoreError
from broker.store import Store, StoredKey
from broker.tokens.keys import KeyRing


def blueprint(store: Store, keys: KeyRing[StoredKey]) -> Blueprint:
    routes = Blueprint("operations", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @routes.get("/readyz")
    def readyz() -> Response:
        """The store answers and the keys are there; the configuration is in force since the process started."""
        try:
            store.ping()
            keys.jwks()
        except StoreError as error:
            response = jsonify(status="not ready", reason=error.reason)
            response.status_code = 503
            response.headers["Retry-After"] = "5"
            return response
        return jsonify(status="ready")

    return routes
