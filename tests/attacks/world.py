"""A whole broker on a real SQLite store, attacked from outside: browsers, apps and identity providers speak HTTP to it.

    world = World(folder, ops)
    under_way = world.begin("contoso", "op")
    world.assert_refused(lambda: under_way.answer(at=("fabrikam", "op")), "state_tenant", "oidc_rp.rejected")

`assert_refused` holds what every attack row promises: one audit event with its reason, tenant and reference, that
reference shown, and nothing issued.
"""

from __future__ import annotations

import base64
import hashlib
import sqlite3
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse

from broker.app import create, prepare
from broker.app.house import House
from broker.model import AuditEvent, Callback
from tests.attacks import setting
from tests.attacks.saml.case import Context
from tests.attacks.setting import APP_SECRET, CALLBACK, ENTITIES, PATTERN, Settings
from tests.idps.oidc_op import OidcOp
from tests.idps.saml_signer import Signer, signer

LOOPBACK = "http://localhost:8080"
FORM = "application/x-www-form-urlencoded"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SOLD = {  # what a browser or an app may come away with
    "one_time": "SELECT kind, tenant, handle FROM one_time WHERE kind NOT IN ('auth_request', 'par')",
    "sessions": "SELECT tenant, sid, browser, sealed FROM sessions",
    "grants": "SELECT tenant, id, revoked_at FROM grants",
    "refresh_tokens": "SELECT tenant, handle, uses FROM refresh_tokens",
    "persons": "SELECT tenant, sub FROM persons",
}


