"""People whom a tenant's own provider vouches for in a token that a client brings: every rule of a sign-in holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker import jose
from tests.attacks.setting import APP_SECRET
from tests.attacks.world import World, query
from tests.idps.oidc_op import Grant, OidcOp

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
SECRET = {"method": "client_secret_post", "secret": {"env": "APP_SECRET"}}
DESK: dict[str, Any] = {
    "client_id": "desk",
    "auth": SECRET,
    "grant_types": [EXCHANGE, BEARER],
    "audience": "https://desk.example.com",
    "scopes": ["openid", "email", "offline_access"],
    "claims": ["email"],
}
Bring = Callable[..., TestResponse]


@pytest.fixture
def desk(fresh: World) -> World:
    fresh.clients["desk"] = DESK
    fresh.clients["stranger"] = {**DESK, "client_id": "stranger", "audience": "https://stranger.example.com"}
    fresh.idp("contoso", "op")["token_exchange"] = {"clients": ["desk"], "audiences": ["desk-at-op"]}
    fresh.apply()
    return fresh


def token_of(world: World, tenant: str = "contoso", **claims: Any) -> str:
    """What the provider says of Ana; None takes a claim away."""
    op = world.op_of(tenant)
    op.switches.claims = {"email_verified": True, **claims}
    return op.id_token(
        Grant("", "a nonce of somebody's", None, next(iter(op.people.values())), auth_time=int(world.clock())), "x"
    )


def exchange(world: World, token: str, client: str = "desk", **form: Any) -> TestResponse:
    asked = {"subject_token": token, "subject_token_type": ID_TOKEN, "tenant": "contoso", "idp": "op", **form}
    return post(world, client, EXCHANGE, asked)


def bearer(world: World, token: str, client: str = "desk", **form: Any) -> TestResponse:
    return post(world, client, BEARER, {"assertion": token, "tenant": "contoso", "idp": "op", **form})


def post(world: World, client: str, grant_type: str, form: dict[str, Any]) -> TestResponse:
    asked = {"client_id": client, "client_secret": APP_SECRET, "grant_type": grant_type, **form}
    present = {name: value for name, value in asked.items() if value is not None}
    return world.browser().post("/token", base_url=world.issuer, data=present)


WAYS = pytest.mark.parametrize("bring", [exchange, bearer], ids=["exchange", "bearer"])


@WAYS
def test_a_person_is_who_they_are_at_sign_in(desk: World, bring: Bring) -> None:
    signed_in = jose.peek(desk.tokens("contoso", "op")["access_token"]).claims
    answer = bring(desk, token_of(desk), scope="openid email offline_access").json or {}
    assert {"id_token", "refresh_token"}.isdisjoint(answer)
    found = jose.peek(answer["access_token"]).claims
    for name in ("iss", "sub", "tenant", "idp", "roles"):
        assert found[name] == signed_in[name]
    assert (found["client_id"], found["aud"], found["scope"]) == ("desk", "https://desk.example.com", "email")
    assert found["exp"] <= jose.peek(token_of(desk)).claims["exp"]
    assert answer.get("issued_token_type") == (
        "urn:ietf:params:oauth:token-type:access_token" if bring is exchange else None
    )
    event = desk.events()[-1]
    assert (event.outcome, event.tenant, event.client_id, event.idp) == ("success", "contoso", "desk", "op")


@WAYS
def test_the_same_token_is_the_same_session(desk: World, bring: Bring) -> None:
    token = token_of(desk)
    first, second = (jose.peek((bring(desk, token).json or {})["access_token"]).claims for _ in range(2))
    assert first["sid"] == second["sid"]


@WAYS
def test_what_comes_of_a_token_ends_with_it(desk: World, bring: Bring) -> None:
    """Nor does anything outlive the proof that it stands on."""
    ends = int(desk.clock()) + 120
    answer = bring(desk, token_of(desk, exp=ends)).json or {}
    assert jose.peek(answer["access_token"]).claims["exp"] == ends


@WAYS
def test_a_token_that_was_made_for_the_client(desk: World, bring: Bring) -> None:
    assert bring(desk, token_of(desk, aud="desk-at-op")).status_code == 200


@WAYS
def test_its_session_is_no_browsers(desk: World, bring: Bring) -> None:
    """TK-30: whoever finds the provider's token, or was given it to bring, signs in nowhere with it"""
    token = token_of(desk)
    answer = bring(desk, token).json or {}
    digest = hashlib.sha256(token.encode()).hexdigest()
    sid = jose.peek(answer["access_token"]).claims["sid"]
    for guess in (f"introduced desk {digest}", f"desk {digest}", f"desk {token}", digest, token, sid):
        browser = desk.browser()
        browser.set_cookie("session", guess, domain="localhost")
        silent = desk.authorize(browser, tenant="contoso", idp="op", prompt="none")
        assert query(silent.headers["Location"]).get("error") == "login_required"


