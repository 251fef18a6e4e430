"""The signed-out page in a real browser: applications in frames learn of it, then the browser goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask import Flask, Response, request
from playwright.sync_api import Page

from broker.web import headers
from broker.web.pages import Pages
from tests.browser.conftest import serving

pytestmark = pytest.mark.chromium


class Application:
    """Signs its visitor out in a frame, by a script of its own; `asked` holds the paths in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.http = Flask("application", static_folder=None)
        self.http.add_url_rule("/<path:path>", "any", self.answer, methods=["GET", "POST"])

    def answer(self, path: str) -> Response:
        self.asked.append(path)
        if path == "front":
            here = f"/done?sid={request.args['sid']}"
            return Response(f"<!DOCTYPE html><script>fetch('{here}', {{method: 'POST'}})</script>")
        return Response("<!DOCTYPE html><html lang=en><title>Left</title><h1>You have left</h1>")


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def origin(application: Application) -> Iterator[str]:
    with serving(application.http) as address:
        yield address


@pytest.fixture
def broker(origin: str) -> Iterator[str]:
    pages = Pages("http://127.0.0.1")
    app = Flask("pages", static_folder=None)
    app.register_blueprint(pages.blueprint())
    headers.register(app, "http://127.0.0.1")
    frames = [f"{origin}/front?iss=x&sid=sid-1"]
    app.add_url_rule("/stays", "stays", lambda: pages.signed_out("Expenses", frames=frames))
    app.add_url_rule("/leaves", "leaves", lambda: pages.signed_out(None, frames=frames, leave_for=f"{origin}/left?a&b"))
    fields = {"SAMLResponse": "x", "RelayState": "its own"}
    posts = lambda: pages.auto_post(f"{origin}/answered", fields, leaving=True, frames=frames)  # noqa: E731  a view
    app.add_url_rule("/posts", "posts", posts)
    with ExitStack() as stage:
        yield stage.enter_context(serving(app))


def test_a_framed_application_runs_its_own_sign_out(page: Page, application: Application, broker: str) -> None:
    with page.expect_request("**/done?sid=sid-1"):
        page.goto(f"{broker}/stays")
    page.wait_for_load_state("networkidle")
    assert application.asked == ["front", "done"]
    assert page.locator("iframe").is_hidden()


def test_the_browser_goes_on_by_itself_once_the_frames_have_had_their_time(
    page: Page, application: Application, broker: str, origin: str
) -> None:
    page.goto(f"{broker}/leaves")
    assert page.get_by_role("link", name="Go back now").get_attribute("href") == f"{origin}/left?a&b"
    page.wait_for_url(f"{origin}/left?a&b")
    assert [path for path in application.asked if path != "favicon.ico"] == ["front", "done", "left"]


def test_nobody_needs_to_wait(page: Page, broker: str, origin: str) -> None:
    page.goto(f"{broker}/leaves")
    page.get_by_role("link", name="Go back now").click()
    assert page.url == f"{origin}/left?a&b"


def test_an_answer_by_form_waits_for_the_frames_too(page: Page, application: Application, broker: str) -> None:
    """An identity provider that wants its logout answer posted learns of it after the applications did."""
    page.goto(f"{broker}/posts")
    page.wait_for_url("**/answered")
    assert [path for path in application.asked if path != "favicon.ico"] == ["front", "done", "answered"]
