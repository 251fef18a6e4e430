"""Which Host header is served: the issuer's, with or without its default port; tenant hosts only point to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from flask import Flask

from broker.errors import ShownError
from broker.model import Configuration
from broker.web import hosts


def answer(issuer: str, host: str) -> tuple[int, str | None]:
    app = Flask(__name__)
    live = cast("Configuration", SimpleNamespace(labels={"fab": "fabrikam"}))
    hosts.register(app, issuer, lambda: live)
    app.add_url_rule("/authorize", view_func=lambda: "served")
    app.register_error_handler(ShownError, lambda _: ("refused", 400))
    found = app.test_client().get("/authorize?state=s", headers={"Host": host})
    return found.status_code, found.location


@pytest.mark.parametrize(
    ("issuer", "host"),
    [
        ("https://login.example", "login.example"),
        ("https://login.example", "LOGIN.example:443"),
        ("https://login.example:8443", "login.example:8443"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
    ],
)
def test_the_issuers_host_is_served(issuer: str, host: str) -> None:
    assert answer(issuer, host) == (200, None)


@pytest.mark.parametrize("host", ["fab.login.example", "Fab.login.example:443"])
def test_a_tenant_host_points_to_the_issuer(host: str) -> None:
    wanted = "https://login.example/authorize?state=s&tenant=fabrikam"
    assert answer("https://login.example", host) == (303, wanted)


@pytest.mark.parametrize("host", ["login.example:8443", "evil.example:443", "a.fab.login.example"])
def test_any_other_host_is_refused(host: str) -> None:
    assert answer("https://login.example", host) == (400, None)


def test_an_unknown_label_is_not_found() -> None:
    assert answer("https://login.example", "nobody.login.example")[0] == 404
