"""Hosts, paths, networks, `{tenant}` addresses and hints: nothing around a request moves it to another tenant."""

from __future__ import annotations

import re

import pytest

from tests.attacks.world import CALLBACK, PATTERN, World, code_of, query

HOSTS = [
    "evil.example",
    "contoso.evil.example",
    "localhost:8081",
    "localhost",
    "localhost:8080.evil.example",
    "evil.localhost:8080.evil.example",
    "a.contoso.localhost:8080",
    "localhost.:8080",
    "127.0.0.1:8080",
    "",
]
SPOOFED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Port": "1",
    "Forwarded": "host=evil.example;proto=https",
    "X-Original-URL": "/t/fabrikam/oidc/op/callback",
    "X-Rewrite-URL": "/t/fabrikam/oidc/op/callback",
    "X-HTTP-Method-Override": "POST",
    "X-Forwarded-User": "admin",
}


@pytest.mark.parametrize("host", HOSTS)
def test_unknown_host_is_nobody(world: World, host: str) -> None:
    """TN-22, OP-42, WB-12: no page, no redirect, on any path."""
    browser = world.browser()
    for path in ("/authorize", "/t/contoso/saml/adfs/metadata", "/.well-known/openid-configuration", "/token", "/nil"):
        response = browser.get(path, base_url=world.issuer, headers={"Host": host})
        assert response.status_code in {400, 404}, path
        assert "evil" not in response.text + response.headers.get("Location", ""), path


def test_tenant_host_only_points_to_the_issuer(world: World) -> None:
    """Contract section 2, Hosts: GET /authorize and /login; everything else is 404, the callbacks first of all."""
    browser, at = world.browser(), "http://contoso.localhost:8080"
    pointed = browser.get("/authorize?client_id=web&state=a%26b", base_url=at)
    assert pointed.status_code == 303
    assert pointed.headers["Location"] == f"{world.issuer}/authorize?client_id=web&state=a%26b&tenant=contoso"
    for path in ("/t/contoso/saml/adfs/metadata", "/jwks", "/userinfo", "/logout", "/authorize/", "/login/cancel"):
        assert browser.get(path, base_url=at).status_code == 404, path
    for path in ("/authorize", "/token", "/t/contoso/saml/adfs/acs"):
        assert browser.post(path, base_url=at).status_code == 404, path
    assert browser.get("/authorize", base_url="http://nobody.localhost:8080").status_code == 404


def test_tenant_host_and_another_tenant_are_an_error(world: World) -> None:
    pointed = world.browser().get(
        "/authorize", base_url="http://contoso.localhost:8080", query_string={"tenant": "fabrikam"}
    )
    asked = query(pointed.headers["Location"])
    assert asked["tenant"] == "fabrikam"
    assert pointed.headers["Location"].endswith("tenant=fabrikam&tenant=contoso"), "two: refused as repeated"


def test_headers_steer_no_link_and_no_issuer(world: World) -> None:
    """OP-42."""
    browser = world.browser()
    for path in ("/.well-known/openid-configuration", "/t/contoso/saml/adfs/metadata", "/nil"):
        response = browser.get(path, base_url=world.issuer, headers=SPOOFED)
        assert "evil" not in response.text
        assert "https://localhost" not in response.text
    under_way = world.begin("contoso", "op")
    assert query(under_way.url)["redirect_uri"] == f"{world.issuer}/t/contoso/oidc/op/callback"


@pytest.mark.parametrize("path", [
    "/t/contoso/../fabrikam/oidc/op/callback",
    "/t/contoso%2f..%2ffabrikam/oidc/op/callback",
    "/t/%2e%2e/fabrikam/oidc/op/callback",
    "/t//fabrikam/oidc/op/callback",
    "//t/fabrikam/oidc/op/callback",
    "/t/fabrikam;x=1/oidc/op/callback",
    "/t/Fabrikam/oidc/op/callback",
    "/T/fabrikam/oidc/op/callback",
    "/t/fabrikam./oidc/op/callback",
    "/t/fabrikam%00/oidc/op/callback",
    "/t/fabrikam /oidc/op/callback",
    "/t/fabrikam／oidc/op/callback",
    "/t/ｆabrikam/oidc/op/callback",
    "/t/fabrikam/oidc/op/callback/",
    "/t/fabrikam/oidc/op/callback;/",
    "/t/fabrikam/OIDC/op/callback",
    "/t/fabrikam/saml/op/acs",
    "/t/fabrikam/oidc/adfs/callback",
    "/t/fabrikam/oidc/op-rs256/callback",
    "/t/fabrikam/oidc/../saml/adfs/acs",
    "/t/nobody/oidc/op/callback",
])  # fmt: skip
def test_spelling_of_a_path_reaches_no_tenant(world: World, path: str) -> None:
    """TN-05, TN-21: 404 with one and the same page; never a redirect to the right spelling."""
    under_way = world.begin("fabrikam", "op")
    before = world.issued()
    for method in ("GET", "POST"):
        response = under_way.browser.open(
            path, method=method, base_url=world.issuer, query_string=dict(under_way.honest().query)
        )
        assert response.status_code in {404, 405}
        assert "Location" not in response.headers
        assert reference_cut(response.text) == reference_cut(world.browser().get("/nil", base_url=world.issuer).text)
    assert world.issued() == before


