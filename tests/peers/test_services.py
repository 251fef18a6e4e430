"""Stock libraries as services: requests-oauthlib and Authlib get tokens; PyJWT and /introspect read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

from tests.flows.broker_process import Installation

SECRET = "a secret of a service: 32 characters and+more"
ORDERS = "https://orders.example.com"
Fetch = Callable[[Installation], dict[str, Any]]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("services"))
    folder: Path = made.folder
    for name in ("nightly", "orders-api"):
        made.write(f"secrets/{name}", SECRET)
    auth = {"method": "client_secret_basic", "secret": {"file": f"{folder}/secrets/nightly"}}
    made.write(
        "clients/nightly.yaml",
        {
            "client_id": "nightly",
            "auth": auth,
            "grant_types": ["client_credentials"],
            "scopes": ["orders.read"],
            "apis": [ORDERS],
            "tenants": ["contoso"],
        },
    )
    asking = {"client_id": "orders-api", "auth": {**auth, "secret": {"file": f"{folder}/secrets/orders-api"}}}
    made.write("apis/orders.yaml", {"audience": ORDERS, "scopes": ["orders.read"], "introspection": asking})
    idp = {"id": "op", "protocol": "oidc", "issuer": "http://127.0.0.1:9", "client_id": "b", "client_auth": "none"}
    tenant = {"id": "contoso", "identity_providers": [idp], "roles": ["viewer"]}
    made.write("tenants/contoso.yaml", {**tenant, "services": [{"client": "nightly", "roles": ["viewer"]}]})
    with made.running():
        yield made


def with_requests_oauthlib(made: Installation) -> dict[str, Any]:
    session = OAuth2Session(client=BackendApplicationClient(client_id="nightly"))
    url = f"{made.issuer}/token"
    return dict(session.fetch_token(url, client_id="nightly", client_secret=SECRET, resource=ORDERS))


def with_authlib(made: Installation) -> dict[str, Any]:
    session = AuthlibSession("nightly", SECRET, token_endpoint_auth_method="client_secret_basic")
    return dict(session.fetch_token(f"{made.issuer}/token", grant_type="client_credentials", resource=ORDERS))


@pytest.mark.parametrize("fetch", [with_requests_oauthlib, with_authlib], ids=["requests-oauthlib", "authlib"])
def test_a_service_gets_a_token_that_its_api_can_read(
    services: Installation, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # loopback
    token = fetch(services)["access_token"]
    key = jwt.PyJWKClient(f"{services.issuer}/jwks").get_signing_key_from_jwt(token)
    found = jwt.decode(token, key, ["ES256"], audience=ORDERS, issuer=services.issuer)
    assert (found["sub"], found["tenant"], found["roles"]) == ("nightly", "contoso", ["viewer"])
    assert found["scope"] == "orders.read"
    asked = requests.post(
        f"{services.issuer}/introspect", data={"token": token}, auth=("orders-api", SECRET), timeout=10
    )
    assert asked.json()["active"] is True
    assert asked.json()["sub"] == "nightly"
