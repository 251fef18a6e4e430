"""The two columns of /authorize: every check refuses with its own reason."""

from __future__ import annotations

import json

import pytest

from broker.errors import (
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    LoginRequired,
    OAuthError,
    RequestNotSupported,
    RequestUriNotSupported,
    ShownError,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from tests.unit.oauth2.asking import CALLBACK, CHALLENGE, ask, refusal

EVIL = "https://evil.example.com/"
PAGES: list[tuple[str, dict[str, str | tuple[str, ...] | None], str]] = [
    ("OP-01 unknown client", {"client_id": "nobody", "redirect_uri": EVIL}, "client_id"),
    ("OP-01 no client", {"client_id": None}, "client_id"),
    ("OP-06 no redirect URI", {"redirect_uri": None}, "redirect_uri"),
    ("OP-06 empty redirect URI", {"redirect_uri": ""}, "redirect_uri"),
    ("OP-06 repeated redirect URI", {"redirect_uri": (CALLBACK, EVIL)}, "repeated"),
    ("OP-06 array form", {"redirect_uri": None, "redirect_uri[]": CALLBACK}, "redirect_uri"),
    ("OP-07 repeated client", {"client_id": ("web", "web")}, "repeated"),
    ("OP-07 repeated state", {"state": ("a", "b")}, "repeated"),
    ("OP-10 bad scope with bad redirect URI", {"redirect_uri": EVIL, "scope": "\x00"}, "redirect_uri"),
    ("OP-10 bad response type with bad redirect URI", {"redirect_uri": EVIL, "response_type": "x"}, "redirect_uri"),
    ("OP-14 huge state", {"state": "s" * 1_000_000}, "state_size"),
    ("label of no tenant", {"redirect_uri": "https://evil.app.example.com/cb"}, "tenant_label"),
    ("id where a label is set", {"redirect_uri": "https://contoso.app.example.com/cb"}, "tenant_label"),
    ("suspended tenant's label", {"redirect_uri": "https://asleep.app.example.com/cb"}, "tenant_label"),
    ("label of a tenant without this client", {"redirect_uri": "https://other.app.example.com/cb"}, "tenant_label"),
]


@pytest.mark.parametrize(("changed", "reason"), [row[1:] for row in PAGES], ids=[row[0] for row in PAGES])
def test_what_proves_no_redirect_uri_is_a_page(changed: dict[str, str | tuple[str, ...] | None], reason: str) -> None:
    refused = refusal(changed)
    assert isinstance(refused, ShownError)
    assert refused.reason == reason


REDIRECTS: list[tuple[str, dict[str, str | tuple[str, ...] | None], type[OAuthError], str]] = [
    ("OP-07 repeated scope", {"scope": ("openid", "email")}, InvalidRequest, "repeated"),
    ("OP-09 token", {"response_type": "token"}, UnsupportedResponseType, "response_type"),
    ("OP-09 code token", {"response_type": "code token"}, UnsupportedResponseType, "response_type"),
    ("OP-09 none", {"response_type": "none"}, UnsupportedResponseType, "response_type"),
    ("response-type-missing", {"response_type": None}, InvalidRequest, "response_type_missing"),
    ("client without the code grant", {"client_id": "no-code"}, UnauthorizedClient, "grant_not_allowed"),
    ("OP-12 fragment", {"response_mode": "fragment"}, InvalidRequest, "response_mode"),
    ("OP-12 web_message", {"response_mode": "web_message"}, InvalidRequest, "response_mode"),
    ("OP-12 form_post.jwt", {"response_mode": "form_post.jwt"}, InvalidRequest, "response_mode"),
    (
        "OP-12 form_post to an app",
        {"client_id": "native", "redirect_uri": "com.example.app:/cb", "response_mode": "form_post"},
        InvalidRequest,
        "response_mode",
    ),
    (
        "OP-12 not for this client",
        {"client_id": "loose", "response_mode": "form_post"},
        InvalidRequest,
        "response_mode",
    ),
    ("OP-15 PKCE missing", {"code_challenge": None, "code_challenge_method": None}, InvalidRequest, "pkce_missing"),
    ("OP-16 plain", {"code_challenge_method": "plain"}, InvalidRequest, "pkce_method"),
    ("OP-16 method left out means plain", {"code_challenge_method": None}, InvalidRequest, "pkce_method"),
    ("OP-16 method without challenge", {"client_id": "loose", "code_challenge": None}, InvalidRequest, "pkce_missing"),
    ("OP-16 short challenge", {"code_challenge": CHALLENGE[:42]}, InvalidRequest, "pkce_challenge"),
    ("OP-16 padded challenge", {"code_challenge": CHALLENGE + "="}, InvalidRequest, "pkce_challenge"),
    ("OP-20 control characters", {"scope": "openid \x07"}, InvalidScope, "scope_syntax"),
    ("OP-20 tab", {"scope": "openid\tprofile"}, InvalidScope, "scope_syntax"),
    ("OP-20 500 scopes", {"scope": " ".join(f"s{n}" for n in range(500))}, InvalidScope, "scope_size"),
    ("OP-21 nothing allowed", {"scope": "admin root"}, InvalidScope, "scope"),
    ("OP-23 none with another", {"prompt": "none login"}, InvalidRequest, "prompt_none"),
    ("unknown prompt", {"prompt": "create"}, InvalidRequest, "prompt_unknown"),
    ("OP-25 negative", {"max_age": "-1"}, InvalidRequest, "max_age"),
    ("OP-25 text", {"max_age": "soon"}, InvalidRequest, "max_age"),
    ("OP-25 huge", {"max_age": "9" * 40}, InvalidRequest, "max_age"),
    ("OP-25 other digits", {"max_age": "１２"}, InvalidRequest, "max_age"),
    (
        "a hint of another sector",
        {"client_id": "paired", "id_token_hint": "good", "prompt": "none"},
        LoginRequired,
        "id_token_hint",
    ),
    ("OP-26 bad hint, no interaction", {"id_token_hint": "bad", "prompt": "none"}, LoginRequired, "id_token_hint"),
    ("OP-28 two tenants", {"acr_values": "tenant:a tenant:b"}, InvalidRequest, "acr_tenants"),
    ("OP-28 claims no JSON", {"claims": "{"}, InvalidRequest, "claims_json"),
    ("OP-28 claims twice", {"claims": '{"userinfo": {}, "userinfo": {}}'}, InvalidRequest, "claims_json"),
    ("OP-28 claims a list", {"claims": "[]"}, InvalidRequest, "claims_json"),
    ("OP-28 claims huge", {"claims": '{"x": "' + "x" * 8192 + '"}'}, InvalidRequest, "claims_size"),
    ("OP-28 claims deep", {"claims": '{"x":' + "[" * 8 + "]" * 8 + "}"}, InvalidRequest, "claims_depth"),
    ("OP-28 claims deeper", {"claims": "[" * 4000 + "]" * 4000}, InvalidRequest, "claims_json"),
    ("OP-28 claims of a text", {"claims": '{"userinfo": "email"}'}, InvalidRequest, "claims_shape"),
    ("OP-28 claims with a text", {"claims": '{"userinfo": {"email": true}}'}, InvalidRequest, "claims_shape"),
    (
        "OP-28 claims without end",
        {"claims": json.dumps({"userinfo": {f"claim{number}": None for number in range(101)}})},
        InvalidRequest,
        "claims_many",
    ),
    ("OP-28 acr a number", {"claims": '{"id_token": {"acr": {"value": 1}}}'}, InvalidRequest, "claims_value"),
    (
        "nobody by that name",
        {"claims": '{"id_token": {"sub": {"value": "a stranger"}}}'},
        LoginRequired,
        "claims_sub_unknown",
    ),
    ("two persons", {"claims": '{"id_token": {"sub": {"values": ["a", "b"]}}}'}, InvalidRequest, "claims_sub"),
    (
        "two persons in two ways",
        {"claims": '{"id_token": {"sub": {"value": "a"}}}', "id_token_hint": "good"},
        InvalidRequest,
        "two_persons",
    ),
    ("no thumbprint", {"dpop_jkt": "short"}, InvalidRequest, "dpop_jkt"),
    ("no API", {"resource": "https://unknown.example.com"}, InvalidTarget, "target_unknown"),
    ("no URI", {"resource": "orders"}, InvalidTarget, "target_syntax"),
    ("not pushed", {"client_id": "pushes"}, InvalidRequest, "par_required"),
    ("not signed", {"client_id": "signs"}, InvalidRequest, "request_object_required"),
    (
        "FAPI without PKCE",
        {"client_id": "fapi", "code_challenge": None, "code_challenge_method": None},
        InvalidRequest,
        "pkce_missing",
    ),
    ("OP-29 request", {"request": "e30.e30."}, RequestNotSupported, "request"),
    ("OP-29 request_uri", {"request_uri": "http://169.254.169.254/"}, RequestUriNotSupported, "request_uri"),
    ("nonce too long", {"nonce": "n" * 2049}, InvalidRequest, "nonce_size"),
    ("a huge parameter", {"claims": "{" * 16385}, InvalidRequest, "size"),
]


@pytest.mark.parametrize(
    ("changed", "kind", "reason"), [row[1:] for row in REDIRECTS], ids=[row[0] for row in REDIRECTS]
)
def test_what_fails_later_may_go_back_to_the_client(
    changed: dict[str, str | tuple[str, ...] | None], kind: type[OAuthError], reason: str
) -> None:
    refused = refusal(changed)
    assert type(refused) is kind
    assert refused.reason == reason


def test_a_good_request_keeps_what_the_client_sent() -> None:
    asked = ask({"nonce": "n", "max_age": "0", "prompt": "login", "idp": "adfs", "login_hint": "a@b.example"})
    assert asked.request.scope == ("openid", "profile")
    assert (asked.request.state, asked.request.nonce, asked.request.max_age) == ("xyz", "n", 0)
    assert asked.request.prompt == {"login"}
    assert (asked.request.asked_idp, asked.request.login_hint) == ("adfs", "a@b.example")
    assert asked.request.code_challenge == CHALLENGE
    assert (asked.request.created_at, asked.request.reference) == (1000, "abcd-efgh")


def test_the_three_names_of_the_tenant_stay_apart() -> None:
    asked = ask({"tenant": "t1", "acr_values": "urn:mfa tenant:t2", "redirect_uri": "https://con.app.example.com/cb"})
    assert (asked.tenant_parameter, asked.tenant_acr, asked.redirect_label) == ("t1", "t2", "con")
    assert asked.request.acr_values == ("urn:mfa",)
    assert asked.request.asked_tenant is None


@pytest.mark.parametrize(
    "changed",
    [
        {"unknown": "{{7*7}}", "display": "page", "claims_locales": "../x", "claims": "{}"},
        {"state": "a\r\nb"},
        {"nonce": None},
        {"login_hint": "x" * 10_000},
    ],
    ids=["OP-30", "OP-14 CRLF", "without nonce", "OP-27"],
)
def test_what_only_hints_is_never_an_error(changed: dict[str, str | None]) -> None:
    assert ask(changed).request.client_id == "web"


def test_a_hint_too_long_to_be_true_is_ignored() -> None:
    assert ask({"login_hint": "x" * 10_000}).request.login_hint is None


def test_unknown_scopes_are_left_out_and_each_stands_once() -> None:
    assert ask({"scope": "openid admin openid email"}).request.scope == ("openid", "email")


def test_offline_access_needs_a_client_that_may_refresh() -> None:
    assert ask({"scope": "openid offline_access"}).request.scope == ("openid", "offline_access")
    narrowed = ask({"client_id": "no-refresh", "scope": "openid offline_access"})
    assert narrowed.request.scope == ("openid",)


def test_a_request_without_scope_is_plain_oauth() -> None:
    assert ask({"scope": None}).request.scope == ()


def test_pkce_is_optional_only_where_the_client_says_so() -> None:
    without = {"code_challenge": None, "code_challenge_method": None}
    assert ask({**without, "client_id": "loose"}).request.code_challenge is None
    native = {**without, "client_id": "native", "redirect_uri": "http://127.0.0.1:5000/cb"}
    assert refusal(native).reason == "pkce_missing"


def test_an_id_token_of_ours_names_the_person_that_the_client_expects() -> None:
    asked = ask({"id_token_hint": "good"})
    assert (asked.request.id_token_hint_sub, asked.request.id_token_hint_sid) == ("sub-1", "sid-1")
    assert ask({"id_token_hint": "bad"}).request.id_token_hint_sub is None
    foreign = ask({"client_id": "paired", "id_token_hint": "good"}).request
    assert foreign.id_token_hint_sub is None, "or two sectors would learn that their names are one person's"