def reference_cut(page: str) -> str:
    """A page that can be compared: GET on an address that only takes POST says 405, in other words."""
    cut = re.sub(r"[a-z0-9]{4}-[a-z0-9]{4}", "", page)
    return cut.replace(
        "The address you opened cannot be used like this.", "The address you opened does not exist here."
    )


@pytest.mark.parametrize("tenant", ["fabrikam", "northwind"])
def test_address_of_one_tenant_receives_no_code_of_another(world: World, tenant: str) -> None:
    """Contract section 2, Redirect URIs: whatever else names a tenant, and whoever is signed in."""
    theirs = PATTERN.format(tenant=tenant)
    browser, _ = world.signed_in("contoso", "op", "pattern")
    for named in ({"tenant": "contoso"}, {"acr_values": "tenant:contoso"}):
        act = lambda named=named: world.authorize(browser, "pattern", redirect_uri=theirs, **named)  # noqa: E731
        world.assert_refused(act, "tenant_conflict", "authorize.rejected", tenant=None)
    for hinted in ({"login_hint": "ana@contoso.com"}, {"domain_hint": "contoso.com"}, {"home_realm": "contoso/op"}, {}):
        response = world.authorize(browser, "pattern", redirect_uri=theirs, **hinted)
        assert "code" not in query(response.headers.get("Location", ""))
    silent = world.authorize(browser, "pattern", redirect_uri=theirs, prompt="none")
    assert query(silent.headers["Location"])["error"] in {"login_required", "interaction_required"}


@pytest.mark.parametrize("label", ["nobody", "CONTOSO", "contoso.evil", "", "con%74oso", "contoso.fabrikam", "*"])
def test_label_of_no_tenant_is_a_page(world: World, label: str) -> None:
    uri = PATTERN.format(tenant=label)
    reason = "tenant_label" if label == "nobody" else "redirect_uri"
    act = lambda: world.authorize(world.browser(), "pattern", redirect_uri=uri)  # noqa: E731
    response = world.assert_refused(act, reason, "authorize.rejected", tenant=None)
    assert "Location" not in response.headers


FORWARDED = [
    ("198.51.100.7", True),
    ("203.0.113.9, 198.51.100.7", True),
    ("198.51.100.7, 203.0.113.9", False),
    ("203.0.113.9", False),
    ("unknown", False),
    ("198.51.100.7:4711", False),
    ("198.51.100.7, unknown", False),
    ("::ffff:198.51.100.7", True),
    ("", False),
]


@pytest.mark.parametrize(("forwarded", "allowed"), FORWARDED)
def test_network_limit_holds_for_whoever_cannot_be_placed(fresh: World, forwarded: str, allowed: bool) -> None:
    """WB-11, contract section 5, allowed_networks: at /authorize, for single sign-on, at the callback."""
    browser, _ = fresh.signed_in("contoso", "op")
    half_way = fresh.begin("contoso", "op")
    fresh.tenants["contoso"]["sign_in"] = {"allowed_networks": ["198.51.100.0/24"]}
    fresh.apply()
    for visitor in (browser, half_way.browser):
        visitor.environ_base["HTTP_X_FORWARDED_FOR"] = forwarded
    if allowed:
        assert code_of(fresh.authorize(browser, tenant="contoso", idp="op"))
        assert half_way.finish()
        return
    act = lambda: fresh.authorize(browser, tenant="contoso", idp="op")  # noqa: E731
    fresh.assert_refused(act, "network", "authorize.rejected")
    fresh.assert_refused(half_way.answer, "network", "sign_in.denied")


