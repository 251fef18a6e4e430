"""Whose a sign-out under way is: its link in other hands neither leads on nor uses it up (SB-13, SB-30)."""

from __future__ import annotations

import re

import pytest

from tests.attacks.setting import ENTITIES, SLO
from tests.attacks.test_single_logout import EVENT, IDP, KEY, get, leaving, post, signed_out, visited
from tests.attacks.world import World, query
from tests.idps.saml_signer import POST, Entity

OURS = "signed out"


def test_link_in_another_browser_leads_nowhere_and_uses_nothing_up(fresh: World) -> None:
    browser, _ = fresh.signed_in("contoso", IDP)
    link = signed_out(fresh, browser)
    for other in (fresh.browser(), fresh.signed_in("contoso", IDP)[0]):
        page = fresh.visit(other, link)
        assert (page.status_code, OURS in page.text) == (200, True)
    assert fresh.visit(browser, link).headers["Location"].startswith(f"{SLO}?SAMLRequest=")


def test_cookie_of_another_sign_out_does_not_fit(fresh: World) -> None:
    """Whoever is signing out as well holds a cookie, but of another name."""
    mine, theirs = (fresh.signed_in("contoso", IDP)[0] for _ in range(2))
    link, other = signed_out(fresh, mine), signed_out(fresh, theirs)
    secret = theirs.get_cookie(f"signin-{query(other)['name']}")
    assert secret is not None
    theirs.set_cookie(f"signin-{query(link)['name']}", secret.value)
    assert OURS in fresh.visit(theirs, link).text
    assert fresh.visit(mine, link).status_code == 303


def test_opened_again_while_the_upstream_is_asked_it_still_hears_the_answer(fresh: World) -> None:
    browser, _ = fresh.signed_in("contoso", IDP)
    request, name = visited(fresh, browser)
    assert OURS in fresh.visit(browser, f"{fresh.issuer}/logout/upstream?name={name}").text
    answer = leaving(fresh, in_response_to=request.get("ID"))
    assert get(fresh, answer.query(KEY, name)).status_code == 200
    (event,) = (one for one in fresh.events() if one.event == "logout.upstream")
    assert (event.outcome, event.reason) == ("success", None)


def test_answer_before_its_time_is_nobody_s(fresh: World) -> None:
    """The upstream was not asked yet: its signed answer moves nothing on, and the browser can."""
    browser, _ = fresh.signed_in("contoso", IDP)
    link = signed_out(fresh, browser)
    early = leaving(fresh, in_response_to="_x").query(KEY, query(link)["name"])
    fresh.assert_refused(lambda: get(fresh, early), "unsolicited", EVENT)
    assert fresh.visit(browser, link).status_code == 303


@pytest.fixture
def posting(fresh: World) -> World:
    """The identity provider takes its answers by form, and the application learns of a sign-out in a frame."""
    entity, key = ENTITIES["contoso"]
    document = Entity(entity, [("signing", key)], slo=[(POST, SLO)]).document()
    (fresh.folder / "tenants" / "posting.xml").write_bytes(document)
    fresh.idp("contoso", IDP)["metadata"] = {"file": "posting.xml"}
    fresh.clients["web"]["frontchannel_logout_uri"] = "https://app.example.com/front"
    fresh.apply()
    return fresh


def test_frames_are_loaded_before_an_answer_by_form_leaves(posting: World) -> None:
    under_way = posting.begin("contoso", IDP)
    posting.redeem(under_way.finish())
    page = post(posting, leaving(posting).form(KEY, "its own"))
    assert re.search(r'<iframe hidden src="https://app\.example\.com/front\?', page.text)
    assert re.search(rf'<form action="{SLO}" method="post" data-submit="[1-9]', page.text)
    assert 'name="SAMLResponse"' in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "frame-src https://app.example.com;" in policy
    assert re.search("form-action 'self' https:[; ]", policy)


def test_answer_by_form_without_frames_leaves_at_once(posting: World) -> None:
    posting.signed_in("contoso", IDP)
    page = post(posting, leaving(posting).form(KEY))
    assert ('data-submit="0"' in page.text, "<iframe" in page.text) == (True, False)
