"""Whole sign-ins in Chromium with identity provider, broker and apps on registrable domains of their own, over TLS.

On one loopback host every cookie mistake passes; here SameSite, `__Host-`, redirects and form-action are in earnest.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Request

from tests.browser.apps import AppSite
from tests.browser.sites import own_address
from tests.browser.world import BROKER, EXPENSES, OIDC_IDP, OIDC_TENANT, SAML_IDP, SAML_TENANT, TRAVEL, World, world

pytestmark = [pytest.mark.chromium, pytest.mark.node, pytest.mark.php]

YEAR = 365 * 86400
TENANTS = {SAML_TENANT: SAML_IDP, OIDC_TENANT: OIDC_IDP}
ATTRIBUTES = {"domain": BROKER, "path": "/", "secure": True, "httpOnly": True}  # no leading dot: host-only
SESSION = ATTRIBUTES | {"sameSite": "Lax"}
both = pytest.mark.parametrize("tenant", [SAML_TENANT, OIDC_TENANT])


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    address = own_address()
    if address is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("left out: three domains (no address but loopback)")
    with world(tmp_path_factory.mktemp("three-domains"), address) as made:
        yield made


class Visitor:
    """One browser profile. `trail`: every navigation. `complaints`: console errors on the sites that are ours."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.trail: list[Request] = []
        self.complaints: list[str] = []
        context.on("request", lambda asked: self.trail.append(asked) if asked.is_navigation_request() else None)
        context.on("console", self._hear)
        self.page = context.new_page()

    def _hear(self, message: ConsoleMessage) -> None:
        ours = urlsplit(message.location["url"]).hostname in {BROKER, EXPENSES, TRAVEL}
        if ours and message.type == "error" and "responded with a status of 4" not in message.text:
            self.complaints.append(message.text)

    @property
    def hosts(self) -> list[str]:
        """Where the navigations went, repetitions in a row left out."""
        hosts = [str(urlsplit(asked.url).hostname) for asked in self.trail]
        return [host for index, host in enumerate(hosts) if index == 0 or hosts[index - 1] != host]

    @property
    def cookies(self) -> dict[str, dict[str, object]]:
        """The broker's cookies, without their values; a transaction's name is cut."""
        held = self.context.cookies(f"https://{BROKER}")
        short = {
            cookie["name"].partition("signin-")[0] + "signin" if "signin-" in cookie["name"] else cookie["name"]: dict(
                cookie
            )
            for cookie in held
        }
        assert len(short) == len(held)
        return {
            name: {key: value for key, value in cookie.items() if key not in {"name", "value"}}
            for name, cookie in short.items()
        }

    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    def prove(self, tenant: str) -> None:
        """At the tenant's identity provider, be alice, whatever it still asks; ends at an app."""
        page = self.page
        page.wait_for_selector("input[type=password]")
        if tenant == SAML_TENANT:
            page.fill("input[name=username]", "alice")
        else:
            page.fill("input[name=login]", f"alice@{tenant}.example")
        page.fill("input[type=password]", "pw")
        page.keyboard.press("Enter")
        if tenant == OIDC_TENANT:
            page.wait_for_selector("input[name=prompt][value=consent]", state="attached")
            page.click("button[type=submit]")


@contextmanager
def visiting(sites: World) -> Iterator[Visitor]:
    with sites.chromium.new_context() as context:
        visitor = Visitor(context)
        yield visitor
        assert visitor.complaints == []


@pytest.fixture
def visitor(sites: World) -> Iterator[Visitor]:
    for app in (sites.expenses, sites.travel):
        app.answers.clear()
        app.signed_in.clear()
        app.params = {}
    sites.front.cut = None
    with visiting(sites) as opened:
        yield opened


def sign_in(visitor: Visitor, app: AppSite, tenant: str) -> None:
    """From the app, by a typed address, to the identity provider and back to the app."""
    visitor.page.goto(app.start)
    visitor.page.fill("#email", f"alice@{tenant}.example")
    visitor.page.keyboard.press("Enter")
    visitor.prove(tenant)
    visitor.page.wait_for_url(f"{app.origin}/callback?**")
    assert visitor.heading() == "Welcome"


@both
def test_sign_in_ends_at_the_app_with_verified_tokens(sites: World, visitor: Visitor, tenant: str) -> None:
    sign_in(visitor, sites.expenses, tenant)
    (signed,) = sites.expenses.signed_in
    assert signed.id_token["tenant"] == signed.access_token["tenant"] == tenant
    assert signed.id_token["email"] == f"alice@{tenant}.example"
    assert signed.access_token["roles"] == ["viewer"]
    assert visitor.hosts == [EXPENSES, BROKER, TENANTS[tenant], BROKER, EXPENSES]


