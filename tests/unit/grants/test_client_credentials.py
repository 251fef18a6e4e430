"""RFC 6749 §4.4 and contract section 3: a workload's own token."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.model import Client, SignInPolicy

from .house import ISSUER, House, claims, header
from .services import EVERYWHERE, LOUD, NOWHERE, ORDERS, SERVICE, STOCK, own_claims, own_token, world


@pytest.fixture
def services(house: House) -> House:
    house.live = world()
    return house


def test_a_workload_speaks_for_itself_in_its_one_tenant(services: House) -> None:
    response = own_token(services, SERVICE)
    answer = dict(response.json or {})
    token = answer.pop("access_token")
    assert answer == {"token_type": "Bearer", "expires_in": 600, "scope": "plain"}
    assert response.headers["Cache-Control"] == "no-store"
    found = claims(token)
    assert header(token)["typ"] == "at+jwt"
    assert found.pop("jti")
    assert found == {
        "iss": ISSUER,
        "sub": "nightly",
        "client_id": "nightly",
        "aud": ISSUER,
        "iat": services.now,
        "exp": services.now + 600,
        "scope": "plain",
        "tenant": "contoso",
        "roles": ["viewer", "admin"],
        "cfg": 7,
    }


def test_it_is_audited(services: House) -> None:
    own_token(services, SERVICE)
    event = services.last_event()
    assert (event.event, event.outcome) == ("workload.token_issued", "success")
    assert (event.client_id, event.tenant, event.sub, event.idp, event.sid) == (
        "nightly",
        "contoso",
        "nightly",
        None,
        None,
    )


def test_roles_are_those_of_tenant_client_and_api_together(services: House) -> None:
    assert own_claims(services, EVERYWHERE, tenant="fabrikam")["roles"] == ["viewer"]
    assert own_claims(services, EVERYWHERE, tenant="fabrikam", resource=ORDERS.audience)["roles"] == ["viewer"]
    assert own_claims(services, EVERYWHERE, tenant="contoso", resource=STOCK.audience)["roles"] == []
    assert own_claims(services, SERVICE, resource=STOCK.audience)["roles"] == ["admin"]


def test_a_tenant_that_lists_no_such_service_gives_it_no_role(services: House) -> None:
    tenants = {name: replace(tenant, services={}) for name, tenant in services.live.tenants.items()}
    services.live = replace(services.live, tenants=tenants)
    assert own_claims(services, SERVICE)["roles"] == []


def test_a_client_without_tenant_claims_speaks_for_no_tenant(services: House) -> None:
    found = own_claims(services, NOWHERE)
    assert (found["sub"], "tenant" in found, "roles" in found) == ("nowhere", False, False)
    assert services.last_event().tenant is None


@pytest.mark.parametrize(
    ("client", "form", "reason"),
    [
        (EVERYWHERE, {"tenant": "nobody"}, "tenant_unknown"),
        (SERVICE, {"tenant": "nobody"}, "tenant_unknown"),
        (SERVICE, {"tenant": "fabrikam"}, "client_tenant"),
        (NOWHERE, {"tenant": "nobody"}, "tenant_unknown"),
        (LOUD, {}, "client_public"),
    ],
)
def test_who_may_not(services: House, client: Client, form: dict[str, str], reason: str) -> None:
    """TK-08: a public client has no tokens of its own."""
    services.refused(own_token(services, client, **form), 400, "unauthorized_client", reason)


def test_all_other_organisations_look_the_same(services: House) -> None:
    texts = set()
    for tenant in ("nobody", "fabrikam"):
        answer = own_token(services, SERVICE, tenant=tenant).json or {}
        texts.add(answer["error_description"].rpartition(" (ref")[0])
    assert len(texts) == 1


def test_a_suspended_tenant_and_one_that_does_not_allow_the_client(services: House) -> None:
    contoso = services.live.tenants["contoso"]
    services.live = replace(services.live, tenants={"contoso": replace(contoso, active=False)})
    services.refused(own_token(services, SERVICE), 400, "unauthorized_client", "tenant_suspended")
    policy = SignInPolicy(allowed_clients=frozenset({"web"}))
    services.live = replace(services.live, tenants={"contoso": replace(contoso, sign_in=policy)})
    services.refused(own_token(services, SERVICE), 400, "unauthorized_client", "client_not_allowed")


def test_several_tenants_and_none_named(services: House) -> None:
    services.refused(own_token(services, EVERYWHERE), 400, "invalid_request", "tenant_missing")


def test_scopes_are_the_clients_own_and_never_openid(services: House) -> None:
    assert own_claims(services, SERVICE, resource=ORDERS.audience)["scope"] == "orders.read orders.write plain"
    asked = own_token(services, SERVICE, scope="openid plain unknown").json or {}
    assert (asked["scope"], "id_token" in asked, "refresh_token" in asked) == ("plain", False, False)
    services.refused(own_token(services, SERVICE, scope="openid"), 400, "invalid_scope", "scope")
    elsewhere = own_token(services, SERVICE, scope="stock.read", resource=ORDERS.audience)
    services.refused(elsewhere, 400, "invalid_scope", "scope")


def test_an_api_says_how_long_and_by_which_algorithm(services: House) -> None:
    response = own_token(services, SERVICE, resource=ORDERS.audience).json or {}
    found = claims(response["access_token"])
    assert (response["expires_in"], found["exp"] - found["iat"], found["aud"]) == (300, 300, ORDERS.audience)
    assert header(response["access_token"])["alg"] == "RS256"


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"resource": "https://nowhere.example.com"}, "target_unknown"),
        ({"resource": "orders"}, "target_syntax"),
        ({"resource": [ORDERS.audience, STOCK.audience]}, "target_together"),
    ],
)
def test_resources_that_it_may_not_have(services: House, form: dict[str, Any], reason: str) -> None:
    services.refused(own_token(services, SERVICE, **form), 400, "invalid_target", reason)


def test_an_api_that_the_tenant_may_not_use(services: House) -> None:
    response = own_token(services, EVERYWHERE, tenant="fabrikam", resource=STOCK.audience)
    services.refused(response, 400, "invalid_target", "target_tenant")


def test_a_workload_is_nobody_at_userinfo(services: House) -> None:
    """TK-28"""
    token = (own_token(services, SERVICE).json or {})["access_token"]
    services.refused(services.userinfo(token), 403, "insufficient_scope", "scope")
