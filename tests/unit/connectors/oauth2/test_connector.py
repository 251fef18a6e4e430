"""Plain OAuth 2.0 against a synthetic GitHub: what is asked, what is proven, and the one reason for each refusal."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.configuration.profiles import profile
from broker.connectors import Surroundings
from broker.connectors.oauth2 import OAuth2Connector
from broker.errors import AccessDenied, AssertionRejected, UpstreamUnavailable
from broker.model import AuthRequest, Callback, Identity, IdentityProvider, OAuth2Settings, Redirect, Secret
from broker.outbound import Outbound
from tests.attacks.oidc.relying_party import CALLBACK_URL, Shelves, speaking
from tests.idps.oauth2_hub import OAuth2Hub

REQUEST = AuthRequest("request-id", "app", "https://app.example/cb", ("openid",), 0)


@pytest.fixture
def hub() -> Iterator[OAuth2Hub]:
    with OAuth2Hub() as opened:
        yield opened


@pytest.fixture(scope="module")
def outbound() -> Iterator[Outbound]:
    with speaking() as opened:
        yield opened


def connector(hub: OAuth2Hub, outbound: Outbound, **settings: object) -> OAuth2Connector:
    at = {f"{name}_endpoint": url for name, url in hub.endpoints().items()}
    own = OAuth2Settings("https://github.com", hub.client_id, client_secret=Secret(hub.client_secret), **at)  # type: ignore[arg-type]  # its fields
    own = replace(own, scopes=("read:user", "user:email"), **settings)  # type: ignore[arg-type]  # as above
    idp = IdentityProvider("contoso", "hub", "GitHub", "oauth2", profile("github"), oauth2=own)
    return OAuth2Connector(idp, Surroundings("http://127.0.0.1:8080", True, outbound, Shelves(), time.time, no_key))


def no_key(_: IdentityProvider) -> None:  # type: ignore[misc]
    raise AssertionError("no SAML key is needed")


def sign_in(hub: OAuth2Hub, party: OAuth2Connector, method: str = "GET") -> Identity:
    begun = party.begin(REQUEST, CALLBACK_URL)
    assert isinstance(begun.action, Redirect)
    query = parse_qs(urlsplit(hub.authorize(begun.action.url)).query, keep_blank_values=True)
    callback = Callback(method, {name: tuple(values) for name, values in query.items()}, {})
    assert party.correlate(callback) == REQUEST.id
    return party.finish(replace(REQUEST, memory=begun.memory), callback, CALLBACK_URL)


def test_the_browser_is_sent_with_code_pkce_and_state(hub: OAuth2Hub, outbound: Outbound) -> None:
    party = connector(hub, outbound, authorize={"allow_signup": "false", "state": "fixed"})
    begun = party.begin(replace(REQUEST, prompt=frozenset({"select_account"}), login_hint="ana"), CALLBACK_URL)
    assert isinstance(begun.action, Redirect)
    asked = {name: value for name, (value,) in parse_qs(urlsplit(begun.action.url).query).items()}
    assert len(asked.pop("code_challenge")) == 43
    assert asked == {
        "response_type": "code",
        "client_id": hub.client_id,
        "redirect_uri": CALLBACK_URL,
        "scope": "read:user user:email",
        "state": "request-id",
        "code_challenge_method": "S256",
        "prompt": "select_account",
        "allow_signup": "false",
    }


def test_a_person_is_the_account_s_number_and_the_address_is_the_verified_one(
    hub: OAuth2Hub, outbound: Outbound
) -> None:
    """RP-59, RP-64: neither the name nor the address that the profile shows is a key or is believed."""
    identity = sign_in(hub, connector(hub, outbound))
    assert (identity.upstream, identity.subject) == ("https://github.com", "583231")
    assert identity.attributes["email"] == ("ana@example.com",)
    assert identity.attributes["login"] == ("ana",)
    assert (identity.email_verified, identity.auth_time, identity.amr, identity.acr) == (True, None, (), None)
    assert {path for path, _, _ in hub.seen} == {"/token", "/userinfo", "/emails"}, "RP-71: no picture is fetched"


@pytest.mark.parametrize(
    "emails",
    [
        [],
        [{"email": "ana@example.com", "primary": True, "verified": False}],
        [{"email": "ana@example.com", "primary": False, "verified": True}],
        [{"email": "ana@example.com", "primary": "true", "verified": 1}],
        ["ana@example.com"],
    ],
)
def test_no_address_is_better_than_one_that_nobody_verified(
    hub: OAuth2Hub, outbound: Outbound, emails: list[object]
) -> None:
    """RP-60: only the boolean counts."""
    hub.emails = json.dumps(emails)
    identity = sign_in(hub, connector(hub, outbound))
    assert "email" not in identity.attributes
    assert identity.email_verified is None


def test_a_vendor_without_a_list_of_addresses_vouches_for_none(hub: OAuth2Hub, outbound: Outbound) -> None:
    identity = sign_in(hub, connector(hub, outbound, emails_endpoint=None))
    assert identity.attributes["email"] == ("shown@elsewhere.example",)
    assert identity.email_verified is None


Spoil = Callable[[OAuth2Hub], object]
SPOILS: list[tuple[str, str, Spoil]] = [
    ("RP-01 state missing", "state", lambda hub: hub.switches.answer.update(state=None)),
    ("RP-01 state repeated", "state", lambda hub: hub.switches.answer.update(state=("a", "b"))),
    ("RP-10 error", "upstream_error", lambda hub: hub.switches.answer.update(error="access_denied", code=None)),
    ("RP-11 attacker's code", "token_error", lambda hub: hub.switches.asked.update(code_challenge="x" * 43)),
    ("RP-12 code repeated", "code", lambda hub: hub.switches.answer.update(code=("a", "b"))),
    ("RP-14 token in the query", "implicit", lambda hub: hub.switches.answer.update(access_token="a")),
    ("RP-57 profile is HTML", "profile", lambda hub: setattr(hub.switches, "userinfo_as", (200, "text/html", b"<p>"))),
    ("RP-57 profile is a list", "profile", lambda hub: setattr(hub.switches, "userinfo_as", (200, "a/json", b"[]"))),
    ("RP-55 no id", "subject", lambda hub: hub.switches.userinfo.update(id=None)),
    ("RP-55 id is true", "subject", lambda hub: hub.switches.userinfo.update(id=True)),
    ("RP-66 id is empty", "subject", lambda hub: hub.switches.userinfo.update(id="")),
    ("RP-74 no access_token", "token_response", lambda hub: hub.switches.token.update(access_token=None)),
    ("RP-74 other token_type", "token_response", lambda hub: hub.switches.token.update(token_type="mac")),
    (
        "RP-74 error with status 200",
        "token_error",
        lambda hub: hub.switches.token.update(error="expired"),
    ),
    ("addresses are no list", "emails", lambda hub: setattr(hub, "emails", "{}")),
    ("addresses are no JSON", "emails", lambda hub: setattr(hub, "emails", "<html>")),
]


@pytest.mark.parametrize(("row", "reason", "spoil"), SPOILS, ids=[row for row, _, _ in SPOILS])
def test_the_answer_is_refused_for_its_own_reason(
    hub: OAuth2Hub, outbound: Outbound, row: str, reason: str, spoil: Spoil
) -> None:
    spoil(hub)
    with pytest.raises(AssertionRejected) as refused:
        sign_in(hub, connector(hub, outbound))
    assert refused.value.reason == reason


def test_rp_13_an_answer_by_post_is_refused(hub: OAuth2Hub, outbound: Outbound) -> None:
    with pytest.raises(AssertionRejected, match="response_mode"):
        sign_in(hub, connector(hub, outbound), "POST")


@pytest.mark.parametrize("asked", [{"prompt": frozenset({"login"})}, {"max_age": 300}, {"reauthenticate": True}])
def test_nobody_is_sent_away_to_prove_what_cannot_be_proven(
    hub: OAuth2Hub, outbound: Outbound, asked: dict[str, object]
) -> None:
    with pytest.raises(AccessDenied, match="reauthentication_unproven"):
        connector(hub, outbound).begin(replace(REQUEST, **asked), CALLBACK_URL)  # type: ignore[arg-type]  # its fields


def test_nothing_is_begun_without_the_client_secret(hub: OAuth2Hub, outbound: Outbound) -> None:
    with pytest.raises(UpstreamUnavailable, match="client_secret_missing"):
        connector(hub, outbound, client_secret=None).begin(REQUEST, CALLBACK_URL)


@pytest.mark.parametrize("joint", ["", "?fields=id,name"])
def test_a_vendor_that_wants_it_is_shown_that_the_token_is_ours(hub: OAuth2Hub, outbound: Outbound, joint: str) -> None:
    """Facebook's appsecret_proof."""
    profile_endpoint = hub.endpoints()["profile"] + joint
    party = connector(hub, outbound, token_proof="appsecret_proof", profile_endpoint=profile_endpoint)
    assert sign_in(hub, party).subject == "583231"
    ((asked, headers),) = [(asked, headers) for path, asked, headers in hub.seen if path == "/userinfo"]
    token = headers["Authorization"].removeprefix("Bearer ").encode()
    assert asked["appsecret_proof"] == hmac.new(hub.client_secret.encode(), token, "sha256").hexdigest()
    assert asked.get("fields") == ("id,name" if joint else None)


def test_others_are_shown_the_token_alone(hub: OAuth2Hub, outbound: Outbound) -> None:
    sign_in(hub, connector(hub, outbound))
    assert [asked for path, asked, _ in hub.seen if path == "/userinfo"] == [{}]
