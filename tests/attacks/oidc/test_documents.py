"""Discovery and key documents: RP-27 to RP-31, RP-40 to RP-42, RP-67, RP-69, RP-72, RP-81."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc.jwk import ECKey, RSAKey

from broker.connectors.oidc.provider import read_provider
from broker.errors import AssertionRejected, UpstreamUnavailable
from broker.outbound import Outbound
from tests.attacks.oidc.relying_party import Clock, RelyingParty, Shelves, speaking
from tests.idps.oidc_op import OidcOp, Switches, compact

HOUR = 3600
TENANT = "11111111-2222-3333-4444-555555555555"
OTHER_TENANT = "99999999-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def provider(clock: Clock) -> Iterator[OidcOp]:
    with OidcOp(path=f"/{TENANT}/v2.0", clock=clock) as op:
        yield op


@pytest.fixture
def op(provider: OidcOp, clock: Clock) -> OidcOp:
    provider.switches = Switches()
    provider.seen.clear()
    clock.ahead = 0.0
    return provider


@pytest.fixture(scope="module")
def outbound() -> Iterator[Outbound]:
    with speaking(total_seconds=0.5) as opened:
        yield opened


def unavailable(party: RelyingParty) -> str:
    with pytest.raises(UpstreamUnavailable) as failed:
        party.sign_in()
    return failed.value.reason


def rejected(party: RelyingParty) -> str:
    with pytest.raises(AssertionRejected) as failed:
        party.sign_in()
    return failed.value.reason


def test_rp_27_a_flood_of_unknown_keys_costs_one_fetch_a_minute(op: OidcOp, outbound: Outbound, clock: Clock) -> None:
    party = RelyingParty(op, outbound, clock=clock)
    party.sign_in()
    clock.ahead = 120.0
    op.switches.header["kid"] = "new"
    for _ in range(20):
        assert rejected(party) == "key"
    assert op.asked("/jwks") == 2
    clock.ahead = 240.0
    assert rejected(party) == "key"
    assert op.asked("/jwks") == 3


def test_rp_27_the_cool_down_is_shared_by_processes_through_the_store(
    op: OidcOp, outbound: Outbound, clock: Clock
) -> None:
    shelves = Shelves()
    for _ in range(5):
        party = RelyingParty(op, outbound, clock=clock, shelves=shelves)
        op.switches.header["kid"] = "new"
        assert rejected(party) == "key"
    assert op.asked("/jwks") == 1


def test_rp_28_the_same_key_id_at_two_providers_is_two_keys(op: OidcOp, outbound: Outbound) -> None:
    with OidcOp() as other:
        assert RelyingParty(op, outbound).sign_in().subject == "ana-1"
        assert RelyingParty(other, outbound).sign_in().subject == "ana-1"
        op.switches.sign = lambda head, body: compact(head, body, other.rsa)
        assert rejected(RelyingParty(op, outbound)) == "signature"


def test_rp_29_a_key_that_was_withdrawn_is_forgotten(op: OidcOp, outbound: Outbound, clock: Clock) -> None:
    party = RelyingParty(op, outbound, clock=clock)
    party.sign_in()
    op.switches.jwks = json.dumps({"keys": [op.ec.as_dict(private=False)]}).encode()
    clock.ahead = HOUR + 60.0
    assert rejected(party) == "key"


def test_a_new_key_is_found_at_its_first_use(op: OidcOp, outbound: Outbound, clock: Clock) -> None:
    party = RelyingParty(op, outbound, clock=clock)
    party.sign_in()
    fresh = RSAKey.generate_key(2048, {"kid": "next", "use": "sig"})
    op.switches.jwks = json.dumps({"keys": [fresh.as_dict(private=False)]}).encode()
    op.switches.sign = lambda head, body: compact({**head, "kid": "next"}, body, fresh)
    clock.ahead = 61.0
    assert party.sign_in().subject == "ana-1"


@pytest.mark.parametrize("jwks", [b'{"keys": [', b"", b'{"keys": []}', b'{"keys": [{"kty": "oct", "k": "AA"}]}', None])
def test_rp_30_the_last_good_keys_serve_on_for_a_day_and_no_longer(
    op: OidcOp, outbound: Outbound, clock: Clock, jwks: bytes | None
) -> None:
    party = RelyingParty(op, outbound, clock=clock)
    party.sign_in()
    op.switches.jwks = jwks
    op.switches.down = {"/jwks"} if jwks is None else set()
    clock.ahead = 23.0 * HOUR
    assert party.sign_in().subject == "ana-1"
    clock.ahead = 25.0 * HOUR
    assert unavailable(party) in {"jwks", "status"}


def test_rp_30_a_process_that_starts_while_the_provider_is_down_uses_the_stored_documents(
    op: OidcOp, outbound: Outbound, clock: Clock
) -> None:
    shelves = Shelves()
    RelyingParty(op, outbound, clock=clock, shelves=shelves).sign_in()
    op.switches.down = {"/jwks", "/.well-known/openid-configuration"}
    clock.ahead = 2.0 * HOUR
    assert RelyingParty(op, outbound, clock=clock, shelves=shelves).sign_in().subject == "ana-1"
    clock.ahead = 13.0 * HOUR
    assert unavailable(RelyingParty(op, outbound, clock=clock, shelves=shelves)) == "status"


def test_rp_30_a_provider_that_is_down_is_left_alone_for_a_minute(op: OidcOp, outbound: Outbound, clock: Clock) -> None:
    party = RelyingParty(op, outbound, clock=clock)
    party.sign_in()
    op.switches.down = {"/jwks"}
    clock.ahead = 2.0 * HOUR
    for _ in range(5):
        party.sign_in()
    assert op.asked("/jwks") == 2


def test_rp_31_useless_keys_do_not_hide_the_good_one(op: OidcOp, outbound: Outbound) -> None:
    good = op.rsa.as_dict(private=False)
    useless = [
        {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "op-rsa"},
        {"kty": "RSA", "n": "AQAB", "e": "AQ", "kid": "op-rsa"},
        {**good, "use": "enc"},
        {**op.ec.as_dict(private=False), "kid": "op-rsa"},
        *({"kty": "oct", "k": "AAAA", "kid": str(number)} for number in range(100)),
    ]
    op.switches.jwks = json.dumps({"keys": [*useless, good]}).encode()
    assert RelyingParty(op, outbound).sign_in().subject == "ana-1"


def test_rp_31_ten_megabytes_of_keys_are_refused(op: OidcOp, outbound: Outbound) -> None:
    op.switches.jwks = b'{"keys": [' + b" " * 10_000_000 + b"]}"
    assert unavailable(RelyingParty(op, outbound)) == "too_large"


@pytest.mark.parametrize("issuer", [None, "https://honest.example", "{op}/", "{op}X"])
def test_rp_67_discovery_of_another_issuer_is_refused(op: OidcOp, outbound: Outbound, issuer: str | None) -> None:
    op.switches.metadata["issuer"] = issuer and issuer.replace("{op}", op.issuer)
    assert unavailable(RelyingParty(op, outbound)) == "discovery_issuer"


def test_rp_41_a_template_issuer_is_refused(op: OidcOp, outbound: Outbound) -> None:
    op.switches.metadata["issuer"] = op.issuer.replace(TENANT, "{tenantid}")
    assert unavailable(RelyingParty(op, outbound)) == "discovery_issuer"


def test_rp_42_a_tenant_id_that_is_not_the_issuers_is_refused(op: OidcOp, outbound: Outbound) -> None:
    op.switches.claims["tid"] = TENANT
    assert RelyingParty(op, outbound).sign_in().attributes["tid"] == (TENANT,)
    op.switches.claims["tid"] = OTHER_TENANT
    assert rejected(RelyingParty(op, outbound)) == "tid"


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example/", "//a.example/", "https://u@a.example/", "https://a b", 7]
)
def test_rp_69_an_endpoint_that_is_no_plain_https_url_is_refused(
    op: OidcOp, outbound: Outbound, name: str, url: object
) -> None:
    op.switches.metadata[name] = url
    assert unavailable(RelyingParty(op, outbound)) == "discovery"


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_an_endpoint_that_is_missing_is_refused(op: OidcOp, outbound: Outbound, name: str) -> None:
    op.switches.metadata[name] = None
    assert unavailable(RelyingParty(op, outbound)) == "discovery"


@pytest.mark.parametrize(("path", "reason"), [("/token", "status"), ("/userinfo", "status"), ("/jwks", "status")])
def test_an_endpoint_that_is_down_makes_the_provider_unavailable(
    op: OidcOp, outbound: Outbound, path: str, reason: str
) -> None:
    op.switches.down = {path}
    assert unavailable(RelyingParty(op, outbound)) == reason


def test_rp_81_sign_ins_at_once_keep_their_own_identity() -> None:
    people = {f"p{number}@example.com": {"sub": f"p-{number}"} for number in range(40)}
    with OidcOp(people=people) as op, speaking() as outbound, ThreadPoolExecutor(8) as pool:
        party = RelyingParty(op, outbound)
        signed_in = pool.map(lambda hint: party.sign_in(login_hint=hint).subject, people)
        assert list(signed_in) == [person["sub"] for person in people.values()]
        assert op.asked("/jwks") == op.asked("/.well-known/openid-configuration") == 1


def test_a_provider_that_hangs_costs_the_waiting_threads_one_deadline_together() -> None:
    release, began = threading.Event(), time.monotonic()

    def hang(_: str) -> list[str]:
        release.wait(10)
        return []

    with OidcOp() as op, speaking(resolve=hang, total_seconds=0.3) as outbound, ThreadPoolExecutor(8) as pool:
        party = RelyingParty(op, outbound, issuer="http://idp.example")
        assert set(pool.map(lambda _: unavailable(party), range(8))) == {"timeout"}
        assert time.monotonic() - began < 1.5
        release.set()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"issuer":"a","issuer":"b"}'])
def test_discovery_that_is_no_unambiguous_object_is_refused(body: bytes) -> None:
    with pytest.raises(UpstreamUnavailable) as refused:
        read_provider(body, "a", loopback=False)
    assert refused.value.reason == "discovery"


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/x",
        "https://[::1",
        "https://a.example/#x",
        "https://ä.example/",
        "https://a.example:99999/x",
        "https://a..example/x",
    ],
)
def test_outside_a_loopback_installation_an_endpoint_is_a_plain_https_url(url: str) -> None:
    document = {"issuer": "a", "authorization_endpoint": url}
    with pytest.raises(UpstreamUnavailable) as refused:
        read_provider(json.dumps(document).encode(), "a", loopback=False)
    assert refused.value.reason == "discovery"


def test_a_stored_document_that_is_no_longer_acceptable_is_fetched_again(op: OidcOp, outbound: Outbound) -> None:
    kind = f"oidc_jwks {op.issuer}"
    shelves = Shelves({("contoso", "op", kind): (b"old form", int(time.time()))})
    assert RelyingParty(op, outbound, shelves=shelves).sign_in().subject == "ana-1"
    assert shelves.kept["contoso", "op", kind][0] == op.jwks()
