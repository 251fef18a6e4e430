"""What a person meets on the way: pages, links, the remembered home realm, tenant hosts, and the clock."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from broker.app.rounds import Rounds
from broker.app.upkeep import Upkeep
from tests.flows.browser import Browser, Page
from tests.flows.in_process import InProcess

ALICE, NORA = "alice@contoso.example", "nora@northwind.example"


def link(page: Page, text: str) -> str:
    """The address behind a link of the page."""
    links = re.findall(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', page.text, re.DOTALL)
    (address,) = [href for href, label in links if text in re.sub(r"<[^>]+>", "", label)]
    return urljoin(page.url, html.unescape(address))


def follow(here: InProcess, browser: Browser, page: Page, text: str) -> Page:
    browser.trail.clear()
    return browser.open(link(page, text))


def forget_session(browser: Browser) -> None:
    """As if it had expired."""
    browser.jar = {key: kept for key, kept in browser.jar.items() if key[2] != "session"}


def test_typed_address_leads_to_the_identity_provider_and_back_to_the_app(here: InProcess, browser: Browser) -> None:
    page = here.ask(browser)
    assert (page.status, [form.visible for form in page.forms]) == (200, [{"login_hint"}])
    browser.fill = {"login_hint": NORA}
    assert here.sign_in(browser).access_token["tenant"] == "northwind"


def test_unknown_address_is_told_and_can_be_corrected(here: InProcess, browser: Browser) -> None:
    page = here.ask(browser, login_hint="someone@nowhere.example")
    assert page.status == 200
    assert "We do not know where people with this address sign in" in page.text
    assert page.forms[0].fields["login_hint"] == "someone@nowhere.example"
    browser.fill = {"login_hint": ALICE}
    assert "code" in browser.open(page.url).query


def test_cancel_returns_access_denied_with_state_and_issuer(here: InProcess, browser: Browser) -> None:
    started = here.app().start()
    browser.stop = (here.app().redirect_uri,)
    answer = follow(here, browser, browser.open(started.url), "Cancel").query
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", started.state, here.made.issuer)
    event = here.events()[-1]
    assert (event.outcome, event.reason, event.client_id) == ("failure", "cancelled", "app")
    assert answer["error_description"].endswith(f"(ref {event.reference})")


def test_select_account_shows_the_chooser_and_the_choice_authenticates_anew(here: InProcess, browser: Browser) -> None:
    here.sign_in(browser, login_hint=ALICE)
    page = here.ask(browser, prompt="select_account")
    assert page.status == 200
    assert here.asked_of_oidc(browser) is None
    picked = follow(here, browser, page, "OP (Contoso)")
    assert "code" in picked.query
    asked = here.asked_of_oidc(browser)
    assert asked is not None
    assert asked["prompt"] == "login"


def test_remembered_home_realm_leads_straight_to_its_identity_provider(here: InProcess, browser: Browser) -> None:
    here.sign_in(browser, login_hint=NORA)
    forget_session(browser)
    assert "code" in here.ask(browser).query
    assert here.asked_of_saml(browser) is not None


def test_remembered_home_realm_can_be_forgotten(here: InProcess, browser: Browser) -> None:
    here.sign_in(browser, login_hint=NORA)
    forget_session(browser)
    chooser = here.ask(browser, prompt="select_account")
    page = follow(here, browser, chooser, "Forget where I signed in before")
    assert (page.status, "Northwind" in page.text) == (200, False)
    page = here.ask(browser)
    assert (page.status, "Northwind" in page.text) == (200, False)
    assert here.asked_of_saml(browser) is None


def test_cookie_of_a_stranger_remembers_nothing(here: InProcess, browser: Browser) -> None:
    here.sign_in(browser, login_hint=NORA)
    forget_session(browser)
    (key,) = [key for key in browser.jar if key[2] == "realm"]
    browser.jar[key].value = "A" + browser.jar[key].value[1:]
    assert here.ask(browser).status == 200
    assert here.asked_of_saml(browser) is None


def tenant_host(here: InProcess, browser: Browser, label: str) -> str:
    parts = urlsplit(here.made.issuer)
    browser.hosts[f"{label}.{parts.hostname}"] = str(parts.hostname)
    return f"http://{label}.{parts.netloc}"


@pytest.mark.parametrize("path", ["/authorize", "/login"])
def test_tenant_host_leads_to_the_issuer_with_its_tenant(here: InProcess, browser: Browser, path: str) -> None:
    origin = tenant_host(here, browser, "northwind")
    query = urlsplit(here.app().start().url).query
    page = browser.send("GET", f"{origin}{path}?{query}")
    assert page.status == 303
    assert page.headers["location"].startswith(f"{here.made.issuer}{path}?")
    assert parse_qs(urlsplit(page.headers["location"]).query) == parse_qs(query) | {"tenant": ["northwind"]}
    assert page.set_cookies == ()


def test_tenant_host_signs_in_at_its_tenant(here: InProcess, browser: Browser) -> None:
    app, origin = here.app(), tenant_host(here, browser, "northwind")
    started = app.start()
    browser.stop = (app.redirect_uri,)
    page = browser.open(started.url.replace(here.made.issuer, origin))
    assert app.finish(started, page).access_token["tenant"] == "northwind"


def test_tenant_host_contradicting_the_request_is_refused(here: InProcess, browser: Browser) -> None:
    origin = tenant_host(here, browser, "northwind")
    browser.stop = (here.app().redirect_uri,)
    page = browser.open(here.app().start(tenant="contoso").url.replace(here.made.issuer, origin))
    assert (page.query["error"], page.query["iss"]) == ("invalid_request", here.made.issuer)


@pytest.mark.parametrize(
    ("label", "method", "path"),
    [
        ("northwind", "GET", "/jwks"),
        ("northwind", "GET", "/.well-known/openid-configuration"),
        ("northwind", "POST", "/authorize"),
        ("northwind", "GET", "/t/northwind/saml/idp/metadata"),
        ("nobody", "GET", "/authorize"),
    ],
)
def test_tenant_host_serves_nothing_else(here: InProcess, browser: Browser, label: str, method: str, path: str) -> None:
    form = {"client_id": "app"} if method == "POST" else None
    assert browser.send(method, tenant_host(here, browser, label) + path, form).status == 404


def upkeep(here: InProcess) -> None:
    house = here.house
    kept = Upkeep(house.store, house.live, house.signin, Rounds(house.live, house.connectors, here.clock), here.clock)
    kept.purge()
    kept.stop()


def test_abandoned_sign_in_leaves_one_event_and_its_late_answer_is_refused(here: InProcess, browser: Browser) -> None:
    here.sign_in(browser, login_hint=ALICE)  # finished: leaves none
    upkeep(here)
    browser.stop = (f"{here.made.issuer}/t/",)
    landed = browser.open(here.app().start(tenant="contoso", prompt="login").url)
    begun = here.events()[-1]
    assert begun.event == "sign_in.started"
    here.clock.ahead = 601
    upkeep(here)
    upkeep(here)
    after = here.events()[here.events().index(begun) + 1 :]
    assert [(event.event, event.outcome, event.reference) for event in after] == [
        ("sign_in.abandoned", "abandoned", begun.reference)
    ]
    assert (after[0].tenant, after[0].idp, after[0].client_id) == ("contoso", "op", "app")
    browser.stop = ()
    page = browser.send("GET", landed.url)
    assert (page.status, "code=" in page.text) == (400, False)
    assert here.events()[-1].reason == "state_expired"
