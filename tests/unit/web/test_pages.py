"""What the pages say, carry and allow."""

import re
from html.parser import HTMLParser

import pytest
from flask import Flask

from broker.errors import AccessDenied, BrokerError, ShownError, UpstreamUnavailable
from broker.web.pages import Choice, Line, Moment, Pages, Part
from broker.web.rendering import template_folder

ISSUER = "https://login.example.com"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202ereversed"
ASKED = {
    "client_id": "app",
    "redirect_uri": "https://app.example.com/cb",
    "state": 'a"b<c>&d',
    "login_hint": "typed@before.example",
    "home_realm": "contoso/adfs",
}


@pytest.fixture(scope="module")
def pages():
    return Pages(ISSUER)


class Read(HTMLParser):
    def __init__(self, response):
        super().__init__()
        self.elements = []
        self.feed(response.get_data(as_text=True))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def fields(self):
        return {one["name"]: one["value"] for one in self.all("input") if one["type"] == "hidden"}


def policy(response):
    return response.headers["Content-Security-Policy"]


def every_page(pages):
    yield pages.login(ASKED, HOSTILE, [(HOSTILE, "/authorize?x=1&y=2")], HOSTILE, HOSTILE, "/c", client_name=HOSTILE)
    yield pages.switch(
        ASKED,
        [Choice("ab12", HOSTILE, HOSTILE, HOSTILE, asks=True), Choice("cd34", HOSTILE, None, None, asks=False)],
        client_name=HOSTILE,
        cancel_href="/c",
        other_href="/a?x=1&y=2",
        redirect_uri="https://app.example.com/cb",
    )
    yield pages.error(ShownError("x", HOSTILE), "abcd-2345", client_name=HOSTILE, return_href="/back?a=1&b=2")
    yield pages.error(ShownError("x", HOSTILE), "abcd-2345", client_name=HOSTILE)
    yield pages.signed_out(HOSTILE)
    yield pages.logout_confirm({"state": HOSTILE})
    yield pages.stayed()
    since = Moment("1 May 2026, 10:00 UTC", "2026-05-01T10:00:00Z")
    yield pages.account(
        [
            Part("ab12", since, since, HOSTILE, HOSTILE, HOSTILE, [Line("cd34", since, seen=since)]),
            Part("ef56", since, since, HOSTILE, HOSTILE, accesses=[Line("0a", since, HOSTILE, wishes=[HOSTILE])]),
            Part("9b", since, since),
        ]
    )
    yield pages.auto_post("https://idp.example.com/sso", {"SAMLRequest": HOSTILE}, "/c")


def test_names_and_values_are_escaped_on_every_page(pages):
    """TN-13."""
    for response in every_page(pages):
        page = Read(response)
        assert not page.all("img")
        assert all("src" in script for script in page.all("script"))
        assert HOSTILE.encode() not in response.get_data()


def test_shown_names_are_isolated_so_that_they_cannot_turn_the_text_around(pages):
    for response in every_page(pages):
        body = re.sub(r"<head>.*?</head>", "", response.get_data(as_text=True), flags=re.DOTALL)
        shown = re.findall(r">([^<]*\u202e[^<]*)<", body)
        isolated = re.findall(r"<bdi>([^<]*\u202e[^<]*)</bdi>", body)
        problems = re.findall(r'role="alert">([^<]*)<', body)
        assert len(shown) == len(isolated) + len(problems)


def test_no_page_holds_inline_style_or_script_or_loads_from_elsewhere(pages):
    for response in every_page(pages):
        page = Read(response)
        assert not page.all("style")
        assert not [a for _, a in page.elements if "style" in a or any(name.startswith("on") for name in a)]
        sources = [a.get("src") or a["href"] for tag in ("script", "link") for a in page.all(tag)]
        assert all(re.fullmatch(r"/static/[a-z]+\.(css|js)\?v=[0-9a-f]{12}|data:,", source) for source in sources)
        assert "script-src 'self'" in policy(response)
        assert "frame-ancestors 'none'" in policy(response)
        assert "unsafe" not in policy(response)


def test_pages_are_not_stored(pages):
    assert {response.headers["Cache-Control"] for response in every_page(pages)} == {"no-store"}


def test_the_form_carries_the_request_but_not_the_pages_own_answers(pages):
    page = Read(pages.login(ASKED, email="a@b.example"))
    assert page.fields() == {
        "client_id": "app",
        "redirect_uri": "https://app.example.com/cb",
        "state": 'a"b<c>&d',
    }
    (form,) = page.all("form")
    assert (form["action"], form["method"]) == ("/authorize", "get")
    (typed,) = [one for one in page.all("input") if one["type"] == "email"]
    assert (typed["name"], typed["value"]) == ("login_hint", "a@b.example")


