"""Chromium, and the pages on a loopback server beside a stand-in for somebody else's origin."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from flask import Flask, Response, redirect, request
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from broker.errors import ShownError
from broker.web import headers
from broker.web.pages import Line, Moment, Pages, Part

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHOICES = [
    ("Contoso AD FS", "/authorize?home_realm=contoso%2Fadfs"),
    ("Contoso Entra ID", "/authorize?home_realm=x%2Fy"),
]


@dataclass
class Site:
    """`asked` holds the query of every /authorize and the form of every POST, in order."""

    broker: str = ""
    elsewhere: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)


class Silent(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        pass


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def elsewhere_app(site: Site) -> Flask:
    app = Flask("elsewhere", static_folder=None)

    @app.route("/", methods=["GET", "POST"])
    def arrived() -> str:
        site.asked.append(request.form.to_dict())
        return "<!DOCTYPE html><html lang=en><title>Elsewhere</title><h1>Elsewhere</h1>"

    @app.route("/hop", methods=["POST"])
    def hop() -> Response:
        site.asked.append(request.form.to_dict())
        return redirect(site.broker + "/landed", 303)

    return app


def own_parts(long: str) -> list[Part]:
    since = Moment("21 Nov 2026, 08:11 UTC", "2026-11-21T08:11:00Z")
    wishes = ["Read your e-mail address", "Stay connected when you are not there, until you end it"]
    return [
        Part(
            "here",
            since,
            since,
            "Contoso Ltd",
            "Contoso AD FS",
            "anna@contoso.example",
            elsewhere=[Line("elsewhere", since, seen=since)],
            accesses=[Line("expenses", since, "Expenses", wishes=wishes), Line("long", since, long)],
        ),
        Part("closed", since, since),
    ]


def broker_app(site: Site) -> Flask:
    app = Flask("pages", static_folder=None)
    pages = Pages("http://127.0.0.1")
    app.register_blueprint(pages.blueprint())
    headers.register(app, "http://127.0.0.1")
    query = {"client_id": "app", "redirect_uri": "https://app.example.com/cb", "state": "s&<t>"}
    long = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz AG"
    fails = ShownError("state_expired", "This sign-in took too long or was already used.")
    drawn = {
        "/login": lambda: pages.login(query, "Contoso Ltd", CHOICES, cancel_href="/cancelled", client_name="Expenses"),
        "/login/plain": lambda: pages.login(query, cancel_href="/cancelled"),
        "/login/problem": lambda: pages.login(
            query, long, [(long, "/a")], "alice@nowhere.example", "We do not know this address.", "/c", forget_href="/f"
        ),
        "/error": lambda: pages.error(fails, "k7mq-2xzp", client_name="Expenses", return_href="/back"),
        "/signed-out": lambda: pages.signed_out("Expenses"),
        "/logout-confirm": lambda: pages.logout_confirm({"state": "x"}),
        "/logout/stay": pages.stayed,
        "/account": lambda: pages.account(own_parts(long)),
        "/account/nobody": lambda: pages.account([]),
        "/post": lambda: pages.auto_post(
            site.elsewhere + "/", {"SAMLRequest": "PHg+", "RelayState": "r"}, "/cancelled"
        ),
        "/post-hop": lambda: pages.auto_post(site.elsewhere + "/hop", {"SAMLRequest": "PHg+"}),
        "/answer-hop": lambda: pages.form_post(site.elsewhere + "/hop", {"code": "c", "state": "s&<t>"}),
        "/cancelled": lambda: "cancelled",
        "/landed": lambda: "landed",
    }
    for path, draw in drawn.items():
        app.add_url_rule(path, path, draw)

    @app.route("/authorize")
    def authorize() -> Response:
        site.asked.append(request.args.to_dict())
        return redirect(site.elsewhere + "/", 303)

    @app.route("/account", methods=["POST"])
    def account() -> Response:
        site.asked.append(request.form.to_dict())
        return redirect(site.broker + "/account", 303)

    @app.route("/logout", methods=["POST"])
    def logout() -> Response:
        return redirect(site.elsewhere + "/", 303)

    return app


@pytest.fixture(scope="module")
def sites() -> Iterator[Site]:
    site = Site()
    with serving(elsewhere_app(site)) as elsewhere, serving(broker_app(site)) as broker:
        site.elsewhere, site.broker = elsewhere, broker
        yield site


@pytest.fixture
def site(sites: Site) -> Site:
    sites.asked.clear()
    return sites


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def is_complaint(message: ConsoleMessage) -> bool:
    """Every error but the ones that only repeat the error page's own status or miss a stand-in's icon."""
    if message.location["url"].endswith("/favicon.ico"):
        return False
    own_status = message.location["url"].endswith("/error") and "responded with a status of 400" in message.text
    return message.type == "error" and not own_status


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that fails its test on any console error: that is where Chromium reports policy violations."""
    with chromium.new_context() as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        assert complaints == []
