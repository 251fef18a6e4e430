"""The two columns of /authorize: every check refuses with its own reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from broker.errors import (
    BrokerError,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    LoginRequired,
    OAuthError,
    RequestNotSupported,
    RequestUriNotSupported,
    ShownError,
    TokenRejected,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from broker.model import Api, ApplicationAuth, Client, Configuration, HomeRealmSettings, Secret, Tenant
from broker.oauth2.request import ANY_AGE, PLAINLY, Came, IdTokenHint, ParsedRequest, parse
from broker.oauth2.return_address import prove_client

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
CALLBACK = "https://app.example.com/callback"
WEB = Client(
    "web",
    "Web",
    (CALLBACK, "https://{tenant}.app.example.com/cb"),
    ApplicationAuth("client_secret_basic", Secret("s" * 32)),
    tenants=("contoso", "asleep"),
    claims=("department",),
    apis=("https://orders.example.com",),
)
NATIVE = Client(
    "native",
    "Native",
    ("http://127.0.0.1/cb", "http://[::1]:9/cb?x=1", "com.example.app:/cb"),
    ApplicationAuth("none"),
)
LOOSE = replace(WEB, client_id="loose", pkce_required=False, response_modes=("query",))
PUSHES = replace(WEB, client_id="pushes", require_par=True)
SIGNS = replace(WEB, client_id="signs", require_signed_request=True)
FAPI = replace(WEB, client_id="fapi", profile="fapi2", pkce_required=False)
NO_CODE = replace(WEB, client_id="no-code", grant_types=("refresh_token",))
NO_REFRESH = replace(WEB, client_id="no-refresh", grant_types=("authorization_code",))
TENANTS = {
    "contoso": Tenant("contoso", "Contoso", {}, home_realm=HomeRealmSettings(subdomain="con")),
    "asleep": Tenant("asleep", "Asleep", {}, active=False),
    "other": Tenant("other", "Other", {}),
}
CONFIGURATION = Configuration(
    1,
    TENANTS,
    {client.client_id: client for client in (WEB, NATIVE, LOOSE, NO_CODE, NO_REFRESH, PUSHES, SIGNS, FAPI)},
    {},
    {},
    {tenant.label: tenant.id for tenant in TENANTS.values()},
    (),
    {"https://orders.example.com": Api("https://orders.example.com", "Orders")},
)
GOOD = {
    "client_id": "web",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid profile",
    "state": "xyz",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def read_hint(token: str) -> IdTokenHint:
    if token != "good":
        raise TokenRejected("signature")
    return IdTokenHint("web", "sub-1", "sid-1")


def ask(changed: Mapping[str, str | tuple[str, ...] | None] | None = None, came: Came = PLAINLY) -> ParsedRequest:
    """GOOD with changes: None leaves a parameter out, a tuple repeats it."""
    wanted: dict[str, str | tuple[str, ...] | None] = {**GOOD, **(changed or {})}
    unverified = {
        name: value if isinstance(value, tuple) else (value,) for name, value in wanted.items() if value is not None
    }
    proven = prove_client(unverified, CONFIGURATION)
    return parse(
        unverified,
        proven,
        CONFIGURATION,
        request_id="r1",
        reference="abcd-efgh",
        now=1000,
        read_hint=read_hint,
        came=came,
    )


def refusal(changed: Mapping[str, str | tuple[str, ...] | None]) -> BrokerError:
    with pytest.raises(BrokerError) as caught:
        ask(changed)
    return caught.value


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


def test_one_by_one_only_claims_of_the_clients_own_scopes_are_asked_for() -> None:
    """OIDC Core §5.5: the rest is voluntary, and left out."""
    names = {
        "email": {"essential": True},
        "email_verified": None,
        "department": None,
        "phone_number": None,
        "iss": None,
    }
    asked = ask({"claims": json.dumps({"userinfo": names, "id_token": {"name": None}, "x": 1})}).request.terms
    assert asked.userinfo_claims == ("email", "email_verified", "department")
    assert asked.id_token_claims == ("name",)


def test_an_essential_acr_is_kept_apart_from_a_wish() -> None:
    """OIDC Core §5.5.1.1"""
    essential = {"acr": {"essential": True, "values": ["gold", "silver"]}}
    asked = ask({"claims": json.dumps({"id_token": essential}), "acr_values": "bronze"}).request
    assert (asked.essential_acr, asked.acr_values) == (("gold", "silver"), ("bronze",))
    wished = ask({"claims": json.dumps({"id_token": {"acr": {"value": "gold"}}}), "acr_values": "bronze gold"}).request
    assert (wished.essential_acr, wished.acr_values) == ((), ("bronze", "gold"))


def test_an_essential_auth_time_must_be_known_whenever_it_was() -> None:
    essential = json.dumps({"id_token": {"auth_time": {"essential": True}}})
    assert ask({"claims": essential}).request.max_age == ANY_AGE
    assert ask({"claims": essential, "max_age": "5"}).request.max_age == 5
    assert ask({"claims": '{"id_token": {"auth_time": null}}'}).request.max_age is None


def test_a_sub_with_a_value_is_the_one_person_who_may_sign_in() -> None:
    same = {"claims": '{"id_token": {"sub": {"value": "sub-1"}}}'}
    assert ask(same).request.id_token_hint_sub == "sub-1"
    assert ask({**same, "id_token_hint": "good"}).request.id_token_hint_sub == "sub-1"


def test_a_form_post_is_answered_where_the_client_may_have_it() -> None:
    assert ask({"response_mode": "form_post"}).request.response_mode == "form_post"
    assert ask({"response_mode": "query"}).request.response_mode == "query"
    assert ask().request.response_mode == "query"


def test_an_api_of_the_client_may_be_asked_for_again_and_again() -> None:
    """RFC 8707 §2: `resource` may repeat."""
    orders = "https://orders.example.com"
    assert ask({"resource": (orders, orders)}).request.terms.resources == (orders,)
    assert ask().request.terms.resources == ()


KEY = "k" * 43


def test_a_code_is_bound_to_the_key_that_is_named_or_was_proven() -> None:
    """RFC 9449 §10, §10.1"""
    proven = Came("handle", cnf={"jkt": KEY})
    assert ask().request.terms.cnf == {}
    assert ask({"dpop_jkt": KEY}).request.terms.cnf == {"jkt": KEY}
    assert ask(came=proven).request.terms.cnf == {"jkt": KEY}
    assert ask({"dpop_jkt": KEY}, proven).request.terms.cnf == {"jkt": KEY}
    with pytest.raises(InvalidRequest) as refused:
        ask({"dpop_jkt": "j" * 43}, proven)
    assert refused.value.reason == "dpop_jkt_mismatch"


def test_what_must_be_pushed_or_signed_may_be() -> None:
    assert ask({"client_id": "pushes"}, Came("handle")).request.pushed == "handle"
    assert ask({"client_id": "signs"}, Came(signed=True)).request.client_id == "signs"


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
