"""A broker in threads of this process: over HTTP like any other, but on a clock that a test can move."""

from __future__ import annotations

import time
import zlib
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from lxml import etree

import broker.app
from broker.app.house import House
from broker.model import AuditEvent
from tests.flows.app import App, SignedIn
from tests.flows.broker_process import Installation
from tests.flows.browser import Browser, Page
from tests.flows.upstreams import CALLBACK, SECRET, Upstreams, served, upstreams


@dataclass
class Clock:
    """The real time, and so many seconds more. It runs for the broker and for the identity providers."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class InProcess:
    made: Installation
    upstreams: Upstreams
    clock: Clock
    house: House

    def app(self, client_id: str = "app") -> App:
        secret, uri = (None, client_id) if client_id == "spa" else (SECRET, "callback")
        return App(self.made.issuer, client_id, secret, CALLBACK.format(uri))

    def ask(self, browser: Browser, **params: str) -> Page:
        """Where an authorization request ends: at the app, or at a page that waits for the person."""
        app = self.app()
        started = app.start(**params)
        browser.trail.clear()
        browser.stop = (app.redirect_uri,)
        page = browser.open(started.url)
        if page.url.startswith(app.redirect_uri):
            assert page.query["iss"] == self.made.issuer, "RFC 9207"
            assert page.query["state"] == started.state
        return page

    def sign_in(self, browser: Browser, **params: str) -> SignedIn:
        browser.trail.clear()
        return self.app().sign_in(browser, **params)

    def asked_of_oidc(self, browser: Browser) -> dict[str, str] | None:
        """The last authorization request at the OpenID provider; None: this browser was not there."""
        return self._last(browser, f"{self.upstreams.oidc.issuer}/authorize")

    def asked_of_saml(self, browser: Browser) -> etree._Element | None:
        """The last AuthnRequest."""
        found = self._last(browser, f"{self.upstreams.saml.origin}/sso")
        return None if found is None else etree.fromstring(zlib.decompress(b64decode(found["SAMLRequest"]), -15))

    def events(self) -> tuple[AuditEvent, ...]:
        return tuple(stored.event for stored in self.house.store.deployment.events(limit=1000))

    def _last(self, browser: Browser, url: str) -> dict[str, str] | None:
        visited = [page.url for page in browser.trail if page.url.startswith(url)]
        if not visited:
            return None
        return {name: values[0] for name, values in parse_qs(urlsplit(visited[-1]).query).items()}


@contextmanager
def in_process(folder: Path) -> Iterator[InProcess]:
    clock = Clock()
    with upstreams(clock) as opened:
        made = opened.installation(folder)
        broker.app.prepare(made.folder, made.environ)
        application = broker.app.create(made.folder, made.environ, clock=clock, upkeep=False)
        house: House = application.extensions["broker"]
        with served(urlsplit(made.issuer).port or 0) as place:
            place.behind = application
            yield InProcess(made, opened, clock, house)
        house.store.close()
