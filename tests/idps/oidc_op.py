"""An OpenID provider that behaves until it is told not to.

It runs in a thread on a free loopback port, keeps connections alive, signs people in without asking, checks client
authentication, redirect URI and PKCE, and writes down what it was asked. `switches` say how it misbehaves.

    with OidcOp() as op:
        op.switches.claims["aud"] = "somebody-else"
        location = op.authorize(url)          # or let a browser GET `url`
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import JWSRegistry
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

JSON = "application/json"
Members = dict[str, Any]


@dataclass
class Switches:
    """Untouched: a correct provider. In every mapping a value replaces or adds a member, and None takes it away."""

    metadata: Members = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)  # the code belongs to a request that said this instead
    answer: dict[str, str | tuple[str, ...] | None] = field(default_factory=dict)  # the authorization response
    header: Members = field(default_factory=dict)  # of the ID token
    claims: Members = field(default_factory=dict)
    sign: Callable[[Members, Members], str] | None = None  # header and claims -> the whole ID token
    token: Members = field(default_factory=dict)  # the token response
    token_as: tuple[int, str, bytes] | None = None  # status, media type and body instead of the token response
    userinfo: Members = field(default_factory=dict)
    userinfo_as: tuple[int, str, bytes] | None = None
    jwks: bytes | None = None
    refreshed: Members = field(default_factory=dict)  # claims of the ID token that comes with a refresh
    refresh_as: tuple[int, str, bytes] | None = None  # status, media type and body instead of the refresh's answer
    down: set[str] = field(default_factory=set)  # paths that answer 503
    pkce: bool = True  # False: any verifier will do


@dataclass(frozen=True)
class Grant:
    redirect_uri: str
    nonce: str | None
    challenge: str | None
    person: Mapping[str, object]
    scope: str = ""
    auth_time: int = 0


class OidcOp:
    """people: login_hint -> claims of the person; the first one where there is no such hint."""

    def __init__(
        self,
        *,
        client_id: str = "broker-at-op",
        client_secret: str = "the secret: of/the+broker",
        path: str = "",
        clock: Callable[[], float] = time.time,
        people: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.people = people or {"ana@example.com": {"sub": "ana-1", "name": "Ana", "email": "ana@example.com"}}
        self.switches = Switches()
        self.rsa: Key = RSAKey.generate_key(2048, {"kid": "op-rsa", "use": "sig", "alg": "RS256"})
        self.ec: Key = ECKey.generate_key("P-256", {"kid": "op-ec", "use": "sig", "alg": "ES256"})
        self.seen: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = []  # path, form or query, headers
        self._clock = clock
        self._grants: dict[str, Grant] = {}
        self._refresh_tokens: dict[str, Grant] = {}
        self.disabled: set[object] = set()
        self._access: dict[str, Mapping[str, object]] = {}
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_KeepAlive)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}{path}"
        self._path = path
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __call__(self, environ: Members, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        path = request.path.removeprefix(self._path)
        self.seen.append((path, {**request.args, **request.form}, dict(request.headers)))
        if path in self.switches.down:
            return Response("down", 503)(environ, start_response)
        routes: Mapping[str, Callable[[Request], Response]] = {
            "/.well-known/openid-configuration": lambda _: _json(self.metadata()),
            "/jwks": lambda _: Response(self.jwks(), content_type=JSON),
            "/authorize": lambda asked: Response(status=302, headers={"Location": self.authorize(asked.url)}),
            "/token": self._token,
            "/userinfo": self._userinfo,
        }
        return routes.get(path, lambda _: Response("no such page", 404))(request)(environ, start_response)

    def asked(self, path: str) -> int:
        """How often `path` was asked for."""
        return sum(1 for seen, _, _ in self.seen if seen == path)

    def metadata(self) -> Members:
        document = {
            "issuer": self.issuer,
            **{f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in _ENDPOINTS.items()},
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return _changed(document, self.switches.metadata)

    def jwks(self) -> bytes:
        if self.switches.jwks is not None:
            return self.switches.jwks
        return json.dumps({"keys": [key.as_dict(private=False) for key in (self.rsa, self.ec)]}).encode()

    def authorize(self, url: str) -> str:
        """Sign the person of `login_hint` in at once; where the browser is sent then."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        if asked.get("client_id") != self.client_id or asked.get("response_type") != "code":
            raise ValueError("the broker's request is not one for this client")
        answer: Members = {
            "code": self.new_code({**asked, **self.switches.asked}),
            "state": asked["state"],
            "iss": self.issuer,
        }
        return f"{asked['redirect_uri']}?{urlencode(_changed(answer, self.switches.answer), doseq=True)}"

    def new_code(self, asked: Mapping[str, str]) -> str:
        """A code for an authorization request."""
        person = self.people.get(asked.get("login_hint", "")) or next(iter(self.people.values()))
        code = secrets.token_urlsafe(16)
        self._grants[code] = Grant(
            asked["redirect_uri"],
            asked.get("nonce"),
            asked.get("code_challenge"),
            person,
            asked.get("scope", ""),
            int(self._clock()),
        )
        return code

    def _claims(self, grant: Grant, access_token: str) -> Members:
        now = int(self._clock())
        return {
            **grant.person,
            "iss": self.issuer,
            "aud": self.client_id,
            "nonce": grant.nonce,
            "iat": now,
            "exp": now + 300,
            "auth_time": grant.auth_time,
            "at_hash": half_hash(access_token),
            "sid": "op-session",
        }

    def id_token(self, grant: Grant, access_token: str) -> str:
        header = _changed({"alg": "RS256", "kid": "op-rsa", "typ": "JWT"}, self.switches.header)
        sign = self.switches.sign or (lambda head, body: compact(head, body, self.rsa))
        return sign(header, _changed(self._claims(grant, access_token), self.switches.claims))

    def logout_token(self, *, header: Members | None = None, **claims: object) -> str:
        """Back-Channel Logout §2.4; None takes a claim away."""
        now = int(self._clock())
        told = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(9),
        }
        told |= {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}, "sid": "op-session"}
        head = _changed({"alg": "RS256", "kid": "op-rsa", "typ": "logout+jwt"}, header or {})
        return compact(head, _changed(told, claims), self.rsa)

    def _refresh(self, request: Request) -> Response:
        """Rotates. `disabled` lists the `sub` of people who may not go on."""
        if self.switches.refresh_as is not None:
            return _raw(self.switches.refresh_as)
        if not self._client_is_known(request):
            return _json({"error": "invalid_client"}, 401)
        grant = self._refresh_tokens.pop(request.form.get("refresh_token", ""), None)
        if grant is None or grant.person["sub"] in self.disabled:
            return _json({"error": "invalid_grant"}, 400)
        access_token = secrets.token_urlsafe(16)
        token = compact(
            {"alg": "RS256", "kid": "op-rsa"},
            _changed(self._claims(replace(grant, nonce=None), access_token), self.switches.refreshed),
            self.rsa,
        )
        answer = {"access_token": access_token, "token_type": "Bearer", "id_token": token}
        return _json({**answer, "refresh_token": self._new_refresh(grant)})

    def _new_refresh(self, grant: Grant) -> str:
        token = secrets.token_urlsafe(16)
        self._refresh_tokens[token] = grant
        return token

    def _token(self, request: Request) -> Response:
        if request.form.get("grant_type") == "refresh_token":
            return self._refresh(request)
        grant = self._grants.pop(request.form.get("code", ""), None)
        if self.switches.token_as is not None:
            return _raw(self.switches.token_as)
        if not self._client_is_known(request):
            return _json({"error": "invalid_client"}, 401)
        if grant is None or not self._proves(grant, request.form):
            return _json({"error": "invalid_grant", "error_description": "<b>no</b>\r\nX: y"}, 400)
        access_token = secrets.token_urlsafe(16)
        self._access[access_token] = grant.person
        answer: Members = {"access_token": access_token, "token_type": "Bearer", "expires_in": 60}
        if "offline_access" in grant.scope.split():
            answer["refresh_token"] = self._new_refresh(grant)
        return _json(_changed({**answer, "id_token": self.id_token(grant, access_token)}, self.switches.token))

    def _client_is_known(self, request: Request) -> bool:
        given = request.authorization
        if given is None:
            return (request.form.get("client_id"), request.form.get("client_secret")) == (
                self.client_id,
                self.client_secret,
            )
        pair = parse_qs(f"i={given.username}&s={given.password}")  # RFC 6749 §2.3.1: both are form-encoded
        return (pair["i"], pair["s"]) == ([self.client_id], [self.client_secret])

    def _proves(self, grant: Grant, form: Mapping[str, str]) -> bool:
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proven = not self.switches.pkce or grant.challenge == b64(digest)
        return proven and form.get("redirect_uri") == grant.redirect_uri

    def _userinfo(self, request: Request) -> Response:
        if self.switches.userinfo_as is not None:
            return _raw(self.switches.userinfo_as)
        person = self._access.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        return _json(_changed(person, self.switches.userinfo)) if person else _json({"error": "invalid_token"}, 401)


_ENDPOINTS = {"authorization": "authorize", "token": "token", "userinfo": "userinfo", "end_session": "end"}


class _KeepAlive(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        """Say nothing: tests read `seen`."""


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def half_hash(text: str) -> str:
    """`at_hash` beside an algorithm with SHA-256."""
    return b64(hashlib.sha256(text.encode()).digest()[:16])


def part(value: Members | bytes) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


def compact(header: Members | bytes, claims: Members | bytes, key: Key, algorithm: str = "") -> str:
    """A token whose signature is good for `algorithm` (else the key's own), whatever its header says."""
    text = f"{part(header)}.{part(claims)}"
    default = {"RSA": "RS256", "EC": "ES256", "oct": "HS256"}[key.key_type]
    return f"{text}.{b64(JWSRegistry.algorithms[algorithm or default].sign(text.encode(), key))}"


def _changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> Members:
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


def _json(members: Members, status: int = 200) -> Response:
    return Response(json.dumps(members), status, content_type=JSON)


def _raw(answer: tuple[int, str, bytes]) -> Response:
    status, media_type, body = answer
    return Response(body, status, content_type=media_type)
