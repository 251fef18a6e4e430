"""Every failure becomes a page or JSON with a reference, one audit event, and nothing else."""

import re

import pytest
from flask import Flask, abort, redirect, request

from broker.errors import AccessDenied, Exit, InvalidClient, InvalidToken, ShownError, StoreError
from broker.web import errors, headers
from broker.web.pages import Pages

REFERENCE = re.compile(r"[a-z0-9]{4}-[a-z0-9]{4}")


class World:
    def __init__(self, issuer="https://login.example.com"):
        self.events = []
        self.store_is_down = False
        app = Flask(__name__, static_folder=None)
        app.config["MAX_CONTENT_LENGTH"] = 100
        errors.register(app, Pages(issuer), self.record, issuer=issuer, application={"app": "Expenses"}.get)
        headers.register(app, issuer)
        for path in ("/fails", "/token", "/userinfo"):
            app.add_url_rule(path, path, self.fail, methods=["GET", "POST"])
        app.add_url_rule("/missing", "missing", lambda: abort(404))
        app.add_url_rule("/moved", "moved", lambda: redirect("/elsewhere", 303))
        app.add_url_rule("/slash/", "slash", lambda: "")
        app.add_url_rule("/size", "size", self.read, methods=["POST"])
        self.error = None
        self.client = app.test_client()

    def record(self, event):
        if self.store_is_down:
            raise StoreError("unreachable")
        self.events.append(event)

    def read(self):
        return request.get_data()

    def fail(self):
        raise self.error

    def get(self, error, path="/fails", **kept):
        self.error = error
        return self.client.get(path, **kept)


@pytest.fixture
def world():
    return World()


def test_a_failure_is_a_page_whose_reference_finds_its_event(world):
    error = ShownError("state", detail="got nothing").about(
        event="oidc.rejected", tenant="contoso", idp="entra", client_id="app"
    )
    response = world.get(error)
    (event,) = world.events
    assert response.status_code == 400
    assert event.reference in response.text
    assert REFERENCE.fullmatch(event.reference)
    assert (event.event, event.outcome, event.reason) == ("oidc.rejected", "failure", "state")
    assert (event.tenant, event.idp, event.client_id) == ("contoso", "entra", "app")
    assert event.detail == {"detail": "got nothing"}
    assert "Expenses" in response.text
    assert "got nothing" not in response.text


def test_a_failure_that_knows_a_proven_way_back_takes_it(world):
    response = world.get(AccessDenied("denied").leaving_by("https://a.example/cb", "st"))
    assert response.status_code == 303
    assert response.headers["Location"].startswith("https://a.example/cb?error=access_denied&")
    assert world.events[0].reference in response.headers["Location"]


def test_a_failure_leaves_by_form_where_the_client_asked_for_that(world):
    """OAuth 2.0 Form Post Response Mode §2; OP-13: the state is text, whatever it holds"""
    response = world.get(AccessDenied("denied").leaving_by("https://a.example:8443/cb?x=1", '"><b>', "form_post"))
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert '<form action="https://a.example:8443/cb?x=1" method="post" data-submit>' in response.text
    assert "form-action 'self' https:; " in response.headers["Content-Security-Policy"]
    assert '<input type="hidden" name="error" value="access_denied">' in response.text
    assert '<input type="hidden" name="state" value="&#34;&gt;&lt;b&gt;">' in response.text
    assert '<input type="hidden" name="iss" value="https://login.example.com">' in response.text
    assert world.events[0].reference in response.text


def test_a_failure_that_must_be_shown_never_leaves(world):
    response = world.get(ShownError("state").leaving_by("https://a.example/cb", "st"))
    assert response.status_code == 400
    assert "Location" not in response.headers


def test_a_sign_ins_own_reference_is_kept(world):
    response = world.get(ShownError("x").about(reference="abcd-2345"))
    assert "abcd-2345" in response.text
    assert world.events[0].reference == "abcd-2345"


def test_an_endpoint_for_machines_answers_in_json(world):
    response = world.get(AccessDenied("x", 'Ask “Zoë” or "Bob"\\'), "/token")
    assert response.status_code == 403
    assert response.json["error"] == "access_denied"
    assert re.fullmatch(r"Ask \?Zo\?\? or 'Bob'/ \(ref [a-z0-9]{4}-[a-z0-9]{4}\)", response.json["error_description"])
    assert response.headers["Cache-Control"] == "no-store"
    assert "WWW-Authenticate" not in response.headers


def test_a_client_that_fails_to_authenticate_is_told_the_scheme(world):
    response = world.get(InvalidClient("secret"), "/token")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


def test_userinfo_names_the_fault_only_where_a_token_came(world):
    """RFC 6750 §3.1: a request without authentication gets no error code in the header."""
    bare = world.get(InvalidToken("missing"), "/userinfo")
    tried = world.get(InvalidToken("expired"), "/userinfo", headers={"Authorization": "Bearer x"})
    assert bare.headers["WWW-Authenticate"] == "Bearer"
    assert tried.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token", error_description="The access')


def test_an_unexpected_failure_tells_nothing(world):
    response = world.get(KeyError("the secret is swordfish"))
    assert response.status_code == 500
    assert "swordfish" not in response.text
    assert "KeyError" not in response.text
    assert [event.reason for event in world.events] == ["unexpected"]
    assert world.events[0].reference in response.text


def test_an_unexpected_failure_of_an_endpoint_is_json(world):
    response = world.get(KeyError("swordfish"), "/token")
    assert (response.status_code, response.json["error"]) == (500, "server_error")
    assert "swordfish" not in response.text


def test_a_store_that_is_down_still_gets_an_answer(world):
    world.store_is_down = True
    assert world.get(ShownError("x")).status_code == 400
    assert world.get(StoreError("unreachable")).status_code == 503


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/missing", 404)])
def test_flasks_own_errors_keep_their_status_on_our_page(world, path, status):
    response = world.client.get(path)
    assert response.status_code == status
    assert "There is no such page" in response.text
    assert REFERENCE.search(response.text)


def test_a_wrong_method_says_which_are_right(world):
    response = world.client.delete("/fails")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_a_body_that_is_too_large_is_refused(world):
    assert world.client.post("/size", data=b"x" * 101).status_code == 413


def test_redirects_are_no_errors(world):
    assert world.client.get("/moved").status_code == 303
    assert world.client.get("/slash").status_code == 308
    assert world.events == []


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("https://a.example/cb", "https://a.example/cb?error=access_denied&"),
        ("https://a.example/cb?x=1", "https://a.example/cb?x=1&error=access_denied&"),
    ],
)
def test_an_error_goes_to_the_redirect_uri_with_state_issuer_and_reference(uri, location):
    issuer = "https://login.example.com"
    response = errors.leave_with(AccessDenied("x"), Exit(uri, "s t"), issuer, Pages(issuer), "abcd-2345")
    assert response.status_code == 303
    assert response.headers["Location"].startswith(location)
    assert response.headers["Location"].endswith(
        "error_description=Access+was+denied.+%28ref+abcd-2345%29&state=s+t&iss=https%3A%2F%2Flogin.example.com"
    )


def test_every_answer_carries_the_security_headers(world):
    for response in (world.get(ShownError("x")), world.get(InvalidToken("x"), "/userinfo"), world.client.get("/moved")):
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Cross-Origin-Opener-Policy" not in response.headers, (
            "apps sign in through pop-ups that they must hear from"
        )
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_loopback_issuer_promises_no_https():
    assert "Strict-Transport-Security" not in World("http://127.0.0.1:8000").get(ShownError("x")).headers
