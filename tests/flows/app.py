"""An app as its developers would write it: Authlib's stock client on requests, its ID token checks, the JWKS."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.flows.browser import Browser, Page

ALGORITHMS = ["ES256", "RS256", "PS256"]


@dataclass(frozen=True)
class SignedIn:
    """Claims are those of verified tokens; `response` is the token endpoint's whole answer."""

    response: dict[str, Any]
    id_token: dict[str, Any]
    access_token: dict[str, Any]
    page: Page


@dataclass(frozen=True)
class Started:
    url: str
    state: str
    nonce: str
    verifier: str


class App:
    def __init__(
        self,
        issuer: str,
        client_id: str = "app",
        secret: str | None = None,
        redirect_uri: str = "http://127.0.0.1:9/callback",
        scope: str = "openid profile email",
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        method = "none" if secret is None else "client_secret_basic"
        self.oauth = OAuth2Session(
            client_id,
            secret,
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            scope=scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )
        self.oauth.trust_env = False

    @property
    def discovery(self) -> dict[str, Any]:
        return self.get("/.well-known/openid-configuration")

    def get(self, path: str) -> dict[str, Any]:
        answer = self.oauth.get(self.issuer + path, withhold_token=True, timeout=20)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

    def start(self, **params: str) -> Started:
        verifier, nonce = generate_token(48), secrets.token_urlsafe(16)
        endpoint = self.discovery["authorization_endpoint"]
        url, state = self.oauth.create_authorization_url(endpoint, code_verifier=verifier, nonce=nonce, **params)
        return Started(url, state, nonce, verifier)

    def sign_in(self, browser: Browser, **params: str) -> SignedIn:
        """The whole journey. Fails with the page where it ended when that is not the app."""
        started = self.start(**params)
        browser.stop = (self.redirect_uri,)
        page = browser.open(started.url)
        assert page.url.startswith(self.redirect_uri), f"ended at {page.url} with {page.status}:\n{page.text[:2000]}"
        return self.finish(started, page)

    def finish(self, started: Started, page: Page) -> SignedIn:
        answered = page.query
        assert "code" in answered, answered
        assert answered["state"] == started.state
        assert answered["iss"] == self.issuer, "RFC 9207"
        got = self.oauth.fetch_token(
            self.discovery["token_endpoint"], authorization_response=page.url, code_verifier=started.verifier
        )
        return SignedIn(dict(got), self.read_id_token(got, started.nonce), self.read_access_token(got), page)

    def read_id_token(self, got: dict[str, Any], nonce: str | None) -> dict[str, Any]:
        decoded = jwt.decode(got["id_token"], self.keys(), algorithms=ALGORITHMS)
        options = {"iss": {"values": [self.issuer]}, "aud": {"value": self.client_id}}
        params = {"nonce": nonce, "client_id": self.client_id, "access_token": got["access_token"]}
        CodeIDToken(decoded.claims, decoded.header, options, params).validate(time.time())
        return dict(decoded.claims)

    def read_access_token(self, got: dict[str, Any]) -> dict[str, Any]:
        decoded = jwt.decode(got["access_token"], self.keys(), algorithms=ALGORITHMS)
        assert decoded.header["typ"] == "at+jwt", "RFC 9068 §2.1"
        assert decoded.claims["iss"] == self.issuer
        return dict(decoded.claims)

    def keys(self) -> KeySet:
        published = self.oauth.get(self.discovery["jwks_uri"], withhold_token=True, timeout=20)
        return KeySet.import_key_set(published.json())

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        return dict(self.oauth.refresh_token(self.discovery["token_endpoint"], refresh_token=refresh_token))

    def userinfo(self, access_token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {access_token}"}
        endpoint = self.discovery["userinfo_endpoint"]
        answer: requests.Response = self.oauth.get(endpoint, withhold_token=True, headers=headers, timeout=20)
        return answer

    def revoke(self, token: str) -> requests.Response:
        answer: requests.Response = self.oauth.revoke_token(self.discovery["revocation_endpoint"], token=token)
        return answer
