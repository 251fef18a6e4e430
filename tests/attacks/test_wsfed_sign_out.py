"""Signing out over WS-Federation, in both directions, and who cannot sign whom out."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.attacks.test_wsfed_over_http import ENDPOINT, arrive, bring, federated, honest
from tests.attacks.world import World, query

__all__ = ["federated"]  # the fixture

PAGE = "https://idp.example.com/adfs/ls/?wa=wsignout1.0"  # where AD FS shows the frames of a sign-out
CLEANUP = {"wa": "wsignoutcleanup1.0"}
OLD, SAML = ("contoso", "old"), ("contoso", "adfs")


def signed_in(world: World) -> FlaskClient:
    under_way = world.begin(*OLD)
    arrive(world, under_way.browser, bring(world, under_way.browser, honest(world, under_way)))
    return under_way.browser


def clean_up(world: World, browser: FlaskClient, referer: str | None = PAGE, **more: str) -> TestResponse:
    headers = {"Referer": referer} if referer else {}
    at = f"/t/{more.pop('tenant', 'contoso')}/wsfed/old/callback"
    return browser.get(at, base_url=world.issuer, query_string={**CLEANUP, **more}, headers=headers)


def held(world: World, browser: FlaskClient) -> set[tuple[str, str]]:
    """Who this browser is, by a silent request for each."""
    found = set()
    for tenant, idp in (OLD, SAML):
        response = world.authorize(browser, tenant=tenant, idp=idp, prompt="none")
        if "code" in query(response.headers.get("Location", "")):
            found.add((tenant, idp))
    return found


@pytest.mark.parametrize("action", ["wsignoutcleanup1.0", "wsignout1.0"])
def test_clean_up_ends_the_sessions_with_this_idp_in_this_browser_alone(federated: World, action: str) -> None:
    browser, another = signed_in(federated), signed_in(federated)
    federated.begin(*SAML, browser=browser, prompt="login").finish()
    assert held(federated, browser) == {OLD, SAML}
    response = clean_up(federated, browser, wa=action)
    assert response.status_code == 200
    assert "frame-ancestors https:" in response.headers["Content-Security-Policy"]
    assert held(federated, browser) == {SAML}
    assert held(federated, another) == {OLD}
    ended = [event for event in federated.events() if event.event == "session.ended"]
    assert [(event.tenant, event.idp, event.reason) for event in ended] == [(*OLD, "upstream_logout")]


@pytest.mark.parametrize(
    "referer",
    [None, "https://evil.example/", "https://idp.example.com.evil.example/", "http://idp.example.com/", "//["],
)
def test_whoever_is_not_the_idp_only_makes_us_ask(federated: World, referer: str | None) -> None:
    browser = signed_in(federated)
    response = clean_up(federated, browser, referer)
    assert (response.status_code, response.headers["Location"]) == (303, "/logout")
    assert held(federated, browser) == {OLD}


def test_clean_up_at_another_tenant_s_path_ends_nothing(federated: World) -> None:
    browser = signed_in(federated)
    assert clean_up(federated, browser, tenant="northwind").status_code == 200
    assert held(federated, browser) == {OLD}


@pytest.mark.parametrize(
    ("back", "followed"),
    [
        (f"{ENDPOINT}?more=1", True),
        ("https://evil.example/", False),
        ("//idp.example.com/x", False),
        ("javascript:1", False),
        (f"{ENDPOINT}\r\nSet-Cookie: a=b", False),
        ("https://idp.exam\tple.com/", False),
    ],
)
def test_browser_goes_back_to_the_idp_s_host_only(federated: World, back: str, followed: bool) -> None:
    response = clean_up(federated, signed_in(federated), wreply=back)
    assert response.headers.get("Location") == (back if followed else None)
    assert followed or back not in response.text


def test_other_visits_to_the_callback_are_refused(federated: World) -> None:
    for asked in ({}, {"wa": "wsignin1.0"}, {"wa": ["wsignout1.0", "x"]}):
        response = federated.browser().get(
            "/t/contoso/wsfed/old/callback", base_url=federated.issuer, query_string=asked
        )
        assert response.status_code == 400, asked
    federated.idp("contoso", "old")["enabled"] = False
    federated.apply()
    assert clean_up(federated, federated.browser()).status_code == 404


def test_signing_out_here_signs_out_there_where_the_operator_says_so(federated: World) -> None:
    federated.idp("contoso", "old")["logout"] = "upstream"
    federated.apply()
    under_way = federated.begin("contoso", "old")
    browser = under_way.browser
    code = arrive(federated, browser, bring(federated, browser, honest(federated, under_way)))
    hint = federated.redeem(code).json["id_token"]  # type: ignore[index]  # JSON
    response = browser.get("/logout", base_url=federated.issuer, query_string={"id_token_hint": hint})
    response = federated.visit(browser, response.headers["Location"])
    there = query(response.headers["Location"])
    assert response.headers["Location"].startswith(f"{ENDPOINT}?wa=wsignout1.0&wreply=")
    assert there["wreply"].startswith(f"{federated.issuer}/t/contoso/wsfed/old/callback?name=")
    back = federated.visit(browser, there["wreply"])
    assert back.headers["Location"].startswith("/logout/upstream?name=")
    last = browser.get(back.headers["Location"], base_url=federated.issuer)
    assert (last.status_code, held(federated, browser)) == (200, set())
    told = [event for event in federated.events() if event.event == "logout.upstream"]
    assert [(event.outcome, event.tenant, event.idp) for event in told] == [("success", "contoso", "old")]