@dataclass
class Clock:
    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class UnderWay:
    """A sign-in whose browser stands before the identity provider."""

    world: World
    browser: FlaskClient
    tenant: str
    idp: str
    client_id: str
    url: str
    _ids: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Our name of the transaction: `state` or RelayState."""
        asked = query(self.url)
        return asked.get("state") or asked["RelayState"]

    def context(self, **changes: Any) -> Context:
        """What an IdP needs to answer a SAML request."""
        issuer, key = ENTITIES[self.tenant]
        at = f"{self.world.issuer}/t/{self.tenant}/saml/{self.idp}"
        request = etree.fromstring(zlib.decompress(base64.b64decode(query(self.url)["SAMLRequest"]), -15))
        values: dict[str, Any] = {
            "idp": key,
            "issuer": issuer,
            "acs": f"{at}/acs",
            "audience": f"{at}/metadata",
            "request_id": request.get("ID"),
            "relay_state": self.name,
            "now": self.world.clock(),
            "stranger": signer("stranger"),
            "sp": self.world.sp(),
        }
        return Context(**{**values, **changes})

    def honest(self, **changes: Any) -> Callback:
        """The answer an honest IdP gives to exactly this request."""
        if self.idp.startswith("adfs"):
            ctx = self.context()
            self._ids.append(f"_{self.name[:22]}.{len(self._ids)}")
            fresh = {"assertion_id": self._ids[-1], "response_id": f"{self._ids[-1]}r"}
            return ctx.post(ctx.signed("both", **{**fresh, **changes}))
        asked = parse_qs(urlsplit(self.world.op_of(self.tenant).authorize(self.url)).query)
        return Callback("GET", {name: tuple(values) for name, values in asked.items()}, {})

    def answer(
        self,
        callback: Callback | None = None,
        *,
        at: tuple[str, str] | None = None,
        browser: FlaskClient | None = None,
        method: str | None = None,
    ) -> TestResponse:
        """Bring an answer, else the honest one, to the callback of `at`, else its own."""
        tenant, idp = at or (self.tenant, self.idp)
        callback = callback or self.honest()
        kind, end = ("saml", "acs") if idp.startswith("adfs") else ("oidc", "callback")
        return (browser or self.browser).open(
            f"/t/{tenant}/{kind}/{idp}/{end}",
            method=method or callback.method,
            base_url=self.world.issuer,
            query_string=urlencode(callback.query, doseq=True),
            data=urlencode(callback.form, doseq=True),
            content_type=FORM,
        )

    def finish(self, callback: Callback | None = None) -> str:
        """The honest rest of the sign-in; the code that the app receives."""
        response = self.answer(callback)
        if "/arrival?" in response.headers.get("Location", ""):
            response = self.world.visit(self.browser, response.headers["Location"])
        return code_of(response)


class World:
    def __init__(
        self, folder: Path, ops: Mapping[str, OidcOp], issuer: str = LOOPBACK, database: str | None = None
    ) -> None:
        """`folder` may hold a database that was prepared before. database: another one; `issued` knows SQLite only."""
        self.folder, self.ops, self.issuer, self.clock = folder, ops, issuer, Clock()
        self.clients, self.tenants = setting.clients(), setting.tenants(ops)
        self.environ = setting.environ(folder, ops)
        if database is not None:
            self.environ["BROKER_DATABASE_URL"] = database
        self.apply()
        self.app = create(folder, self.environ, clock=self.clock, upkeep=False)
        self.house: House = self.app.extensions["broker"]

    def apply(self) -> None:
        """Make `clients` and `tenants`, as they are now, the live revision."""
        setting.write(self.folder, self.issuer, self.clients, self.tenants)
        prepare(self.folder, self.environ, apply=True)
        if hasattr(self, "house"):
            self.house.live.refresh()

    def idp(self, tenant: str, idp: str) -> Settings:
        providers: list[Settings] = self.tenants[tenant]["identity_providers"]
        return next(one for one in providers if one["id"] == idp)

    def op_of(self, tenant: str) -> OidcOp:
        return self.ops["fabrikam" if tenant == "fabrikam" else "contoso"]

    def sp(self) -> Signer:
        (key,) = self.house.store.deployment.keys("sp")
        return Signer(key.private.decode(), key.public)

    def forget_providers(self) -> None:
        """What a process that starts on an empty shelf knows of its OpenID providers: nothing."""
        with sqlite3.connect(self.folder / "broker.db") as database:
            database.execute("DELETE FROM documents")
        database.close()
        self.house.connectors._built.clear()

    def browser(self) -> FlaskClient:
        return self.app.test_client()

    def visit(self, browser: FlaskClient, url: str, **options: Any) -> TestResponse:
        return browser.get(url.removeprefix(self.issuer), base_url=self.issuer, **options)

    def authorize(self, browser: FlaskClient, client_id: str = "web", **more: Any) -> TestResponse:
        """None takes a parameter away."""
        asked = {
            "client_id": client_id,
            "redirect_uri": redirect_uri(client_id, more.get("tenant") or "contoso"),
            "response_type": "code",
            "scope": "openid email offline_access",
            "state": "the app's state",
            "nonce": "the app's nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **more,
        }
        present = {name: value for name, value in asked.items() if value is not None}
        return browser.get("/authorize", base_url=self.issuer, query_string=present)

    def begin(
        self, tenant: str, idp: str, client_id: str = "web", *, browser: FlaskClient | None = None, **more: Any
    ) -> UnderWay:
        browser = browser or self.browser()
        response = self.authorize(browser, client_id, tenant=tenant, idp=idp, **more)
        assert response.status_code == 303, response.text
        assert not response.headers["Location"].startswith(CALLBACK), response.headers["Location"]
        return UnderWay(self, browser, tenant, idp, client_id, response.headers["Location"])

    def signed_in(self, tenant: str, idp: str, client_id: str = "web", **more: Any) -> tuple[FlaskClient, str]:
        """A browser with a session, and the code that its app holds."""
        under_way = self.begin(tenant, idp, client_id, **more)
        return under_way.browser, under_way.finish()

    def tokens(self, tenant: str, idp: str, client_id: str = "web", **more: Any) -> dict[str, str]:
        """What the app of a finished sign-in holds."""
        _, code = self.signed_in(tenant, idp, client_id, **more)
        answer = self.redeem(code, client_id, tenant)
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    def redeem(self, code: str, client_id: str = "web", tenant: str = "contoso", **more: str) -> TestResponse:
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        return self.post_token(client_id, **{**form, "redirect_uri": redirect_uri(client_id, tenant), **more})

    def refresh(self, token: str, client_id: str = "web") -> TestResponse:
        return self.post_token(client_id, grant_type="refresh_token", refresh_token=token)

    def post_token(self, client_id: str, **form: str) -> TestResponse:
        secret = {} if client_id == "spa" else {"client_secret": APP_SECRET}
        return self.browser().post("/token", base_url=self.issuer, data={"client_id": client_id, **secret, **form})

    def userinfo(self, token: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"}
        return self.browser().get("/userinfo", base_url=self.issuer, headers=headers)

    def events(self) -> list[AuditEvent]:
        return [stored.event for stored in self.house.store.deployment.events(limit=100_000)]

    def issued(self) -> set[tuple[Any, ...]]:
        """Everything in the store that could be sold: no attack may add to it, or take from it."""
        with sqlite3.connect(self.folder / "broker.db") as database:
            rows = {(table, *row) for table, rows in SOLD.items() for row in database.execute(rows).fetchall()}
        database.close()
        return rows

    def assert_refused(
        self, act: Callable[[], TestResponse], reason: str, event: str, *, tenant: str | None = "contoso"
    ) -> TestResponse:
        """`act` is refused with `reason`, leaves one audit event that names `tenant`, and gives nothing away."""
        before, known = self.issued(), len(self.events())
        response = act()
        failures = [one for one in self.events()[known:] if one.outcome == "failure"]
        assert [(one.event, one.reason, one.tenant) for one in failures] == [(event, reason, tenant)]
        assert failures[0].reference in shown(response)
        assert self.issued() == before
        assert_empty_handed(response)
        return response


def assert_empty_handed(response: TestResponse) -> None:
    assert response.status_code in {303, 400, 401, 403, 503}, response.status
    assert "code" not in query(response.headers.get("Location", ""))
    cookies = [header.split(";")[0] for header in response.headers.getlist("Set-Cookie")]
    assert not [cookie for cookie in cookies if "session=" in cookie], cookies
    assert "access_token" not in response.text


def shown(response: TestResponse) -> str:
    """What the person or the app is told: the page, the JSON, or the redirect's description."""
    return query(response.headers.get("Location", "")).get("error_description", "") + response.text


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def code_of(response: TestResponse) -> str:
    answered = query(response.headers.get("Location", ""))
    assert "code" in answered, (response.status, response.headers.get("Location"), response.text)
    return answered["code"]


def redirect_uri(client_id: str, tenant: str) -> str:
    return PATTERN.format(tenant=tenant) if client_id == "pattern" else CALLBACK
