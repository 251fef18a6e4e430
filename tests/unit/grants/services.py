"""A house with resource servers and workloads: who may ask for what, and in whose name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from werkzeug.test import TestResponse

from broker.model import Api, Client, Configuration
from tests.unit.grants.house import ALL_SCOPES, SPA, WEB, House, claims, configuration

ASKING = replace(WEB, client_id="orders-api", redirect_uris=(), grant_types=(), scopes=(), audience=None)
ORDERS = Api(
    "https://orders.example.com",
    "Orders",
    scopes=("orders.read", "orders.write"),
    roles=("admin", "viewer"),
    introspecting=("orders-api",),
    exchanging=("gateway",),
    access_token=300,
    access_token_alg="RS256",
)
STOCK = Api("https://stock.example.com", "Stock", scopes=("stock.read",), roles=("admin",), tenants=("contoso",))
ARCHIVE = Api("https://archive.example.com", "Archive", scopes=("orders.read",))
APIS = (ORDERS.audience, STOCK.audience, ARCHIVE.audience)
API_SCOPES = ("orders.read", "orders.write", "stock.read")

APP = replace(
    WEB,
    client_id="app",
    apis=(*APIS, "https://front.example.com"),
    grant_types=("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"),
    scopes=(*ALL_SCOPES, *API_SCOPES, "plain"),
)
SERVICE = replace(
    WEB,
    client_id="nightly",
    redirect_uris=(),
    grant_types=("client_credentials",),
    scopes=("openid", "profile", *API_SCOPES, "plain"),
    apis=APIS,
    audience=None,
    tenants=("contoso",),
)
EVERYWHERE = replace(SERVICE, client_id="everywhere", tenants=None, roles=("viewer",))
NOWHERE = replace(SERVICE, client_id="nowhere", tenant_claims=False, tenants=None)
LOUD = replace(SPA, client_id="loud", grant_types=("client_credentials",))
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
FRONT = Api("https://front.example.com", "Front", ("orders.read",), exchanging=("app",))
GATEWAY = replace(
    SERVICE,
    client_id="gateway",
    grant_types=(EXCHANGE, "client_credentials"),
    scopes=("email", *API_SCOPES),
    audience=FRONT.audience,
    claims=("department",),
    tenants=None,
)
SERVICES = {
    "nightly": ("viewer", "admin"),
    "gateway": ("viewer",),
    "everywhere": ("viewer", "admin"),
    "nowhere": ("admin",),
}


def world(*more: Client) -> Configuration:
    live = configuration(WEB, SPA, APP, SERVICE, EVERYWHERE, NOWHERE, LOUD, ASKING, GATEWAY, *more)
    tenants = {name: replace(tenant, services=SERVICES) for name, tenant in live.tenants.items()}
    return replace(live, tenants=tenants, apis={api.audience: api for api in (ORDERS, STOCK, ARCHIVE, FRONT)})


def own_token(house: House, client: Client, **form: Any) -> TestResponse:
    return house.post("/token", {"grant_type": "client_credentials", **form}, client)


def own_claims(house: House, client: Client, **form: Any) -> dict[str, Any]:
    response = own_token(house, client, **form)
    assert response.status_code == 200, response.json
    return claims((response.json or {})["access_token"])