def test_the_providers_own_logout_ends_it(desk: World) -> None:
    token = (bearer(desk, token_of(desk), scope="email").json or {})["access_token"]
    desk.browser().post(
        "/t/contoso/oidc/op/backchannel-logout",
        base_url=desk.issuer,
        data={"logout_token": desk.op_of("contoso").logout_token(sub="ana-1", sid="op-session")},
    )
    told = desk.browser().post(
        "/introspect", base_url=desk.issuer, data={"client_id": "desk", "client_secret": APP_SECRET, "token": token}
    )
    assert told.json == {"active": False}


HOUR = 3600
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "issuer": ({"iss": "https://other.example.com"}, "iss"),
    "audience of somebody else": ({"aud": "somebody"}, "aud"),
    "two audiences": ({"aud": ["broker-at-op", "somebody"]}, "aud"),
    "authorized party": ({"azp": "somebody"}, "azp"),
    "expired": ({"exp": 1}, "exp"),
    "without end": ({"exp": None}, "exp"),
    "old": ({"iat": 1}, "iat"),
    "not yet": ({"nbf": 1 << 40}, "nbf"),
    "nobody": ({"sub": ""}, "sub"),
    "ourselves behind it": ({"idp_chain": ["http://localhost:8080"]}, "loop"),
}


@WAYS
@pytest.mark.parametrize(("claims", "reason"), BAD.values(), ids=BAD)
def test_every_check_of_a_sign_in(desk: World, bring: Bring, claims: dict[str, Any], reason: str) -> None:
    """TK-39, TK-40"""
    token = token_of(desk, **claims)
    answer = desk.assert_refused(lambda: bring(desk, token), reason, "token.rejected")
    assert (answer.json or {})["error"] == ("invalid_request" if bring is exchange else "invalid_grant")


@WAYS
@pytest.mark.parametrize(
    ("header", "reason"),
    [({"typ": "at+jwt"}, "typ"), ({"typ": "logout+jwt"}, "typ"), ({"alg": "none"}, "alg"), ({"alg": "HS256"}, "alg")],
)
def test_what_is_no_id_token(desk: World, bring: Bring, header: dict[str, str], reason: str) -> None:
    """TK-30, TK-40"""
    op: OidcOp = desk.op_of("contoso")
    op.switches.header = header
    token = token_of(desk)
    desk.assert_refused(lambda: bring(desk, token), reason, "token.rejected")


@WAYS
def test_another_tenants_provider(desk: World, bring: Bring) -> None:
    token = token_of(desk, "fabrikam")
    desk.assert_refused(lambda: bring(desk, token), "signature", "token.rejected")


def _switched_off(world: World) -> None:
    world.idp("contoso", "op")["enabled"] = False


def _suspended(world: World) -> None:
    world.tenants["contoso"]["state"] = "suspended"


