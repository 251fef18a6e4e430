"""Debian's libapache2-mod-auth-openidc as a relying party: sign-in, our keys rotating, and every way to sign out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.flows.broker_process import Installation
from tests.flows.browser import Browser, Page
from tests.flows.upstreams import Upstreams
from tests.peers.apache import Apache
from tests.peers.test_rotation import PATIENCE, kid, rotated

SECRET = "a-secret-of-apache-with-at-least-32-characters"
pytestmark = pytest.mark.apache


@pytest.fixture
def apache(tmp_path: Path) -> Apache:
    (tmp_path / "apache").mkdir()
    return Apache(tmp_path / "apache", SECRET)


@pytest.fixture
def made(tmp_path: Path, nearby: Upstreams, apache: Apache) -> Iterator[Installation]:
    made = nearby.installation(tmp_path / "broker")
    made.client(
        "apache",
        apache.callback,
        SECRET,
        post_logout_redirect_uris=[f"{apache.origin}/alive"],
        backchannel_logout_uri=f"{apache.callback}?logout=backchannel",
        response_modes=["query", "form_post"],
    )
    with made.running(), apache.serving(made, "tenant=contoso"):
        yield made


def private(apache: Apache, browser: Browser) -> Page:
    """Apache's own page, after whatever sign-in it wanted."""
    page = browser.open(f"{apache.origin}/private")
    assert (page.status, page.url) == (200, f"{apache.origin}/private"), (page.url, page.text[:1000])
    return page


def session(apache: Apache, browser: Browser) -> dict[str, Any]:
    """What mod_auth_openidc knows of the person behind its cookie."""
    return dict(json.loads(browser.send("GET", f"{apache.callback}?info=json").text))


def let_in(apache: Apache, browser: Browser) -> bool:
    return browser.send("GET", f"{apache.origin}/private").status == 200


def test_apache_signs_in_while_our_keys_rotate(made: Installation, apache: Apache) -> None:
    browser = Browser()
    private(apache, browser)
    known = session(apache, browser)
    assert known["id_token"]["iss"] == made.issuer
    assert known["id_token"]["sub"] == known["userinfo"]["sub"]
    assert known["userinfo"]["email"] == "alice@contoso.example"

    before, signing, until = kid(known["access_token"]), rotated(made), time.monotonic() + PATIENCE
    latest = before
    while latest != signing:
        assert time.monotonic() < until, "the new key never signed"
        visitor = Browser()
        private(apache, visitor)
        latest = kid(session(apache, visitor)["access_token"])
    assert signing != before
    assert let_in(apache, browser), "whoever came before is still there"


def test_apache_signs_out_by_our_logout(made: Installation, apache: Apache) -> None:
    """RP-Initiated Logout: Apache's own session and ours end, and the browser is back at Apache."""
    browser = Browser()
    private(apache, browser)
    page = browser.open(f"{apache.callback}?logout={quote(f'{apache.origin}/alive', safe='')}")
    assert (page.status, page.url.partition("?")[0]) == (200, f"{apache.origin}/alive")
    assert f"{made.issuer}/logout" in {visited.url.partition("?")[0] for visited in browser.trail}
    assert not let_in(apache, browser)
    silent = browser.send("GET", f"{made.issuer}/authorize?client_id=app&redirect_uri=http://127.0.0.1:9/callback"
                          "&response_type=code&scope=openid&prompt=none&tenant=contoso&state=s"
                          "&code_challenge_method=S256&code_challenge=" + "c" * 43)  # fmt: skip
    assert "error=login_required" in silent.headers["location"]


def test_apache_hears_of_a_logout_elsewhere(made: Installation, apache: Apache) -> None:
    """Back-Channel Logout: the session ends at Apache without its browser."""
    browser = Browser()
    private(apache, browser)
    page = browser.open(f"{made.issuer}/logout")
    assert "signed out" in page.text
    until = time.monotonic() + PATIENCE
    while let_in(apache, browser):
        assert time.monotonic() < until, "Apache was never told"
