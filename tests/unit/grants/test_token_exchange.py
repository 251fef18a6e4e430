"""RFC 8693 with tokens of our own: delegation, impersonation, less and never more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker import jose
from broker.model import Client, Terms

from .house import SPA, WEB, House, claims, header
from .services import (
    ACCESS_TOKEN,
    APP,
    EXCHANGE,
    FRONT,
    GATEWAY,
    ORDERS,
    SERVICE,
    STOCK,
    world,
)

SCOPE = ("openid", "email", "orders.read", "stock.read", "plain")


@pytest.fixture
def apis(house: House) -> House:
    house.live = world()
    return house


def subject(apis: House, client: Client = APP, resource: str | None = FRONT.audience, **more: Any) -> str:
    terms = Terms(resources=(resource,)) if resource else Terms()
    return str(apis.tokens_of(client, **{"scope": SCOPE, "terms": terms, **more})["access_token"])


def exchange(apis: House, token: str | None, client: Client = GATEWAY, **form: Any) -> TestResponse:
    asked = {
        "grant_type": EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "audience": ORDERS.audience,
        **form,
    }
    return apis.post("/token", asked, client)


def exchanged(apis: House, token: str, client: Client = GATEWAY, **form: Any) -> dict[str, Any]:
    response = exchange(apis, token, client, **form)
    assert response.status_code == 200, response.json
    return dict(response.json or {})


def test_an_api_calls_another_one_for_the_person(apis: House) -> None:
    token = subject(apis, scope=("openid", "email", "plain"))
    answer = exchanged(apis, token)
    access = answer.pop("access_token")
    assert answer == {
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "email",
    }
    found, before = claims(access), claims(token)
    assert header(access)["alg"] == "RS256", "as the API wants it"
    assert (found["aud"], found["client_id"]) == (ORDERS.audience, "gateway")
    for name in ("sub", "sid", "tenant", "idp", "acr", "amr", "auth_time", "roles"):
        assert found[name] == before[name]
    assert "act" not in found
    event = apis.last_event()
    assert (event.event, event.client_id, event.sub) == ("token.exchanged", "gateway", "sub-1")
    assert event.detail == {"subject_client": "app", "audience": ORDERS.audience}


def test_neither_id_token_nor_refresh_token_comes_of_it(apis: House) -> None:
    """TK-38: nothing outlives the subject."""
    answer = exchanged(apis, subject(apis))
    assert {"id_token", "refresh_token"}.isdisjoint(answer)


def test_a_client_takes_less_of_its_own_token(apis: House) -> None:
    token = subject(apis, resource=None)
    found = claims(exchanged(apis, token, APP, audience=None, scope="plain")["access_token"])
    assert (found["aud"], found["scope"]) == (APP.audience, "plain")
    wide = subject_of_two(apis)
    assert claims(exchanged(apis, wide, APP, audience=STOCK.audience)["access_token"])["aud"] == STOCK.audience


def subject_of_two(apis: House) -> str:
    terms = Terms(resources=(STOCK.audience, "https://archive.example.com"))
    return str(apis.tokens_of(APP, scope=SCOPE, terms=terms)["access_token"])


def test_it_never_lives_longer_than_the_subject(apis: House) -> None:
    """TK-37"""
    token = subject(apis)
    apis.now += 500
    answer = exchanged(apis, token)
    assert (answer["expires_in"], claims(answer["access_token"])["exp"]) == (100, claims(token)["exp"])


# what is handed in


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"subject_token": None}, "subject_token_missing"),
        ({"subject_token": ""}, "subject_token_missing"),
        ({"subject_token_type": None}, "subject_token_type"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "subject_token_type"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "requested_token_type"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "requested_token_type"),
        ({"actor_token_type": ACCESS_TOKEN}, "actor_token_missing"),
        ({"actor_token": "x"}, "actor_token_type"),
        ({"actor_token": "x", "actor_token_type": "urn:ietf:params:oauth:token-type:jwt"}, "actor_token_type"),
        ({"actor_token": "x", "actor_token_type": ACCESS_TOKEN}, "actor_malformed"),
        ({"tenant": "fabrikam"}, "tenant_switch"),
    ],
)
def test_a_request_that_says_too_little_or_too_much(apis: House, form: dict[str, Any], reason: str) -> None:
    """TK-30, TK-32"""
    apis.refused(exchange(apis, subject(apis), **form), 400, "invalid_request", reason)


def _changed(apis: House, **change: Any) -> str:
    """A token with our own good signature that says something else."""
    return jose.sign({**claims(subject(apis)), **change}, apis.keys.signing("ES256"), "at+jwt")


BAD: dict[str, tuple[Callable[[House], str], str]] = {
    "foreign issuer": (lambda apis: _changed(apis, iss="https://other.example.com"), "iss"),
    "expired": (lambda apis: _changed(apis, exp=int(apis.now)), "exp"),
    "other tenant": (lambda apis: _changed(apis, tenant="fabrikam"), "grant_unknown"),
    "ID token": (lambda apis: str(apis.tokens_of(APP, scope=SCOPE)["id_token"]), "typ"),
    "refresh token": (lambda apis: str(apis.tokens_of(APP, scope=SCOPE)["refresh_token"]), "malformed"),
    "nonsense": (lambda _apis: "a.b.c", "malformed"),
}


@pytest.mark.parametrize(("make", "reason"), BAD.values(), ids=BAD)
def test_what_is_no_subject_token(apis: House, make: Callable[[House], str], reason: str) -> None:
    """TK-30"""
    apis.refused(exchange(apis, make(apis)), 400, "invalid_request", reason)


def test_what_is_over_gives_nothing(apis: House) -> None:
    """TK-30, TK-38"""
    token = subject(apis)
    apis.store.of("contoso").end_session("sid-1")
    apis.refused(exchange(apis, token), 400, "invalid_request", "session_ended")


def test_a_revoked_grant_gives_nothing_and_ends_what_it_gave(apis: House) -> None:
    tokens = apis.tokens_of(APP, scope=SCOPE, terms=Terms(resources=(FRONT.audience,)))
    given = exchanged(apis, tokens["access_token"])["access_token"]
    assert (apis.post("/introspect", {"token": given}, GATEWAY).json or {})["active"] is True
    apis.post("/revoke", {"token": tokens["refresh_token"]}, APP)
    assert apis.post("/introspect", {"token": given}, GATEWAY).json == {"active": False}
    apis.refused(exchange(apis, tokens["access_token"]), 400, "invalid_request", "grant_revoked")


def test_who_exchanged_may_revoke_that_alone(apis: House) -> None:
    token = subject(apis)
    given = exchanged(apis, token)["access_token"]
    assert apis.post("/revoke", {"token": given}, APP).status_code == 200
    assert (apis.post("/introspect", {"token": given}, GATEWAY).json or {})["active"] is True
    assert apis.post("/revoke", {"token": given}, GATEWAY).status_code == 200
    assert apis.post("/introspect", {"token": given}, GATEWAY).json == {"active": False}
    assert (apis.post("/introspect", {"token": token}, APP).json or {})["active"] is True


# who may


def test_a_token_for_somebody_else(apis: House) -> None:
    """TK-33"""
    elsewhere = subject(apis, resource=STOCK.audience)
    apis.refused(exchange(apis, elsewhere), 400, "invalid_request", "subject_audience")
    anothers = subject(apis, WEB, None, scope=("openid",))
    apis.refused(exchange(apis, anothers), 400, "invalid_request", "subject_audience")


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"audience": "https://nowhere.example.com"}, "target_unknown"),
        ({"audience": "gateway"}, "target_unknown"),
        ({"audience": STOCK.audience}, "target_not_allowed"),
        ({"audience": FRONT.audience}, "target_not_allowed"),
        ({"audience": None}, "target_missing"),
        ({"audience": [ORDERS.audience, STOCK.audience]}, "target_several"),
        ({"resource": STOCK.audience}, "target_several"),
        ({"audience": None, "resource": "orders"}, "target_syntax"),
    ],
)
def test_for_whom_it_may_not(apis: House, form: dict[str, Any], reason: str) -> None:
    """TK-34"""
    apis.refused(exchange(apis, subject(apis), **form), 400, "invalid_target", reason)


def test_resource_and_audience_may_say_the_same(apis: House) -> None:
    """A scope that the next API is to hear stands in the files of both."""
    assert exchanged(apis, subject(apis), resource=ORDERS.audience)["scope"] == "email orders.read"


def test_a_client_without_the_grant_and_one_without_a_secret(apis: House) -> None:
    apis.refused(exchange(apis, subject(apis), SERVICE), 400, "unauthorized_client", "grant_not_allowed")
    loud = replace(SPA, client_id="loud-gateway", grant_types=(EXCHANGE,), audience=FRONT.audience)
    apis.live = world(loud)
    apis.refused(exchange(apis, subject(apis), loud), 400, "unauthorized_client", "client_public")


def test_a_tenant_that_the_caller_may_not_serve(apis: House) -> None:
    elsewhere = replace(GATEWAY, tenants=("fabrikam",))
    apis.live = world(elsewhere)
    apis.people.entitlement = replace(apis.people.entitlement, allowed=False, reason="client_tenant")
    apis.refused(exchange(apis, _kept_subject(apis)), 400, "invalid_request", "client_tenant")


def _kept_subject(apis: House) -> str:
    good = replace(apis.people.entitlement, allowed=True, reason=None)
    refusing, apis.people.entitlement = apis.people.entitlement, good
    token = subject(apis)
    apis.people.entitlement = refusing
    return token


# what comes out


def test_scope_is_the_subjects_or_less(apis: House) -> None:
    """TK-35"""
    token = subject(apis, resource=None, scope=("openid", "email", "plain"))
    gateway = replace(GATEWAY, audience=APP.audience)
    apis.live = world(gateway)
    assert exchanged(apis, token, gateway)["scope"] == "email"
    for wider in ("orders.write", "plain", "openid", "email orders.read"):
        apis.refused(exchange(apis, token, gateway, scope=wider), 400, "invalid_scope", "scope_wider")


def test_roles_are_those_of_both_clients_and_of_the_subject(apis: House) -> None:
    gateway = replace(GATEWAY, audience=APP.audience)
    apis.live = world(gateway)
    token = subject(apis, resource=None)
    apis.people.entitlement = replace(apis.people.entitlement, roles=("viewer", "admin"))
    assert claims(exchanged(apis, token, gateway)["access_token"])["roles"] == ["viewer"], "it gained none since"
    apis.people.entitlement = replace(apis.people.entitlement, roles=())
    assert claims(exchanged(apis, token, gateway)["access_token"])["roles"] == []


def test_a_binding_is_the_callers_own(apis: House) -> None:
    found = claims(exchanged(apis, subject(apis))["access_token"])
    assert "cnf" not in found


def test_roles_of_a_client_that_hears_of_none_are_those_of_its_api(apis: House) -> None:
    quiet = replace(APP, tenant_claims=False)
    front = replace(FRONT, roles=("viewer",))
    apis.live = world(quiet)
    apis.people.entitlement = replace(apis.people.entitlement, roles=("viewer", "admin"))
    token = subject(apis, quiet)
    assert "roles" not in claims(token)
    assert claims(exchanged(apis, token)["access_token"])["roles"] == ["viewer", "admin"]
    apis.live = replace(apis.live, apis={**apis.live.apis, front.audience: front})
    assert claims(exchanged(apis, token)["access_token"])["roles"] == ["viewer"]


def test_roles_that_a_token_keeps_to_itself_are_not_said_later(apis: House) -> None:
    """TK-35: what an API's own roles left out does not come back through a client that hears of none"""
    quiet = replace(GATEWAY, client_id="quiet", tenant_claims=False)
    front = replace(FRONT, roles=("viewer",), exchanging=("app", "quiet"))
    apis.live = world(quiet)
    apis.live = replace(apis.live, apis={**apis.live.apis, front.audience: front})
    apis.people.entitlement = replace(apis.people.entitlement, roles=("viewer", "admin"))
    token = subject(apis)
    assert claims(token)["roles"] == ["viewer"]
    assert claims(exchanged(apis, token)["access_token"])["roles"] == ["viewer"]
    between = exchanged(apis, token, quiet, audience=front.audience)["access_token"]
    assert "roles" not in claims(between)
    assert claims(exchanged(apis, between)["access_token"])["roles"] == []
