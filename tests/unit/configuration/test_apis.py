"""`apis/**/*.yaml`: what a good file means."""

from __future__ import annotations

from pathlib import Path

from broker.configuration import check, load, load_deployment, read_folder
from broker.model import Api

from .folders import CLIENT, write

ENVIRON = {"ORDERS_SECRET": "q8Zx0vTn3LrWc5Yd7Ksb2Hgj9Fpm4Ea6"}
ORDERS = """\
audience: https://orders.example.com
name: Orders
scopes: [orders.read, orders.write]
roles: [admin]
tenants: all
introspection:
  clients: [gateway]
  client_id: orders-api
  auth: {method: client_secret_basic, secret: {env: ORDERS_SECRET}}
exchange: {from: [gateway]}
access_token: 5m
access_token_signed_response_alg: RS256
"""


def test_an_api_with_everything(tmp_path: Path) -> None:
    files = {
        "apis/deep/orders.yaml": ORDERS,
        "apis/plain.yaml": "audience: plain\n",
        "clients/gateway.yaml": CLIENT.format(id="gateway") + "apis: [plain]\n",
    }
    write(tmp_path, files)
    found = load(read_folder(tmp_path), load_deployment(tmp_path, {}), environ=ENVIRON, revision=7)
    assert found.apis == {
        "plain": Api("plain", "plain"),
        "https://orders.example.com": Api(
            "https://orders.example.com",
            "Orders",
            scopes=("orders.read", "orders.write"),
            roles=("admin",),
            introspecting=("gateway", "orders-api"),
            exchanging=("gateway",),
            access_token=300,
            access_token_alg="RS256",
        ),
    }
    assert found.clients["gateway"].apis == ("plain",)


def test_an_apis_own_credentials_are_a_client_that_may_do_nothing_but_ask(tmp_path: Path) -> None:
    write(tmp_path, {"apis/orders.yaml": ORDERS, "clients/gateway.yaml": CLIENT.format(id="gateway")})
    found = load(read_folder(tmp_path), load_deployment(tmp_path, {}), environ=ENVIRON, revision=7)
    asking = found.clients["orders-api"]
    assert (asking.grant_types, asking.redirect_uris, asking.scopes, asking.public) == ((), (), (), False)
    assert asking.auth.secret is not None
    assert asking.auth.secret.reveal() == ENVIRON["ORDERS_SECRET"]


def test_a_client_that_may_exchange_and_lacks_the_grant_is_told_of(tmp_path: Path) -> None:
    with_grant = CLIENT.format(id="gateway").replace("{method: none}", "{method: private_key_jwt, jwks_uri: URL}")
    with_grant = with_grant.replace("URL", '"https://gateway.example.com/jwks"')
    with_grant += 'grant_types: [authorization_code, "urn:ietf:params:oauth:grant-type:token-exchange"]\n'
    files = {"apis/orders.yaml": ORDERS, "clients/gateway.yaml": CLIENT.format(id="gateway")}
    [problem] = check(write(tmp_path / "without", files), ENVIRON)
    assert problem.warning
    assert str(problem) == (
        "apis/orders.yaml:10:19: exchange.from[0]: `gateway` exchanges nothing: it lacks the grant "
        "urn:ietf:params:oauth:grant-type:token-exchange; add the grant to the client"
    )
    assert check(write(tmp_path / "with", {**files, "clients/gateway.yaml": with_grant}), ENVIRON) == []


def test_which_clients_may_bring_a_providers_tokens(tmp_path: Path) -> None:
    provider = (
        "id: a\nidentity_providers:\n"
        '  - {id: op, protocol: oidc, issuer: "https://a.idp.example.com", client_id: broker, client_auth: none,\n'
        "     token_exchange: {clients: [gateway], audiences: [gateway-at-op]}}\n"
    )
    write(tmp_path, {"tenants/a.yaml": provider, "clients/gateway.yaml": CLIENT.format(id="gateway")})
    found = load(read_folder(tmp_path), load_deployment(tmp_path, {}), environ=ENVIRON, revision=7)
    settings = found.tenants["a"].identity_providers["op"].oidc
    assert settings is not None
    assert (settings.presented_by, settings.presented_audiences) == (("gateway",), ("gateway-at-op",))
    (tmp_path / "clients/gateway.yaml").unlink()
    assert [str(problem) for problem in check(tmp_path, ENVIRON)] == [
        (
            "tenants/a.yaml:4:33: identity_providers[0].token_exchange.clients[0]: there is no client `gateway`; "
            "mend the id, or remove it"
        )
    ]
