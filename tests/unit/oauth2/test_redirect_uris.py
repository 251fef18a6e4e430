"""Redirect URIs are compared character by character (RFC 9700 §2.1)."""

from __future__ import annotations

import pytest

from broker.oauth2.redirect_uris import fill, match

REGISTERED = ("https://app.example.com/cb", "https://{tenant}.app.example.com/cb?x=1", "http://127.0.0.1:8080/cb")


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.com/cb/",
        "https://app.example.com/CB",
        "https://app.example.com/cb?x=1",
        "https://app.example.com/cb#f",
        "https://app.example.com:443/cb",
        "HTTPS://app.example.com/cb",
        "https://APP.example.com/cb",
        "http://app.example.com/cb",
        "https://app.example.com/a/../cb",
        "https://app.example.com/%63b",
        "https://app.example.com/..;/cb",
        "https://app.example.com%2fcb",
        "https://app.example.com@evil.example/cb",
        "https://app.example.com\\@evil.example/cb",
        "https://app.example.com%00.evil.example/cb",
        " https://app.example.com/cb",
        "https://app.example.com/cb\t",
        "https://app.example.com./cb",
    ],
)
def test_nothing_but_the_registered_text_matches(uri: str) -> None:
    """OP-02, OP-03"""
    assert match(REGISTERED, uri, any_loopback_port=True) is None


@pytest.mark.parametrize(
    "label", ["", "a.b", "-a", "a-", "A", "a/b", "a@evil.example", "a#", "a?", "a%2e", "{tenant}", "a" * 64, "ä", "a\n"]
)
def test_the_placeholder_stands_for_one_host_label_only(label: str) -> None:
    uri = fill("https://{tenant}.app.example.com/cb?x=1", label)
    assert match(REGISTERED, uri, any_loopback_port=True) is None


def test_the_label_is_handed_on() -> None:
    found = match(REGISTERED, "https://con-1.app.example.com/cb?x=1", any_loopback_port=False)
    assert found is not None
    assert found.label == "con-1"


@pytest.mark.parametrize("uri", ["http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb"])
def test_a_native_app_may_use_any_loopback_port(uri: str) -> None:
    """OP-04, RFC 8252 §7.3"""
    assert match(REGISTERED, uri, any_loopback_port=True) is not None
    assert match(REGISTERED, uri, any_loopback_port=False) is None


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:8080/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.2/cb",
        "http://[::1]/cb",
        "https://127.0.0.1/cb",
        "http://127.0.0.1/other",
    ],
)
def test_only_the_port_of_a_loopback_uri_is_free(uri: str) -> None:
    assert match(REGISTERED, uri, any_loopback_port=True) is None


def test_ipv6_loopback_is_loopback() -> None:
    assert match(["http://[::1]/cb"], "http://[::1]:4711/cb", any_loopback_port=True) is not None
