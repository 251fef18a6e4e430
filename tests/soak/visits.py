"""What people do: sign in at an app, perhaps at a second one, refresh, ask userinfo, revoke, sign out.

The app is Authlib's client; PyJWT verifies every token by the published key set, and fetches that again only for a
key id which it does not know, as libraries do.
"""

from __future__ import annotations

import http.client
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jwt
import requests
from authlib.common.errors import AuthlibBaseError
from werkzeug import Request, Response

from tests.flows.app import ALGORITHMS, App, SignedIn
from tests.flows.browser import Browser, Page
from tests.flows.upstreams import CALLBACK, SECRET
from tests.soak.ledger import Event, Ledger, Refused
from tests.soak.world import APP, SECOND, Tenant

REFERENCE = re.compile(r"\b[a-z0-9]{4}-[a-z0-9]{4}\b")
BACK_CHANNEL = "http://schemas.openid.net/event/backchannel-logout"
FAULTS = (AssertionError, OSError, http.client.HTTPException, jwt.PyJWTError, KeyError, ValueError)


class StockApp(App):
    """Knows the broker's documents once; the key set lives in a verifier that all apps share."""

    def __init__(self, issuer: str, client_id: str, verifier: jwt.PyJWKClient, ledger: Ledger) -> None:
        super().__init__(issuer, client_id, SECRET, CALLBACK.format(client_id), "openid profile email")
        self._verifier = verifier
        self._ledger = ledger
        self._document: dict[str, Any] = {}

    @property
    def discovery(self) -> dict[str, Any]:
        self._document = self._document or super().discovery
        return self._document

    def read_id_token(self, got: dict[str, Any], nonce: str | None) -> dict[str, Any]:
        claims = self._verified(got["id_token"], self.client_id)
        assert claims.get("nonce") == nonce or nonce is None
        return claims

    def read_access_token(self, got: dict[str, Any]) -> dict[str, Any]:
        assert jwt.get_unverified_header(got["access_token"])["typ"] == "at+jwt", "RFC 9068 §2.1"
        return self._verified(got["access_token"], self.issuer)

    def heard_logout(self, token: str, ledger: Ledger) -> None:
        """Back-Channel Logout §2.6."""
        claims = self._verified(token, self.client_id)
        assert claims["events"] == {BACK_CHANNEL: {}}
        ledger.told(Event("logout.delivered", "", self.client_id, claims["sub"], claims["sid"]))

    def _verified(self, token: str, audience: str) -> dict[str, Any]:
        key = self._verifier.get_signing_key_from_jwt(token)
        claims = jwt.decode(token, key.key, ALGORITHMS, audience=audience, issuer=self.issuer)
        self._ledger.happened(tokens=1)
        return claims


class LogoutReceiver:
    """Where the apps learn of logouts: a WSGI application, one path a client."""

    def __init__(self, ledger: Ledger) -> None:
        self.apps: Mapping[str, StockApp] = {}
        self._ledger = ledger

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        try:
            self.apps[request.path.strip("/")].heard_logout(request.form["logout_token"], self._ledger)
        except FAULTS as error:
            return Response(str(error), 400)(environ, start_response)
        return Response()(environ, start_response)