@both
def test_cookies_at_each_stage_are_those_of_the_contract(sites: World, visitor: Visitor, tenant: str) -> None:
    visitor.page.goto(sites.expenses.start)
    assert visitor.cookies == {}, "who only looks gets no cookie"
    visitor.page.fill("#email", f"alice@{tenant}.example")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_selector("input[type=password]")
    transaction = visitor.cookies.pop("__Host-signin")
    assert transaction.pop("expires") == pytest.approx(time.time() + 600, abs=30)
    assert transaction == ATTRIBUTES | {"sameSite": "None"}
    assert len(visitor.cookies) == 1
    visitor.prove(tenant)
    visitor.page.wait_for_url(f"{sites.expenses.origin}/callback?**")
    cookies = visitor.cookies
    assert set(cookies) == {"__Host-session", "__Host-realm"}, "the transaction's cookie is gone"
    assert cookies["__Host-session"] == SESSION | {"expires": -1}
    assert cookies["__Host-realm"].pop("expires") == pytest.approx(time.time() + YEAR, abs=60)
    assert cookies["__Host-realm"] == SESSION


def test_a_post_from_the_identity_provider_ends_in_a_get_on_the_issuer(sites: World, visitor: Visitor) -> None:
    sign_in(visitor, sites.expenses, SAML_TENANT)
    assertion, arrival, callback = visitor.trail[-3:]
    acs = f"{sites.issuer}/t/{SAML_TENANT}/saml/ssp/acs"
    assert (assertion.method, assertion.url) == ("POST", acs)
    assert (assertion.headers.get("origin"), status(assertion)) == (origin_of(visitor.trail[-4].url), 303)
    assert (arrival.method, arrival.url.partition("?")[0]) == ("GET", acs.replace("/acs", "/arrival"))
    assert (status(arrival), callback.method) == (303, "GET")


@both
def test_second_app_is_signed_in_without_the_identity_provider(sites: World, visitor: Visitor, tenant: str) -> None:
    sign_in(visitor, sites.expenses, tenant)
    visitor.trail.clear()
    visitor.page.goto(sites.travel.start)
    visitor.page.wait_for_url(f"{sites.travel.origin}/callback?**")
    assert visitor.hosts == [TRAVEL, BROKER, TRAVEL]
    first, second = sites.expenses.signed_in[0].id_token, sites.travel.signed_in[0].id_token
    assert (first["sub"], first["sid"]) == (second["sub"], second["sid"])


@both
def test_tenant_host_leads_to_the_issuer_and_signs_in(sites: World, visitor: Visitor, tenant: str) -> None:
    host = f"{tenant}.{BROKER}"
    visitor.page.goto(f"{sites.expenses.start}?authorize_at=https://{host}/authorize")
    visitor.prove(tenant)
    visitor.page.wait_for_url(f"{sites.expenses.origin}/callback?**")
    assert visitor.hosts == [EXPENSES, host, BROKER, TENANTS[tenant], BROKER, EXPENSES]
    at_tenant, at_issuer = (asked for asked in visitor.trail if urlsplit(asked.url).path == "/authorize")
    assert status(at_tenant) == 303
    assert parse_qs(urlsplit(at_issuer.url).query)["tenant"] == [tenant]
    assert sites.expenses.signed_in[0].id_token["tenant"] == tenant
    assert visitor.context.cookies(f"https://{host}") == [], "cookies live on the issuer host alone"


@both
def test_logout_by_hint_ends_the_session(sites: World, visitor: Visitor, tenant: str) -> None:
    sign_in(visitor, sites.expenses, tenant)
    hint = sites.expenses.signed_in[0].response["id_token"]
    visitor.page.goto(
        f"{sites.issuer}/logout?id_token_hint={hint}&post_logout_redirect_uri={sites.expenses.origin}/left"
    )
    assert visitor.heading() == "You have left"
    assert set(visitor.cookies) == {"__Host-realm"}
    sites.expenses.params = {"prompt": "none", "tenant": tenant}
    visitor.page.goto(sites.expenses.start)
    assert sites.expenses.answers[-1]["error"] == "login_required"
    sites.expenses.params = {"tenant": tenant}
    visitor.trail.clear()
    visitor.page.goto(sites.expenses.start)
    visitor.page.wait_for_url(f"{sites.expenses.origin}/callback?**")  # it still knows alice
    assert TENANTS[tenant] in visitor.hosts
    assert sites.expenses.signed_in[0].id_token["sid"] != sites.expenses.signed_in[1].id_token["sid"]


