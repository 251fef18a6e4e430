"""Answers by form: to the client's origin, with what it sent as text (OAuth 2.0 Form Post Response Mode)."""

from __future__ import annotations

import html
import re

import pytest
from werkzeug.test import TestResponse

from tests.attacks.setting import CALLBACK
from tests.attacks.world import World, query


def form_of(response: TestResponse) -> tuple[str, dict[str, str]]:
    """Where the page posts, and what."""
    found = re.search(r'<form action="([^"]*)" method="post"', response.text)
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', response.text)
    assert found is not None, response.text
    return html.unescape(found[1]), {name: html.unescape(value) for name, value in fields}


def test_a_code_goes_back_by_form_to_that_address_alone(here: World) -> None:
    """OP-13: what the client sent is text; the page has one form, to the client."""
    state = '"><script>alert(1)</script>&amp;'
    under_way = here.begin("contoso", "op", response_mode="form_post", state=state)
    page = under_way.answer()
    action, fields = form_of(page)
    assert (page.status_code, action) == (200, CALLBACK)
    assert (fields["state"], fields["iss"]) == (state, here.issuer)
    assert "<script>alert" not in page.text
    assert "form-action 'self' https:; frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "Location" not in page.headers
    assert here.redeem(fields["code"]).status_code == 200


def test_an_error_goes_back_by_form_too(here: World) -> None:
    page = here.authorize(here.browser(), tenant="contoso", response_mode="form_post", prompt="none")
    action, fields = form_of(page)
    assert (action, fields["error"], fields["state"]) == (CALLBACK, "interaction_required", "the app's state")
    assert fields["iss"] == here.issuer
    assert here.events()[-1].reference in fields["error_description"]


@pytest.mark.parametrize("mode", ["fragment", "web_message", "query.jwt", "form_post.jwt", "jwt", "QUERY"])
def test_other_ways_are_refused_by_the_plain_one(here: World, mode: str) -> None:
    """OP-12"""
    response = here.assert_refused(
        lambda: here.authorize(here.browser(), response_mode=mode), "response_mode", "authorize.rejected", tenant=None
    )
    assert query(response.headers["Location"])["error"] == "invalid_request"


def test_a_client_may_be_without_form_posts(here: World) -> None:
    """OP-12"""
    here.assert_refused(
        lambda: here.authorize(here.browser(), "query-only", response_mode="form_post"),
        "response_mode",
        "authorize.rejected",
        tenant=None,
    )