def _not_allowed(world: World) -> None:
    world.tenants["contoso"]["sign_in"] = {"allowed_clients": ["web"]}


def _not_listed(world: World) -> None:
    del world.idp("contoso", "op")["token_exchange"]


@WAYS
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_switched_off, "idp_disabled"),
        (_suspended, "tenant_suspended"),
        (_not_allowed, "client_not_allowed"),
        (_not_listed, "introduction_client"),
    ],
)
def test_who_may_not_bring_anybody(desk: World, bring: Bring, change: Callable[[World], object], reason: str) -> None:
    """TK-31, TK-40"""
    token = token_of(desk)
    change(desk)
    desk.apply()
    tenant = "contoso" if reason == "introduction_client" else None
    answer = desk.assert_refused(lambda: bring(desk, token), reason, "token.rejected", tenant=tenant)
    assert (answer.json or {})["error"] == "unauthorized_client"


@WAYS
@pytest.mark.parametrize(
    ("client", "form", "reason", "tenant"),
    [
        ("stranger", {}, "introduction_client", "contoso"),
        ("desk", {"idp": "adfs"}, "introduction_client", "contoso"),
        ("desk", {"idp": "nobody"}, "idp_unknown", None),
        ("desk", {"tenant": "nobody"}, "tenant_unknown", None),
        ("desk", {"tenant": None}, "introduction_tenant", None),
        ("desk", {"idp": None}, "introduction_tenant", None),
        ("desk", {"tenant": "northwind"}, "introduction_client", "northwind"),
    ],
)
def test_not_this_client_not_this_provider(
    desk: World, bring: Bring, client: str, form: dict[str, Any], reason: str, tenant: str | None
) -> None:
    """TK-31: northwind trusts the very same provider"""
    token = token_of(desk)
    desk.assert_refused(lambda: bring(desk, token, client, **form), reason, "token.rejected", tenant=tenant)


@WAYS
def test_several_factors_are_wanted_here_too(desk: World, bring: Bring) -> None:
    """TK-39"""
    desk.tenants["contoso"]["sign_in"] = {"require_mfa": True}
    desk.apply()
    token = token_of(desk, amr=["pwd"])
    desk.assert_refused(lambda: bring(desk, token), "mfa_missing", "token.rejected")
    assert bring(desk, token_of(desk, amr=["pwd", "otp", "mfa"])).status_code == 200


@WAYS
def test_an_old_sign_in_is_too_old_here_too(desk: World, bring: Bring) -> None:
    """TK-39: `max_age` of the tenant counts from the upstream's authentication, whoever brings the token"""
    desk.tenants["contoso"]["sign_in"] = {"max_age": "1h"}
    desk.apply()
    for told in (int(desk.clock()) - 2 * HOUR, None):
        token = token_of(desk, auth_time=told)
        desk.assert_refused(lambda token=token: bring(desk, token), "max_age", "token.rejected")  # type: ignore[misc]
    assert bring(desk, token_of(desk)).status_code == 200


@WAYS
def test_the_tenants_rules_are_asked(desk: World, bring: Bring) -> None:
    """TK-39: what they refuse leaves no person behind either"""
    rules = [{"deny": "No interns.", "when": 'incoming.name == "Intern"'}]
    desk.tenants["contoso"]["claims"] = rules
    desk.apply()
    token = token_of(desk, name="Intern", sub="intern-1")
    answer = desk.assert_refused(lambda: bring(desk, token), "rule_denied", "token.rejected")
    assert "No interns." in (answer.json or {})["error_description"]


def test_nothing_brought(desk: World) -> None:
    """TK-32"""
    desk.assert_refused(lambda: bearer(desk, ""), "assertion_missing", "token.rejected", tenant=None)


def test_a_public_client_brings_nobody(desk: World) -> None:
    answer = post(desk, "spa", BEARER, {"assertion": "x", "client_secret": None})
    assert (answer.json or {})["error"] == "unauthorized_client"
