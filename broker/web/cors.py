"""Cross-origin answers for browser apps: a client's own `origins`, never with credentials (contract section 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, g, request

from broker.model import Client, Configuration


@dataclass(frozen=True, slots=True)
class Cors:
    live: Callable[[], Configuration]

    def register(self, routes: Blueprint) -> None:
        routes.after_request(self.attach)

    def attach(self, response: Response) -> Response:
        """Preflights and failures before the client is known: any client's origin. After that: only its own."""
        response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin is None or not self._allowed(origin):
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "POST")
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, DPoP"
            response.headers["Access-Control-Max-Age"] = "600"
        else:
            response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate, DPoP-Nonce"
        return response

    def _allowed(self, origin: str) -> bool:
        client: Client | None = g.get("client")
        if client is not None:
            return origin in client.origins
        return any(origin in other.origins for other in self.live().clients.values())


def asked_by(client: Client) -> None:
    """The client of this request is proven."""
    g.client = client


def open_to_all(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