class Visitor:
    """One after the other, people of one tenant, each in a browser of their own."""

    def __init__(self, issuer: str, tenant: Tenant, number: int, verifier: jwt.PyJWKClient, ledger: Ledger) -> None:
        self._tenant = tenant
        self._ledger = ledger
        self._random = random.Random(f"{tenant.id} {number}")
        self._app, self._second = (StockApp(issuer, client, verifier, ledger) for client in (APP, SECOND))
        self._issuer = issuer

    def run(self, stopped: threading.Event) -> None:
        due = time.monotonic() + self._random.random() * self._tenant.every
        while not stopped.wait(max(0.0, due - time.monotonic())):
            due = max(time.monotonic(), due + self._tenant.every)
            try:
                self._visit()
            except Refused:
                continue  # the ledger has it

    def _visit(self) -> None:
        self._tenant.before()
        browser = Browser()
        with self._trying("sign-in"):
            signed = self._signed_in(self._app, browser, "sign_in.completed")
        stories: tuple[tuple[float, Callable[[Browser, SignedIn], object]], ...] = (
            (0.5, self._userinfo),
            (0.4, self._refresh),
            (0.25, self._single_sign_on),
        )
        for share, story in stories:
            if self._random.random() < share:
                story(browser, signed)
        if self._random.random() < 0.4:
            self._random.choice((self._revoke, self._sign_out))(browser, signed)

    def _signed_in(self, app: StockApp, browser: Browser, event: str) -> SignedIn:
        started = app.start(tenant=self._tenant.id)
        page = _at_app(app, browser, started.url)
        signed = app.finish(started, page)
        self._expect_person(signed.id_token, signed.access_token)
        self._happened(event, app, signed)
        self._happened("token.issued", app, signed)
        return signed

    def _expect_person(self, *tokens: dict[str, Any]) -> None:
        for claims in tokens:
            assert (claims["tenant"], claims["roles"]) == (self._tenant.id, ["viewer"]), claims

    def _single_sign_on(self, browser: Browser, signed: SignedIn) -> None:
        with self._trying("single sign-on"):
            again = self._signed_in(self._second, browser, "sign_in.resumed")
            assert again.id_token["sid"] == signed.id_token["sid"]
        browser.stop = ()

    def _userinfo(self, browser: Browser, signed: SignedIn) -> None:
        with self._trying("userinfo"):
            answer = self._app.userinfo(signed.response["access_token"])
            _require(answer)
            assert answer.json()["sub"] == signed.id_token["sub"]

    def _refresh(self, browser: Browser, signed: SignedIn) -> None:
        with self._trying("refresh"):
            got = self._app.refresh(signed.response["refresh_token"])
            claims = self._app.read_access_token(got)
            self._expect_person(claims, self._app.read_id_token(got, None))
            self._happened("token.refreshed", self._app, signed)
            signed.response["refresh_token"] = got["refresh_token"]

    def _revoke(self, browser: Browser, signed: SignedIn) -> None:
        with self._trying("revocation"):
            _require(self._app.revoke(signed.response["refresh_token"]))
            self._happened("token.revoked", self._app, signed)
            self._expect_refusal(signed)

    def _sign_out(self, browser: Browser, signed: SignedIn) -> None:
        with self._trying("sign-out"):
            browser.stop = ()
            page = browser.send("GET", f"{self._issuer}/logout?id_token_hint={signed.response['id_token']}")
            if (page.status, "You are signed out" in page.text) != (200, True):
                raise Refused(f"page {page.status}", page.text, _reference(page.text))
            claims = signed.id_token
            self._ledger.happened(Event("session.ended", self._tenant.id, "", claims["sub"], claims["sid"]))
            self._expect_refusal(signed)
            started = self._app.start(tenant=self._tenant.id, prompt="none")
            with _expected("login_required", self._ledger):
                _at_app(self._app, browser, started.url)

    def _expect_refusal(self, signed: SignedIn) -> None:
        """Contract, Logout: userinfo and refresh refuse at once."""
        answer = self._app.userinfo(signed.response["access_token"])
        assert answer.status_code == 401, answer.text
        self._ledger.refused_as_it_should(_reference(answer.text))
        with _expected("invalid_grant", self._ledger):
            self._app.refresh(signed.response["refresh_token"])

    def _happened(self, event: str, app: App, signed: SignedIn) -> None:
        said = signed.id_token
        self._ledger.happened(Event(event, self._tenant.id, app.client_id, said["sub"], said["sid"]))

    @contextmanager
    def _trying(self, story: str) -> Iterator[None]:
        """Whatever goes wrong leaves as Refused, and stands in the ledger."""
        with self._ledger.trying(self._tenant.id, story), _told():
            yield


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except AuthlibBaseError as error:
        raise Refused(error.error, error.description, _reference(error.description)) from error
    except FAULTS as error:
        raise Refused(type(error).__name__, str(error)) from error


@contextmanager
def _expected(code: str, ledger: Ledger) -> Iterator[None]:
    """The block must be refused, so."""
    try:
        with _told():
            yield
    except Refused as refused:
        if refused.code != code:
            raise
        ledger.refused_as_it_should(refused.reference)
    else:
        raise Refused("let in", f"{code} was due")


def _at_app(app: App, browser: Browser, url: str) -> Page:
    """Raises Refused unless the browser comes to the app with a code."""
    browser.stop = (app.redirect_uri,)
    page = browser.open(url)
    if not page.url.startswith(app.redirect_uri):
        raise Refused(f"page {page.status}", page.text, _reference(page.text))
    if "error" in page.query:
        text = page.query.get("error_description", "")
        raise Refused(page.query["error"], text, _reference(text))
    return page


def _require(answer: requests.Response) -> None:
    if answer.status_code != 200:
        raise Refused(f"status {answer.status_code}", answer.text, _reference(answer.text))


def _reference(text: str) -> str:
    found = REFERENCE.findall(text or "")
    return found[-1] if found else ""
