"""A dead identity provider: an honest page, and nobody else notices."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.flows.app import App
from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.upstreams import CALLBACK, SECRET, Upstreams


@contextmanager
def silent() -> Iterator[str]:
    """Accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def made(nearby: Upstreams, tmp_path: Path) -> Iterator[tuple[Installation, str]]:
    """contoso works; litware's OpenID provider and woodgrove's metadata hang. One worker has eight threads."""
    with silent() as origin:
        made = nearby.installation(tmp_path / "broker")
        made.workers = 1
        op = {**nearby.oidc_row(made), "issuer": f"{origin}/op"}
        made.tenant("litware", [op], ["litware.example"])
        idp = {**nearby.saml_row(), "metadata": {"url": f"{origin}/metadata"}}
        made.tenant("woodgrove", [idp], ["woodgrove.example"])
        with made.running():
            yield made, origin


def ask(made: Installation, tenant: str) -> str:
    """What the app hears, or the code."""
    app = App(made.issuer, "app", SECRET, CALLBACK.format("callback"))
    browser = Browser(stop=(app.redirect_uri,))
    page = browser.open(app.start(tenant=tenant).url)
    return page.query.get("error_description") or page.query["code"]


def test_one_hanging_identity_provider_delays_nobody_else(made: tuple[Installation, str]) -> None:
    """Twelve people at each of two dead ones, on eight threads; the others sign in all the while."""
    installation, _ = made
    assert ask(installation, "contoso")
    stuck = [threading.Thread(target=ask, args=(installation, tenant)) for tenant in ("litware",) for _ in range(12)]
    for thread in stuck:
        thread.start()
    slowest = 0.0
    while any(thread.is_alive() for thread in stuck):
        began = time.monotonic()
        assert " " not in ask(installation, "contoso")
        slowest = max(slowest, time.monotonic() - began)
    for thread in stuck:
        thread.join()
    assert slowest < 4.0, "a time limit of the dead one is five seconds"


@pytest.mark.parametrize("tenant", ["litware", "woodgrove"])
def test_the_page_says_since_when_nobody_has_answered(made: tuple[Installation, str], tenant: str) -> None:
    installation, _ = made
    said = ""
    for _ in range(8):
        said = ask(installation, tenant)
        if "has not answered since" in said:
            break
    assert "has not answered since" in said
    assert " UTC (" in said
    began = time.monotonic()
    ask(installation, tenant)
    assert time.monotonic() - began < 2.0