def test_network_limit_holds_without_a_peer_address(fresh: World) -> None:
    """Behind a Unix socket there is none."""
    fresh.tenants["contoso"]["sign_in"] = {"allowed_networks": ["198.51.100.0/24"]}
    fresh.apply()
    browser = fresh.browser()
    browser.environ_base["REMOTE_ADDR"] = ""
    act = lambda: fresh.authorize(browser, tenant="contoso", idp="op")  # noqa: E731
    fresh.assert_refused(act, "network", "authorize.rejected")


def test_hinted_person_is_the_one_who_answers(world: World) -> None:
    """OIDC Core §3.1.2.1: with an id_token_hint nobody else gets a positive answer; OP-26: nor with a foreign one."""
    ana = world.tokens("contoso", "adfs")["id_token"]
    other = world.begin("contoso", "op", id_token_hint=ana)
    response = world.assert_refused(other.answer, "id_token_hint_sub", "sign_in.denied")
    assert query(response.headers["Location"])["error"] == "login_required"
    same = world.begin("contoso", "adfs", id_token_hint=ana)
    assert same.finish()
    silent = lambda: world.authorize(same.browser, tenant="contoso", idp="op", prompt="none", id_token_hint=ana)  # noqa: E731
    world.assert_refused(silent, "no_session", "authorize.rejected")
    forged = lambda: world.authorize(same.browser, tenant="contoso", idp="adfs", prompt="none", id_token_hint=ana[:-4])  # noqa: E731
    world.assert_refused(forged, "id_token_hint", "authorize.rejected", tenant=None)


def test_silent_request_that_names_no_tenant_asks_for_interaction(world: World) -> None:
    """Contract section 3: also where this browser has exactly one session, once it forgot its home realms."""
    browser, _ = world.signed_in("contoso", "op")
    browser.delete_cookie("realm", domain="localhost")
    act = lambda: world.authorize(browser, prompt="none")  # noqa: E731
    response = world.assert_refused(act, "home_realm_undecided", "authorize.rejected", tenant=None)
    assert query(response.headers["Location"])["error"] == "interaction_required"


def test_forged_home_realm_cookie_is_no_cookie(world: World) -> None:
    """TN-12."""
    browser, _ = world.signed_in("contoso", "op")
    (kept,) = (cookie for cookie in (browser._cookies or {}).values() if cookie.key == "realm")
    text, _, mark = kept.value.partition(".")
    for forged in ("x", f"{text}x.{mark}", f"{text}.{mark[:-1]}", f".{mark}", f"W10=.{mark}", "é.é"):
        visitor = world.browser()
        visitor.set_cookie("realm", forged, domain="localhost")
        act = lambda visitor=visitor: world.authorize(visitor, prompt="none")  # noqa: E731
        world.assert_refused(act, "home_realm_undecided", "authorize.rejected", tenant=None)


def test_cookies_are_bound_to_this_host_and_hidden_from_scripts(secure: World) -> None:
    """TN-16, WB-18: every Set-Cookie of a whole sign-in, its refusal and its logout."""
    under_way = secure.begin("contoso", "adfs")
    posted = under_way.answer()
    arrived = secure.visit(under_way.browser, posted.headers["Location"])
    again = secure.authorize(under_way.browser, tenant="contoso", idp="adfs", prompt="login")
    left = secure.visit(under_way.browser, "/logout")
    headers = [
        header for response in (posted, arrived, again, left) for header in response.headers.getlist("Set-Cookie")
    ]
    assert {header.split("=")[0].split("-")[1] for header in headers} >= {"signin", "session", "realm"}
    for header in headers:
        assert header.startswith("__Host-")
        assert "; Secure; HttpOnly; Path=/; SameSite=" in header
        assert "Domain" not in header
        assert ("SameSite=None" in header) == ("-signin-" in header)
    assert posted.headers["Location"].startswith("https://login.example.com/t/contoso/saml/adfs/arrival?")
    assert arrived.headers["Location"].startswith(CALLBACK)


def test_session_cookie_changes_at_every_sign_in(world: World) -> None:
    """OP-36: a cookie that somebody planted before is worth nothing afterwards."""
    planted = world.browser()
    planted.set_cookie("session", "planted", domain="localhost")
    world.begin("contoso", "op", browser=planted).finish()
    thief = world.browser()
    thief.set_cookie("session", "planted", domain="localhost")
    act = lambda: world.authorize(thief, tenant="contoso", idp="op", prompt="none")  # noqa: E731
    world.assert_refused(act, "no_session", "authorize.rejected")
