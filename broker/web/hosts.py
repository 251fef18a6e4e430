"""The issuer host serves; a tenant host only points to it; any other host is nobody (contract section 2, Hosts)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from flask import Flask, Request, abort, redirect, request
from werkzeug.wrappers import Response

from broker.errors import ShownError
from broker.model import Configuration

ANYWHERE = frozenset({"/healthz", "/readyz"})  # probes come by address
POINTED = frozenset({"/authorize", "/login"})
DEFAULT_PORT = {"http": ":80", "https": ":443"}  # a proxy may write it out; it names the same origin (RFC 3986 §6.2.3)


def register(app: Flask, issuer: str, live: Callable[[], Configuration]) -> None:
    """Answer requests for tenant hosts by 303 to the issuer with `tenant=` added, and refuse unknown hosts."""
    default_port = DEFAULT_PORT[urlsplit(issuer).scheme]
    issuer_host = urlsplit(issuer).netloc.removesuffix(default_port)

    @app.before_request
    def right_host() -> Response | None:
        host = request.host.lower().removesuffix(default_port)
        if host == issuer_host or request.path in ANYWHERE:
            return None
        label, _, parent = host.partition(".")
        if parent != issuer_host:
            raise ShownError("host", f"This address is not served here. Use {issuer}.")
        tenant = live().labels.get(label)
        if tenant is None or request.method != "GET" or request.path not in POINTED:
            abort(404)
        return redirect(f"{issuer}{request.path}?{_with_tenant(request, tenant)}", code=303)


def _with_tenant(request: Request, tenant: str) -> str:
    """The query with `tenant=<id>`; the same `tenant` is not repeated, another one stays to fail."""
    pairs = [(name, value) for name, values in request.args.lists() for value in values]
    if ("tenant", tenant) not in pairs:
        pairs.append(("tenant", tenant))
    return urlencode(pairs)