def test_a_problem_is_announced_and_tied_to_its_field(pages):
    page = Read(pages.login(ASKED, problem="Enter one e-mail address."))
    (typed,) = [one for one in page.all("input") if one["type"] == "email"]
    assert (typed["aria-invalid"], typed["aria-describedby"]) == ("true", "problem")
    assert [one["role"] for one in page.all("p") if one.get("id") == "problem"] == ["alert"]
    assert "aria-invalid" not in pages.login(ASKED).get_data(as_text=True)


def test_the_tenants_name_shows_only_for_an_active_tenant(pages):
    assert "<bdi>Contoso Ltd</bdi>" in pages.login(ASKED, "Contoso Ltd").get_data(as_text=True)
    assert "organisation" not in [one.get("class") for one in Read(pages.login(ASKED)).all("p")]


def test_choices_and_cancel_are_links(pages):
    page = Read(
        pages.login(ASKED, choices=[("Contoso AD FS", "/authorize?home_realm=contoso%2Fadfs&x=1")], cancel_href="/c")
    )
    assert [one["href"] for one in page.all("a")] == ["/authorize?home_realm=contoso%2Fadfs&x=1", "/c"]


def test_a_browser_that_was_remembered_can_be_forgotten(pages):
    page = pages.login(ASKED, choices=[("Contoso AD FS", "/a")], forget_href="/login?forget=1")
    assert [one["href"] for one in Read(page).all("a")] == ["/a", "/login?forget=1"]


def test_the_post_to_an_idp_needs_no_script(pages):
    page = Read(pages.auto_post("https://idp.example.com/sso?a=1", {"SAMLRequest": "PHg+", "RelayState": "r"}))
    assert page.fields() == {"SAMLRequest": "PHg+", "RelayState": "r"}
    assert [(one["action"], one["method"]) for one in page.all("form")] == [("https://idp.example.com/sso?a=1", "post")]
    assert [one["type"] for one in page.all("button")] == ["submit"]


@pytest.mark.parametrize(
    ("issuer", "redirect_uri", "allowed"),
    [
        (ISSUER, "https://app.example.com/cb", "'self' https:"),
        (ISSUER, "com.example.app:/cb", "'self' https: com.example.app:"),
        (ISSUER, "http://127.0.0.1:5555/cb", "'self' https: http:"),
        ("http://127.0.0.1:8000", "https://app.example.com/cb", "'self' https: http:"),
        (ISSUER, "x; script-src *:/cb", "'self' https:"),
        (ISSUER, "", "'self' https:"),
    ],
)
def test_a_form_may_lead_where_its_redirects_end(issuer, redirect_uri, allowed):
    response = Pages(issuer).login({}, redirect_uri=redirect_uri)
    assert f"form-action {allowed}; " in policy(response)
    assert policy(response).count("script-src") == 1


def test_a_page_without_a_form_allows_none(pages):
    assert "form-action 'none'" in policy(pages.signed_out())
    assert "form-action 'none'" in policy(pages.error(ShownError("x"), "abcd-2345"))


@pytest.mark.parametrize("error", [ShownError("x"), AccessDenied("x"), UpstreamUnavailable("x"), BrokerError("x")])
def test_an_error_page_says_what_happened_what_to_do_and_who_to_ask(pages, error):
    response = pages.error(error, "abcd-2345")
    text = response.get_data(as_text=True)
    assert response.status_code == error.status
    assert error.public.replace("'", "&#39;") in text
    assert "What you can do" in text
    assert "<code>abcd-2345</code>" in text


def test_the_error_page_tells_neither_reason_nor_detail(pages):
    text = pages.error(ShownError("very_internal", detail="expected A, got B"), "abcd-2345").get_data(as_text=True)
    assert "very_internal" not in text
    assert "got B" not in text


def test_static_files_are_served_and_cached_and_nothing_else(pages):
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(pages.blueprint())
    client = app.test_client()
    href = next(one["href"] for one in Read(pages.signed_out()).all("link") if one["rel"] == "stylesheet")
    with client.get(href) as style:
        assert (style.status_code, style.mimetype) == (200, "text/css")
        assert "max-age=86400" in style.headers["Cache-Control"]
    for path in ("/static/../base.html", "/static/..%2fbase.html", "/static/nothing.css", "/static/"):
        assert client.get(path).status_code == 404


def test_templates_are_found_beside_the_package():
    assert (template_folder() / "base.html").is_file()
