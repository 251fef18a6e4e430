"""Keys that others publish: fetched when needed, kept when the publisher is away, never asked for more than that."""

from __future__ import annotations

import json

import pytest

from broker.clients import ClientKeys
from broker.clients.keys import discovered
from broker.clients.remote_keys import COOL_DOWN, FRESH, RETRY, STALE, RemoteKeys
from broker.errors import TemporarilyUnavailable, UpstreamUnavailable
from broker.jose import KeySet
from broker.model import ApplicationAuth, Client
from broker.outbound import Outbound
from tests.unit.clients.signing import NOW, jwks, key, refused
from tests.unit.grants.house import Published

URI = "https://app.example.com/jwks"
APP = Client("app", "App", (), ApplicationAuth("private_key_jwt", jwks_uri=URI))


class Site:
    """A publisher whose clock, keys and health a test may change."""

    def __init__(self) -> None:
        self.now = float(NOW)
        self.documents = Published({URI: jwks(key("one")).encode()})
        self.keys = ClientKeys(self.documents, lambda: self.now)  # type: ignore[arg-type]  # stands in for Outbound

    def names(self, kid: str | None = "one") -> list[str | None]:
        return [found.kid for found in self.keys.keyset(APP, kid).keys]

    @property
    def asked(self) -> int:
        return len(self.documents.asked)


def test_a_set_is_fetched_once_and_again_when_it_is_old() -> None:
    site = Site()
    assert site.names() == site.names() == ["one"]
    assert site.asked == 1
    site.now += FRESH + 1
    assert site.names() == ["one"]
    assert site.asked == 2


def test_an_unknown_key_makes_us_look_again_but_not_for_everybody_who_asks() -> None:
    site = Site()
    site.names()
    site.documents.documents[URI] = jwks(key("one"), key("two")).encode()
    assert site.names("two") == ["one"], "within the cool-down"
    site.now += COOL_DOWN
    assert site.names("two") == ["one", "two"]
    assert site.names("three") == ["one", "two"]
    assert site.asked == 2


def test_the_last_good_keys_outlive_a_bad_day_and_no_longer() -> None:
    site = Site()
    site.names()
    site.documents.documents.clear()
    site.now += FRESH + 1
    assert site.names() == site.names() == ["one"]
    assert site.asked == 2, "left alone after the failure"
    site.now += STALE
    with refused("client_keys", TemporarilyUnavailable):
        site.names()


def test_a_publisher_that_is_away_is_left_alone_for_a_while() -> None:
    site = Site()
    site.documents.documents.clear()
    for _ in range(3):
        with refused("client_keys", TemporarilyUnavailable):
            site.names()
    assert site.asked == 1
    site.now += RETRY
    site.documents.documents[URI] = jwks(key("one")).encode()
    assert site.names() == ["one"]


def test_keys_for_other_uses_prove_nothing() -> None:
    """RFC 7517 §4.2; JWT-SVID §4"""
    site = Site()
    kinds = {"sig": "sig", "svid": "jwt-svid", "enc": "enc", "x509": "x509-svid"}
    keys = [json.loads(jwks(key(name), use=use))["keys"][0] for name, use in kinds.items()]
    site.documents.documents[URI] = json.dumps({"keys": keys}).encode()
    assert site.names() == ["sig", "svid"]


@pytest.mark.parametrize("document", [b"<html>", b"[]", b'{"keys": {}}'])
def test_what_is_no_key_set_is_no_answer(document: bytes) -> None:
    site = Site()
    site.documents.documents[URI] = document
    with refused("client_keys", TemporarilyUnavailable):
        site.names()


def test_an_issuer_is_asked_where_its_keys_are_and_must_name_itself() -> None:
    """OpenID Connect Discovery 1.0 §4.3"""
    issuer = "https://gitlab.example"
    place = f"{issuer}/.well-known/openid-configuration"
    site = Published({place: json.dumps({"issuer": issuer, "jwks_uri": URI}).encode(), URI: jwks(key("one")).encode()})
    remote = RemoteKeys(discovered(site), lambda: NOW)  # type: ignore[arg-type]  # stands in for Outbound
    assert [found.kid for found in remote.keyset(issuer, None).keys] == ["one"]
    site.documents[place] = json.dumps({"issuer": "https://evil.example", "jwks_uri": URI}).encode()
    other = RemoteKeys(discovered(site), lambda: NOW)  # type: ignore[arg-type]  # stands in for Outbound
    with refused("discovery", UpstreamUnavailable):
        other.keyset(issuer, None)


def test_who_comes_while_another_thread_fetches_goes_on_with_the_old_keys() -> None:
    now, answers = [float(NOW)], []

    def fetch(_address: str) -> KeySet:
        now_inside = remote.keyset(URI, None) if answers else KeySet(())
        answers.append(now_inside)
        return KeySet(())

    remote = RemoteKeys(fetch, lambda: now[0])
    remote.keyset(URI, None)
    now[0] += FRESH + 1
    assert remote.keyset(URI, None) == KeySet(())
    assert len(answers) == 2


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254"])
def test_a_clients_keys_are_never_fetched_from_inside(address: str) -> None:
    """TK-19"""
    outbound = Outbound(loopback=False, resolve=lambda _host: [address])
    keys = ClientKeys(outbound, lambda: NOW)
    with pytest.raises(TemporarilyUnavailable) as caught:
        keys.keyset(APP, "one")
    assert (caught.value.reason, caught.value.detail) == ("client_keys", "egress_blocked")
    outbound.close()
