"""Security headers: one policy for every answer, tightened or widened by nobody but the pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from flask import Flask, Response

HSTS = "max-age=31536000"  # one year, this host only: what lies below it is not ours to promise
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


def content_security_policy(form_action: str = "'none'", frames: Iterable[str] = (), ancestors: str = "'none'") -> str:
    """No inline script or style, no base; pictures of our own or inline (the empty icon). frames: their addresses.

    ancestors: whose pages may frame this one.
    """
    origins = sorted({"://".join(urlsplit(frame)[:2]) for frame in frames})
    frame_src = f"frame-src {' '.join(origins)}; " if origins else ""
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        f"{frame_src}form-action {form_action}; frame-ancestors {ancestors}; base-uri 'none'"
    )


def form_action(*targets: str) -> str:
    """Where a form may lead. Chromium applies it to the redirects after the submit too (CSP 3 §6.4.1).

    A sign-in form ends at whichever identity provider the address belongs to, and an application leads on from its
    callback as it likes, so every https origin is allowed, and of `targets` (our issuer, a redirect URI) the schemes
    that are not https: http on loopback, a native app's own.
    """
    schemes = {urlsplit(target).scheme.lower() for target in targets} - {"https"}
    return " ".join(["'self'", "https:", *(f"{scheme}:" for scheme in sorted(schemes) if _SCHEME.fullmatch(scheme))])


def register(app: Flask, issuer: str) -> None:
    """Add to every answer what it does not say itself; `Cache-Control` is no-store unless the answer chose."""
    wanted = [(name, name.lower(), value) for name, value in _headers(https=issuer.startswith("https://")).items()]

    @app.after_request
    def secure(response: Response) -> Response:
        said = {name.lower() for name, _ in response.headers}
        response.headers.extend([(name, value) for name, key, value in wanted if key not in said])
        return response


def _headers(*, https: bool) -> Mapping[str, str]:
    headers = {
        "Content-Security-Policy": content_security_policy(),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return headers | {"Strict-Transport-Security": HSTS} if https else headers