def test_logout_without_a_hint_asks_and_leads_back_to_the_app(sites: World, visitor: Visitor) -> None:
    sign_in(visitor, sites.expenses, SAML_TENANT)
    left = f"{sites.expenses.origin}/left"
    visitor.page.goto(f"{sites.issuer}/logout?client_id=app&post_logout_redirect_uri={left}")
    assert visitor.heading() == "Sign out?"
    assert "__Host-session" in visitor.cookies
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.page.wait_for_url(left)
    assert set(visitor.cookies) == {"__Host-realm"}


def test_assertion_posted_twice_is_refused(sites: World, visitor: Visitor) -> None:
    """The browser gets lost after the first POST, so the second comes with every cookie still there."""
    visitor.page.goto(sites.expenses.start)
    visitor.page.fill("#email", f"alice@{SAML_TENANT}.example")
    visitor.page.keyboard.press("Enter")
    sites.front.cut = "/arrival"
    visitor.prove(SAML_TENANT)
    visitor.page.wait_for_url("**/arrival?**")
    sites.front.cut = None
    assert "__Host-signin" in visitor.cookies
    post_again(visitor)
    assert_refused(sites, visitor, "request_consumed")
    assert sites.expenses.answers == []


def test_back_button_after_sign_in_issues_nothing(sites: World, visitor: Visitor) -> None:
    """SimpleSAMLphp answers the old request with a new assertion when the browser goes back to it."""
    sign_in(visitor, sites.expenses, SAML_TENANT)
    visitor.page.go_back(wait_until="commit")
    visitor.page.wait_for_url(f"{sites.issuer}/t/**")
    assert_refused(sites, visitor, "in_response_to")
    assert "it is finished" in visitor.page.locator("main").inner_text()
    assert len(sites.expenses.answers) == 1


@pytest.mark.parametrize(("tenant", "reason"), [(SAML_TENANT, "in_response_to"), (OIDC_TENANT, "state_session")])
def test_sign_in_of_another_browser_is_refused(sites: World, visitor: Visitor, tenant: str, reason: str) -> None:
    """Login CSRF: the transaction began in a browser whose cookie is not here."""
    visitor.page.goto(sites.expenses.start)
    visitor.page.fill("#email", f"alice@{tenant}.example")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_selector("input[type=password]")
    sent = next(asked.url for asked in visitor.trail if urlsplit(asked.url).hostname == TENANTS[tenant])
    with visiting(sites) as other:
        other.page.goto(sent)
        other.prove(tenant)
        other.page.wait_for_url(f"{sites.issuer}/t/**")
        assert_refused(sites, other, reason)
        assert other.cookies == {}
    assert sites.expenses.answers == []
    visitor.prove(tenant)
    visitor.page.wait_for_url(f"{sites.expenses.origin}/callback?**")  # and the rightful browser is not harmed


def post_again(visitor: Visitor) -> None:
    """The last form that went to the ACS, once more from the identity provider's own page."""
    posted = next(asked for asked in reversed(visitor.trail) if asked.method == "POST" and asked.url.endswith("/acs"))
    fields = {name: values[0] for name, values in parse_qs(posted.post_data or "").items()}
    visitor.page = visitor.context.new_page()
    visitor.page.goto(f"{posted.headers['origin']}/{SAML_TENANT}/resources/post.css")
    visitor.page.evaluate(SUBMIT, [posted.url, fields])
    visitor.page.wait_for_url(posted.url)


SUBMIT = """([url, fields]) => {
  const form = Object.assign(document.createElement("form"), {method: "post", action: url});
  for (const [name, value] of Object.entries(fields))
    form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
  document.body.append(form);
  form.submit();
}"""


def assert_refused(sites: World, visitor: Visitor, reason: str) -> None:
    """An error page with the reference of the newest event, which has that reason."""
    visitor.page.wait_for_selector("code")
    event = sites.newest()
    assert (event.outcome, event.reason) == ("failure", reason)
    assert visitor.heading() == "This sign-in cannot continue"
    assert visitor.page.locator("code").inner_text() == event.reference


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def status(asked: Request) -> int:
    response = asked.response()
    assert response is not None
    return response.status
