"""What the connector asks for, and the identity that it makes of a good answer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.errors import AssertionRejected, UpstreamUnavailable
from broker.model import Callback
from broker.outbound import Outbound
from tests.attacks.oidc.relying_party import CALLBACK_URL, PROFILE, RelyingParty, speaking
from tests.idps.oidc_op import OidcOp, Switches


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcOp]:
    with OidcOp() as op:
        yield op


@pytest.fixture
def op(provider: OidcOp) -> OidcOp:
    provider.switches = Switches()
    provider.seen.clear()
    return provider


@pytest.fixture(scope="module")
def outbound() -> Iterator[Outbound]:
    with speaking() as opened:
        yield opened


def query(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def test_the_browser_is_sent_with_code_pkce_nonce_and_state(op: OidcOp, outbound: Outbound) -> None:
    request, url = RelyingParty(op, outbound).begin(
        login_hint="ana@example.com", ui_locales="de", acr_values=("tenant:x",)
    )
    asked = query(url)
    digest = hashlib.sha256(request.memory["verifier"].encode()).digest()
    assert url.startswith(f"{op.issuer}/authorize?")
    assert asked == {
        "response_type": "code",
        "client_id": op.client_id,
        "redirect_uri": CALLBACK_URL,
        "scope": "openid profile email",
        "state": "request-id",
        "response_mode": "query",
        "nonce": request.memory["nonce"],
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "login_hint": "ana@example.com",
    }


def test_no_two_sign_ins_share_nonce_or_verifier(op: OidcOp, outbound: Outbound) -> None:
    party = RelyingParty(op, outbound)
    memories = [party.begin()[0].memory for _ in range(20)]
    assert len({memory[name] for memory in memories for name in ("nonce", "verifier")}) == 40
    assert all(43 <= len(memory["verifier"]) <= 128 for memory in memories)


def test_the_authorization_endpoint_keeps_its_own_query(op: OidcOp, outbound: Outbound) -> None:
    op.switches.metadata["authorization_endpoint"] = f"{op.issuer}/authorize?p=policy"
    assert query(RelyingParty(op, outbound).begin()[1])["p"] == "policy"


@pytest.mark.parametrize(
    ("asked", "prompt", "max_age"),
    [
        ({}, None, None),
        ({"prompt": frozenset({"login"})}, "login", "0"),
        ({"prompt": frozenset({"login"}), "max_age": 60}, "login", "0"),
        ({"prompt": frozenset({"select_account", "consent"})}, "select_account", None),
        ({"max_age": 300}, None, "300"),
        ({"max_age": 300, "reauthenticate": True}, None, "300"),
        ({"max_age": 0}, "login", "0"),
        ({"reauthenticate": True}, "login", "0"),
    ],
)
def test_fresh_authentication_is_asked_of_the_provider(
    op: OidcOp, outbound: Outbound, asked: dict[str, object], prompt: str | None, max_age: str | None
) -> None:
    sent = query(RelyingParty(op, outbound).begin(**asked)[1])
    assert (sent.get("prompt"), sent.get("max_age")) == (prompt, max_age)


@pytest.mark.parametrize(("seconds", "fresh"), [(390, True), (430, False)])
def test_max_age_counts_back_from_the_moment_we_asked_plus_skew(
    op: OidcOp, outbound: Outbound, seconds: int, fresh: bool
) -> None:
    party = RelyingParty(op, outbound)
    request, url = party.begin(max_age=300)
    op.switches.claims["auth_time"] = int(request.memory["begun_at"]) - seconds
    if fresh:
        assert party.finish(request, op.authorize(url)).auth_time == int(request.memory["begun_at"]) - seconds
    else:
        with pytest.raises(AssertionRejected, match="auth_time"):
            party.finish(request, op.authorize(url))


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_the_client_authenticates_as_configured(op: OidcOp, outbound: Outbound, method: str) -> None:
    assert RelyingParty(op, outbound, client_auth=method).sign_in().subject == "ana-1"
    _, form, headers = next(seen for seen in op.seen if seen[0] == "/token")
    assert ("Authorization" in headers) == (method == "client_secret_basic")
    assert ("client_secret" in form) == (method == "client_secret_post")
    assert (form["grant_type"], form["redirect_uri"]) == ("authorization_code", CALLBACK_URL)


def test_a_public_client_sends_its_name_only(op: OidcOp, outbound: Outbound) -> None:
    with pytest.raises(AssertionRejected) as refused:
        RelyingParty(op, outbound, client_auth="none", client_secret=None).sign_in()
    assert (refused.value.reason, refused.value.detail) == (
        "token_error",
        "status 401, the identity provider says invalid_client",
    )
    _, form, headers = next(seen for seen in op.seen if seen[0] == "/token")
    assert form["client_id"] == op.client_id
    assert "client_secret" not in form
    assert "Authorization" not in headers


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_nothing_is_begun_without_the_client_secret(op: OidcOp, outbound: Outbound, method: str) -> None:
    with pytest.raises(UpstreamUnavailable) as refused:
        RelyingParty(op, outbound, client_auth=method, client_secret=None).begin()
    assert refused.value.reason == "client_secret_missing"
    assert op.seen == []


def test_an_identity_says_what_was_proven(op: OidcOp, outbound: Outbound) -> None:
    op.switches.claims.update(acr="urn:mfa", amr=["pwd", "otp"], auth_time=1_700_000_000, email_verified=True)
    identity = RelyingParty(op, outbound).sign_in()
    assert replace(identity, attributes={}) == replace(
        identity,
        attributes={},
        tenant="contoso",
        idp="op",
        upstream=op.issuer,
        subject="ana-1",
        acr="urn:mfa",
        amr=("pwd", "otp"),
        auth_time=1_700_000_000,
        logout={"sub": "ana-1", "sid": "op-session"},
        email_verified=True,
        replay_key=None,
    )
    assert identity.attributes["email"] == ("ana@example.com",)
    assert not {"iss", "aud", "exp", "nonce", "at_hash"} & set(identity.attributes)


@pytest.mark.parametrize(
    ("said", "meant"),
    [(True, True), (False, False), ("true", None), ("false", None), (1, None), ([True], None), (None, None)],
)
def test_rp_60_only_a_boolean_says_that_an_address_is_verified(
    op: OidcOp, outbound: Outbound, said: object, meant: bool | None
) -> None:
    op.switches.claims["email_verified"] = said
    assert RelyingParty(op, outbound).sign_in().email_verified is meant


@pytest.mark.parametrize("address", [None, ""])
def test_without_an_address_of_its_own_email_verified_vouches_for_nothing(
    op: OidcOp, outbound: Outbound, address: str | None
) -> None:
    """RP-60: a profile may read addresses from other claims too, which nobody verified."""
    op.switches.claims.update(email=address, mail="anna@example.com", email_verified=True)
    assert RelyingParty(op, outbound).sign_in().email_verified is None


def test_rp_58_userinfo_fills_up_and_overrides_nothing(op: OidcOp, outbound: Outbound) -> None:
    op.switches.userinfo.update(
        iss="https://evil.example",
        aud="x",
        nonce="x",
        tid="x",
        oid="x",
        acr="x",
        auth_time=1,
        name="Mallory",
        groups=["staff"],
    )
    identity = RelyingParty(op, outbound).sign_in()
    assert (identity.upstream, identity.acr) == (op.issuer, None)
    assert identity.attributes["groups"] == ("staff",)
    assert identity.attributes["name"] == ("Ana",)
    assert not {"tid", "oid", "acr"} & set(identity.attributes)
    assert identity.auth_time != 1


@pytest.mark.parametrize("why", ["never", "no endpoint", "no access token"])
def test_userinfo_is_not_asked_where_it_cannot_or_must_not_be(op: OidcOp, outbound: Outbound, why: str) -> None:
    if why == "no endpoint":
        op.switches.metadata["userinfo_endpoint"] = None
    if why == "no access token":
        op.switches.token["access_token"] = None
        op.switches.claims["at_hash"] = None
    party = RelyingParty(op, outbound, userinfo="never" if why == "never" else "merge")
    assert party.sign_in().subject == "ana-1"
    assert op.asked("/userinfo") == 0


@pytest.mark.parametrize(
    ("candidates", "claims", "subject"),
    [
        (("tid+oid", "sub"), {"tid": "t", "oid": "o"}, "t+o"),
        (("tid+oid", "sub"), {"oid": "o"}, "ana-1"),
        (("a+b",), {"a": "x+y", "b": "z"}, "x%2By+z"),
        (("a+b",), {"a": "x", "b": "y+z"}, "x+y%2Bz"),
        (("employee.id",), {"employee": {"id": 7}}, "7"),
    ],
)
def test_a_person_is_named_by_the_first_whole_candidate(
    op: OidcOp, outbound: Outbound, candidates: tuple[str, ...], claims: dict[str, object], subject: str
) -> None:
    op.switches.claims.update(claims)
    assert RelyingParty(op, outbound, profile=replace(PROFILE, subject=candidates)).sign_in().subject == subject
    assert RelyingParty(op, outbound, subject=candidates).sign_in().subject == subject


@pytest.mark.parametrize("value", [None, ["a", "b"], True, 1.5, {"x": "y"}])
def test_a_person_without_one_name_is_nobody(op: OidcOp, outbound: Outbound, value: object) -> None:
    op.switches.claims["oid"] = value
    op.switches.userinfo["oid"] = "from-userinfo"
    with pytest.raises(AssertionRejected) as refused:
        RelyingParty(op, outbound, subject=("oid",)).sign_in()
    assert refused.value.reason == "subject"


def test_an_answer_names_its_transaction(op: OidcOp, outbound: Outbound) -> None:
    connector = RelyingParty(op, outbound).connector
    assert connector.correlate(Callback("GET", {"state": ("abc",)}, {})) == "abc"
    assert connector.metadata(CALLBACK_URL) is None


@pytest.mark.parametrize("code", ["access_denied", "login_required", "interaction_required"])
def test_a_refusal_of_the_provider_is_told_with_its_code_in_the_log_only(
    op: OidcOp, outbound: Outbound, code: str
) -> None:
    op.switches.answer.update(error=code, code=None)
    with pytest.raises(AssertionRejected) as refused:
        RelyingParty(op, outbound).sign_in()
    assert (refused.value.reason, refused.value.detail) == ("upstream_error", f"the identity provider says {code}")
    assert code not in refused.value.public


def test_probe_reaches_discovery_and_keys(op: OidcOp, outbound: Outbound) -> None:
    RelyingParty(op, outbound).connector.renew()
    assert [path for path, _, _ in op.seen] == ["/.well-known/openid-configuration", "/jwks"]
