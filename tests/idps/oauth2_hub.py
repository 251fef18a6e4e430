"""A look-alike of GitHub: plain OAuth 2.0 with PKCE, a profile, and a list of addresses. Synthetic."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from werkzeug import Request, Response

from tests.idps.oidc_op import OidcOp

ANA = {"id": 583231, "login": "ana", "name": "Ana", "email": "shown@elsewhere.example", "avatar_url": "http://x/a.png"}
EMAILS = [
    {"email": "old@example.com", "primary": False, "verified": True, "visibility": None},
    {"email": "ana@example.com", "primary": True, "verified": True, "visibility": "private"},
]


class OAuth2Hub(OidcOp):
    """`emails`: what the addresses' endpoint answers, as JSON text."""

    def __init__(self) -> None:
        super().__init__(people={"ana": ANA})
        self.emails = json.dumps(EMAILS)
        self.switches.token["id_token"] = None
        self.switches.answer["iss"] = None

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        if request.path != "/emails":
            return super().__call__(environ, start_response)
        self.seen.append(("/emails", {}, dict(request.headers)))
        return Response(self.emails, content_type="application/json")(environ, start_response)

    def endpoints(self) -> dict[str, str]:
        places = {"authorization": "authorize", "token": "token", "profile": "userinfo", "emails": "emails"}
        return {name: f"{self.issuer}/{path}" for name, path in places.items()}
