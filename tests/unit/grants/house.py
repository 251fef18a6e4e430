"""The downstream endpoints on a real SQLite store, with people whose entitlement a test may change."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker import jose
from broker.app.door import client_door, senders
from broker.clients import ClientKeys
from broker.errors import UpstreamUnavailable
from broker.model import (
    ApplicationAuth,
    AuditEvent,
    Client,
    ClientCertificates,
    Code,
    Configuration,
    Deployment,
    Entitlement,
    IdentityProvider,
    Lifetimes,
    Secret,
    Session,
    Signing,
    Tenant,
    VendorProfile,
    serial,
)
from broker.outbound import Response
from broker.seal import Seal
from broker.store import Store, StoredKey
from broker.tokens.access import OwnTokens
from broker.tokens.introspection import IntrospectionAnswers
from broker.tokens.issuer import Issuer
from broker.tokens.keys import KeyRing
from broker.tokens.pairwise import Pairwise, ensure, stored
from broker.tokens.userinfo import UserinfoAnswers
from broker.web import errors
from broker.web.cors import Cors
from broker.web.introspect import IntrospectionEndpoint
from broker.web.pages import Pages
from broker.web.revoke import RevocationEndpoint
from broker.web.token import TokenEndpoint
from broker.web.userinfo import UserinfoEndpoint
from broker.web.wellknown import WellKnown

ISSUER = "https://login.example.com"
SECRET = "a secret of more than 32 characters"
CALLBACK = "https://app.example.com/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
LIFETIMES = Lifetimes()
PROXY = ip_network("127.0.0.1/32")
CERTIFICATES = ClientCertificates("X-SSL-Client-Cert", "X-SSL-Client-Verify")
DEPLOYMENT = Deployment(ISSUER, "", trusted_proxies=(PROXY,), mtls=CERTIFICATES)
NOW = 1_800_000_000
ALL_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")

WEB = Client(
    "web",
    "Web",
    (CALLBACK,),
    ApplicationAuth("client_secret_post", Secret(SECRET)),
    scopes=ALL_SCOPES,
    claims=("department",),
    audience="https://api.example.com",
    origins=("https://app.example.com",),
)
SPA = replace(WEB, client_id="spa", auth=ApplicationAuth("none"), audience=None, origins=("https://spa.example.com",))
PLAIN = replace(WEB, client_id="plain", tenant_claims=False, id_token_claims="minimal", id_token_alg="RS256")
CODE_ONLY = replace(WEB, client_id="code-only", grant_types=("authorization_code",))
CLAIMS = {
    "name": "Ada",
    "email": "ada@contoso.example",
    "department": "Sales",
    "address": "1 High Street",
    "phone_number": "+1",
    "shoe_size": 40,
}


def tenant(name: str) -> Tenant:
    idp = IdentityProvider(name, "adfs", "AD FS", "saml", VendorProfile("generic", {}, {}, ()))
    return Tenant(name, name.title(), {"adfs": idp}, roles=("admin", "viewer"))


def configuration(*clients: Client) -> Configuration:
    tenants = {name: tenant(name) for name in ("contoso", "fabrikam")}
    return Configuration(7, tenants, {client.client_id: client for client in clients}, {}, {}, {}, ())


@dataclass
class Someone:
    """What `sessions` would say; a test changes it."""

    entitlement: Entitlement
    living: bool = True

    def entitle(self, _configuration: Configuration, _session: Session, _client: Client) -> Entitlement:
        return self.entitlement

    def alive(self, _configuration: Configuration, _session: Session) -> bool:
        return self.living


def someone() -> Someone:
    return Someone(Entitlement(True, CLAIMS, ("viewer",), email_verified=True, acr="urn:mfa", amr=("pwd", "otp")))


@dataclass
class Published:
    """What other sites publish, in place of `Outbound`; everything else does not answer."""

    documents: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def get(self, url: str, **_how: object) -> Response:
        self.asked.append(url)
        if url not in self.documents:
            raise UpstreamUnavailable("connect")
        return Response(200, {}, self.documents[url])


@dataclass
class House:
    folder: Path
    now: float = NOW
    live: Configuration = field(default_factory=lambda: configuration(WEB, SPA, PLAIN, CODE_ONLY))
    people: Someone = field(default_factory=someone)
    codes: list[str] = field(default_factory=list)
    published: Any = field(default_factory=Published)
    signing: Signing = field(default_factory=Signing)

    def __post_init__(self) -> None:
        clock = lambda: self.now  # noqa: E731 - the one clock, read late
        seal = self.seal = Seal(b"k" * 32)
        self.store = Store(f"sqlite:///{self.folder}/broker.db", seal, clock)
        self.store.upgrade()
        algorithms = self.signing.algorithms
        self.keys = KeyRing(self.store, StoredKey, algorithms=algorithms, longest=600, clock=clock)
        self.keys.ensure()
        with self.store.transaction() as transaction:
            ensure(transaction.deployment, StoredKey, NOW)
        self.pairwise = Pairwise(stored(self.store))
        told: dict[str, Any] = {"pairwise": self.pairwise, "clock": clock}
        self.tokens = OwnTokens(ISSUER, self.keys, seal, algorithms=algorithms, **told)
        self.issuer = Issuer(ISSUER, self.keys, seal, signing=self.signing, lifetimes=LIFETIMES, **told)
        self.http = self._app(clock).test_client()

    def _app(self, clock: Any) -> Flask:
        app = Flask("house", static_folder=None)
        cors = Cors(lambda: self.live)
        seen = senders(DEPLOYMENT, self.store, self.seal, clock)
        live: Any = lambda: self.live  # noqa: E731 - read late, as the clock is
        keys = ClientKeys(self.published, clock)
        door = client_door(ISSUER, live, self.store, self.published, keys, seen, clock)
        token = TokenEndpoint(door, self.store, self.people, self.issuer, self.tokens, ISSUER, LIFETIMES, cors, clock)
        person = UserinfoAnswers(ISSUER, self.keys, self.pairwise, clock)
        userinfo = UserinfoEndpoint(
            lambda: self.live, self.store, self.people, self.tokens, person, seen, ISSUER, cors, clock
        )
        revoke = RevocationEndpoint(door, self.store, self.tokens, cors, clock)
        answers = IntrospectionAnswers(ISSUER, self.keys, signing=self.signing, clock=clock)
        introspect = IntrospectionEndpoint(
            door, self.store, self.people, self.tokens, self.pairwise, answers, ISSUER, clock
        )
        for endpoint in (token, userinfo, revoke, introspect, WellKnown.of(ISSUER, self.signing.algorithms, self.keys)):
            app.register_blueprint(endpoint.blueprint())
        errors.register(app, Pages(ISSUER), self._record, issuer=ISSUER)
        return app

    def _record(self, event: AuditEvent) -> None:
        with self.store.transaction() as transaction:
            transaction.record(event)

    def sign_in(self, client: Client = WEB, sid: str = "sid-1", **changed: Any) -> str:
        """A session, and a code for it."""
        session = Session(
            sid=sid,
            tenant="contoso",
            home_tenant="contoso",
            idp="adfs",
            upstream="https://adfs.example/",
            sub="sub-1",
            auth_time=NOW - 60,
            created_at=NOW - 60,
            last_seen=NOW - 60,
            expires_at=NOW + 86400,
        )
        code = Code(client.client_id, CALLBACK, ALL_SCOPES[:-1], "contoso", sid, "abcd-efgh", "n-1", CHALLENGE)
        store = self.store.of("contoso")
        store.open_session(session, "browser")
        handle = f"code-{len(self.codes)}"
        self.codes.append(handle)
        store.put("code", handle, serial.dumps(replace(code, **changed)), int(self.now) + 60)
        return handle

    def post(self, path: str, form: dict[str, Any], client: Client = WEB, **more: Any) -> TestResponse:
        form = {"client_id": client.client_id, **({} if client.public else {"client_secret": SECRET}), **form}
        return self.http.post(path, data={name: value for name, value in form.items() if value is not None}, **more)

    def redeem(self, code: str, client: Client = WEB, **changed: Any) -> TestResponse:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.post("/token", {**form, **changed}, client)

    def refresh(self, token: str, client: Client = WEB, **changed: Any) -> TestResponse:
        return self.post("/token", {"grant_type": "refresh_token", "refresh_token": token, **changed}, client)

    def userinfo(self, access_token: str) -> TestResponse:
        return self.http.get("/userinfo", headers={"Authorization": f"Bearer {access_token}"})

    def tokens_of(self, client: Client = WEB, **changed: Any) -> dict[str, Any]:
        response = self.redeem(self.sign_in(client, **changed), client)
        assert response.status_code == 200, response.json
        return dict(response.json or {})

    def last_event(self) -> AuditEvent:
        return self.store.deployment.events(limit=1)[0].event

    def refused(self, response: TestResponse, status: int, error: str, reason: str) -> None:
        """The answer, that it held no token, and the audit event that says why."""
        assert response.status_code == status, response.json
        answer = response.json or {}
        assert answer["error"] == error
        assert set(answer) == {"error", "error_description"}
        assert response.headers["Cache-Control"] == "no-store"
        event = self.last_event()
        assert (event.outcome, event.reason) == ("failure", reason)
        assert answer["error_description"].endswith(f"(ref {event.reference})")


def claims(token: str) -> dict[str, Any]:
    return jose.peek(token).claims


def header(token: str) -> dict[str, Any]:
    return jose.peek(token).header


def published(http: FlaskClient) -> list[dict[str, Any]]:
    return list(json.loads(http.get("/jwks").data)["keys"])
