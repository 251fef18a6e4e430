"""The demo app's protocol side: Authlib's OAuth 2 client, its ID token checks, joserfc for the signatures."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

from authlib.common.security import generate_token
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from broker.demo.browser import Answer, fetch

ALGORITHMS = ["ES256", "RS256", "PS256"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Verified and decoded."""

    id_token: dict[str, object]
    access_token: dict[str, object]


@dataclass(frozen=True, slots=True)
class Started:
    """What the app remembers in its session until the answer comes back."""

    url: str
    state: str
    nonce: str
    verifier: str = field(repr=False)


class Reply:
    """What Authlib wants to see of an HTTP response."""

    def __init__(self, answer: Answer) -> None:
        self.status_code = answer.status
        self.text = answer.body.decode()

    def json(self) -> object:
        return json.loads(self.text)

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise RuntimeError(f"the broker answered {self.status_code}")


class Session:
    """Authlib's transport, without a further HTTP library."""

    def post(self, url: str, data: dict[str, str], headers: dict[str, str], auth: ClientAuth) -> Reply:
        form = dict(headers) | {"Content-Type": "application/x-www-form-urlencoded"}
        uri, ready, body = auth.prepare("POST", url, form, urlencode(data))
        return Reply(fetch("POST", uri, body, ready))


class Client:
    """A confidential client of one issuer."""

    def __init__(self, issuer: str, client_id: str, secret: str, redirect_uri: str) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.oauth = OAuth2Client(
            Session(),
            client_id=client_id,
            client_secret=secret,
            redirect_uri=redirect_uri,
            scope="openid profile email",
            code_challenge_method="S256",
        )

    def start(self, **extra: str) -> Started:
        verifier, nonce = generate_token(48), secrets.token_urlsafe(16)
        endpoint = self._document("/.well-known/openid-configuration")["authorization_endpoint"]
        url, state = self.oauth.create_authorization_url(endpoint, code_verifier=verifier, nonce=nonce, **extra)
        return Started(url, state, nonce, verifier)

    def finish(self, started: Started, answered: str) -> Tokens:
        """Redeem the code in `answered` (the full redirect) and verify what comes. Raises on anything amiss."""
        endpoint = self._document("/.well-known/openid-configuration")["token_endpoint"]
        got = self.oauth.fetch_token(
            endpoint, authorization_response=answered, state=started.state, code_verifier=started.verifier
        )
        keys = KeySet.import_key_set(json.loads(fetch("GET", f"{self.issuer}/jwks").body))
        id_token = jwt.decode(got["id_token"], keys, algorithms=ALGORITHMS)
        params = {"nonce": started.nonce, "client_id": self.client_id, "access_token": got["access_token"]}
        options = {"iss": {"values": [self.issuer]}, "aud": {"value": self.client_id}}
        CodeIDToken(id_token.claims, id_token.header, options, params).validate(time.time())
        access = jwt.decode(got["access_token"], keys, algorithms=ALGORITHMS)
        if access.header.get("typ") != "at+jwt" or access.claims.get("iss") != self.issuer:
            raise RuntimeError("the access token is not the broker's (RFC 9068)")
        return Tokens(dict(id_token.claims), dict(access.claims))

    def _document(self, path: str) -> dict[str, object]:
        document: dict[str, object] = json.loads(fetch("GET", self.issuer + path).body)
        return document
