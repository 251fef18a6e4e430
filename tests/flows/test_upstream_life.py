"""A certified OpenID provider ends our sessions: by its logout token, and by letting somebody in no more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import broker.app
from broker.app.house import House
from tests.flows.app import App
from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.conftest import TENANT, UPSTREAM_SECRET, app_of, installation, who
from tests.flows.in_process import Clock
from tests.flows.upstreams import served
from tests.idps.processes import OidcProvider

NAME = "leaving"
ALICE = f"alice@{NAME}.example"


def register(made: Installation, provider: OidcProvider, **more: object) -> None:
    """What an administrator does at the provider: our callback, our logout address, and that we may refresh."""
    party = {
        "client_id": "broker",
        "client_secret": UPSTREAM_SECRET,
        "redirect_uris": [made.oidc_callback(NAME, "op")],
        "grant_types": ["authorization_code", "refresh_token"],
        "backchannel_logout_uri": made.oidc_callback(NAME, "op").replace("/callback", "/backchannel-logout"),
        "backchannel_logout_session_required": True,
        "post_logout_redirect_uris": [f"{made.issuer}/logout/upstream"],
    }
    provider.configure(NAME, clients=[party], **more)


@pytest.fixture
def leaving(tmp_path: Path, oidc_provider: OidcProvider) -> Iterator[tuple[Installation, House, Clock]]:
    made, clock = installation(tmp_path), Clock()
    idp = {
        "id": "op",
        "protocol": "oidc",
        "issuer": oidc_provider.configure(NAME, clients=[]),
        "client_id": "broker",
        "client_secret": {"env": "UPSTREAM_SECRET"},
        "upstream_refresh": {"max_age": "1m"},
        "logout": "upstream",
        "authorize": {"prompt": "consent"},  # OpenID Connect Core §11: without it no refresh token
    }
    register(made, oidc_provider, disabled=[])
    made.environ["UPSTREAM_SECRET"] = UPSTREAM_SECRET
    made.tenant(NAME, [idp], [f"{NAME}.example"], **TENANT)
    broker.app.prepare(made.folder, made.environ)
    application = broker.app.create(made.folder, made.environ, clock=clock, upkeep=False)
    with served(urlsplit(made.issuer).port or 0) as place:
        place.behind = application
        yield made, application.extensions["broker"], clock
    application.extensions["broker"].store.close()


def signed_in(made: Installation) -> tuple[App, Browser, dict[str, str]]:
    browser, app = Browser(), app_of(made)
    who(browser, ALICE)
    return app, browser, app.sign_in(browser, login_hint=ALICE).response


@pytest.mark.node
def test_signing_out_there_ends_the_session_here(
    leaving: tuple[Installation, House, Clock], oidc_provider: OidcProvider
) -> None:
    made, house, _ = leaving
    app, browser, tokens = signed_in(made)
    assert app.userinfo(tokens["access_token"]).status_code == 200
    page = browser.send("GET", f"{oidc_provider.issuer(NAME)}/session/end")
    asked = browser.submit(page, page.forms[0], {"logout": "yes"})
    assert asked.status in {200, 302, 303}, asked.text
    until = time.monotonic() + 10
    while app.userinfo(tokens["access_token"]).status_code == 200:
        assert time.monotonic() < until, "no logout token came"
    events = [(one.event.event, one.event.reason) for one in house.store.of(NAME).events()]
    assert ("session.ended", "upstream_logout") in events


@pytest.mark.node
def test_signing_out_here_ends_the_session_there(
    leaving: tuple[Installation, House, Clock], oidc_provider: OidcProvider
) -> None:
    """RP-Initiated Logout §2: it takes our ID token for a hint, asks, and sends the person back."""
    made, _, _ = leaving
    app, browser, tokens = signed_in(made)
    there = f"{oidc_provider.issuer(NAME)}/session/end"
    browser.stop = (there,)
    url = browser.open(f"{made.issuer}/logout?id_token_hint={tokens['id_token']}").url
    browser.stop = ()
    page = browser.send("GET", url)
    assert page.status == 200, page.text
    back = browser.submit(page, page.forms[0], {"logout": "yes"})
    while location := back.headers.get("location"):
        back = browser.send("GET", location)
    assert back.url.startswith(f"{made.issuer}/logout/upstream?state=")
    assert "You are signed out" in back.text
    browser.trail.clear()
    app.sign_in(browser, login_hint=ALICE)
    assert any("/interaction/" in page.url and "password" in page.text for page in browser.trail), "it asks again"


@pytest.mark.node
def test_who_is_disabled_there_is_out_here_within_the_configured_time(
    leaving: tuple[Installation, House, Clock], oidc_provider: OidcProvider
) -> None:
    made, house, clock = leaving
    app, _, tokens = signed_in(made)
    clock.ahead = 61.0
    tokens = app.refresh(tokens["refresh_token"])
    checked = app.read_access_token(tokens)["upstream_checked_at"]
    assert checked == pytest.approx(clock(), abs=30), "the provider vouched again"
    register(made, oidc_provider, disabled=[ALICE])
    clock.ahead = 122.0
    with pytest.raises(Exception, match="invalid_grant"):
        app.refresh(tokens["refresh_token"])
    ended = [one.event.reason for one in house.store.of(NAME).events() if one.event.event == "session.ended"]
    assert ended == ["upstream_refresh_denied"]
