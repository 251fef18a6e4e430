"""POST /introspect (RFC 7662, RFC 9701)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from broker import jose
from broker.model import Client, Terms
from tests.unit.grants.house import ISSUER, SECRET, SPA, WEB, House, claims, header
from tests.unit.grants.services import APP, ASKING, EVERYWHERE, NOWHERE, ORDERS, SERVICE, own_token, world

INACTIVE = {"active": False}
SCOPE = ("openid", "orders.read")


@pytest.fixture
def apis(house: House) -> House:
    house.live = world()
    return house


def signed_in(apis: House) -> dict[str, Any]:
    return apis.tokens_of(APP, scope=SCOPE, terms=Terms(resources=(ORDERS.audience,)))


def told(apis: House, token: str, client: Client = ASKING, **form: Any) -> dict[str, Any]:
    response = apis.post("/introspect", {"token": token, **form}, client)
    assert response.status_code == 200, response.json
    assert response.headers["Cache-Control"] == "no-store"
    return dict(response.json or {})


def test_an_api_hears_of_a_token_that_is_for_it(apis: House) -> None:
    token = signed_in(apis)["access_token"]
    assert told(apis, token) == {"active": True, "token_type": "Bearer", **claims(token)}


def test_so_does_the_client_that_has_it_and_one_whose_audience_it_is(apis: House) -> None:
    token = signed_in(apis)["access_token"]
    assert told(apis, token, APP)["sub"] == "sub-1"
    resource = replace(SERVICE, client_id="orders-service", audience=ORDERS.audience)
    apis.live = world(resource)
    assert told(apis, token, resource)["sub"] == "sub-1"


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
def test_nobody_else_hears_a_word(apis: House, kind: str, hint: str | None) -> None:
    """TK-41, TK-42"""
    assert told(apis, signed_in(apis)[kind], WEB, token_type_hint=hint) == INACTIVE


def test_a_refresh_token_is_its_clients_business(apis: House) -> None:
    tokens = signed_in(apis)
    found = told(apis, tokens["refresh_token"], APP)
    assert found == {
        "active": True,
        "iss": ISSUER,
        "client_id": "app",
        "sub": "sub-1",
        "scope": "openid orders.read",
        "iat": int(apis.now),
        "exp": found["exp"],
    }
    assert told(apis, tokens["refresh_token"]) == INACTIVE
    apis.refresh(tokens["refresh_token"], APP)
    assert told(apis, tokens["refresh_token"], APP) == INACTIVE


@pytest.mark.parametrize("token", ["x", "a.b.c", "e30.e30.e30", "x" * 100_000, "💥"])
def test_what_is_no_token(apis: House, token: str) -> None:
    """TK-42"""
    assert told(apis, token) == INACTIVE


def test_an_id_token_is_no_access_token(apis: House) -> None:
    """TK-42"""
    assert told(apis, signed_in(apis)["id_token"], APP) == INACTIVE


def _suspend(apis: House) -> None:
    tenants = {name: replace(one, active=False) for name, one in apis.live.tenants.items()}
    apis.live = replace(apis.live, tenants=tenants)


def _remove_client(apis: House) -> None:
    clients = {name: one for name, one in apis.live.clients.items() if name not in {"app", "nightly"}}
    apis.live = replace(apis.live, clients=clients)


def _expire(apis: House) -> None:
    apis.now += 3600


def _remove_api(apis: House) -> None:
    apis.live = replace(apis.live, apis={})


ENDS: dict[str, Callable[[House], object]] = {
    "the session ended": lambda apis: apis.store.of("contoso").end_session("sid-1"),
    "the client is gone": _remove_client,
    "it expired": _expire,
    "the API is gone": _remove_api,
    "the rules deny": lambda apis: setattr(
        apis.people, "entitlement", replace(apis.people.entitlement, allowed=False, reason="deny")
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_live_means_now(apis: House, end: Callable[[House], object]) -> None:
    """TK-43: nothing is cached"""
    token = signed_in(apis)["access_token"]
    assert told(apis, token)["active"] is True
    end(apis)
    assert told(apis, token) == INACTIVE


def test_a_revoked_grant_is_over_at_once(apis: House) -> None:
    tokens = signed_in(apis)
    apis.post("/revoke", {"token": tokens["refresh_token"]}, APP)
    assert told(apis, tokens["access_token"]) == INACTIVE
    assert told(apis, tokens["refresh_token"], APP) == INACTIVE


def test_roles_that_are_gone_are_not_told(apis: House) -> None:
    token = signed_in(apis)["access_token"]
    assert told(apis, token)["roles"] == ["viewer"]
    apis.people.entitlement = replace(apis.people.entitlement, roles=())
    assert told(apis, token)["roles"] == []


@pytest.mark.parametrize("client", [SERVICE, NOWHERE], ids=["in a tenant", "in none"])
def test_a_workloads_token(apis: House, client: Client) -> None:
    token = (own_token(apis, client, resource=ORDERS.audience).json or {})["access_token"]
    found = told(apis, token)
    assert (found["active"], found["sub"], found["aud"]) == (True, client.client_id, ORDERS.audience)
    assert apis.post("/revoke", {"token": token}, SERVICE if client is NOWHERE else NOWHERE).status_code == 200
    assert told(apis, token)["active"] is True, "TK-45: another client's token stays good"
    assert apis.post("/revoke", {"token": token}, client).status_code == 200
    assert (apis.last_event().event, apis.last_event().sub) == ("token.revoked", client.client_id)
    assert told(apis, token) == INACTIVE


def test_a_workload_in_a_suspended_tenant(apis: House) -> None:
    token = (own_token(apis, EVERYWHERE, tenant="contoso", resource=ORDERS.audience).json or {})["access_token"]
    assert told(apis, token)["roles"] == ["viewer"]
    _suspend(apis)
    assert told(apis, token) == INACTIVE


def test_a_signed_answer_is_for_one_caller(apis: House) -> None:
    """RFC 9701 §5, TK-53"""
    token = signed_in(apis)["access_token"]
    form = {"client_id": "orders-api", "client_secret": SECRET, "token": token}
    accept = {"Accept": "application/token-introspection+jwt"}
    response = apis.http.post("/introspect", data=form, headers=accept)
    assert response.mimetype == "application/token-introspection+jwt"
    answer = response.get_data(as_text=True)
    assert header(answer)["typ"] == "token-introspection+jwt"
    assert claims(answer) == {
        "iss": ISSUER,
        "aud": "orders-api",
        "iat": int(apis.now),
        "token_introspection": {"active": True, "token_type": "Bearer", **claims(token)},
    }
    kid = str(header(answer)["kid"])
    keys = apis.keys.verifying(kid)
    assert jose.verify(answer, keys, ("ES256",), types=("token-introspection+jwt",))
    apis.refused(apis.userinfo(answer), 401, "invalid_token", "typ")


def test_a_signed_answer_about_nothing(apis: House) -> None:
    form = {"client_id": "orders-api", "client_secret": SECRET, "token": "x"}
    accept = {"Accept": "application/token-introspection+jwt"}
    answer = apis.http.post("/introspect", data=form, headers=accept).get_data(as_text=True)
    assert claims(answer)["token_introspection"] == INACTIVE


def test_by_get_and_in_the_url(apis: House) -> None:
    """TK-44"""
    assert apis.http.get("/introspect?token=x").status_code == 405
    in_url = apis.http.post("/introspect?token=x", data={"client_id": "orders-api", "client_secret": SECRET})
    apis.refused(in_url, 400, "invalid_request", "secret_in_query")


def test_who_does_not_prove_itself_hears_nothing(apis: House) -> None:
    """TK-41"""
    token = signed_in(apis)["access_token"]
    wrong = apis.http.post("/introspect", data={"client_id": "app", "client_secret": "x", "token": token})
    apis.refused(wrong, 401, "invalid_client", "client_secret")
    apis.refused(apis.post("/introspect", {"token": token}, SPA), 401, "invalid_client", "client_public")
    assert apis.last_event().event == "introspection.rejected"
    apis.refused(apis.post("/introspect", {}, APP), 400, "invalid_request", "token_missing")


def test_an_apis_own_credentials_get_no_token(apis: House) -> None:
    response = apis.post("/token", {"grant_type": "client_credentials"}, ASKING)
    apis.refused(response, 400, "unauthorized_client", "grant_not_allowed")
