"""One broker and one process of each identity provider serve a whole run; every tenant has an IdP of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.app import App
from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.in_process import InProcess, in_process
from tests.flows.upstreams import Upstreams, upstreams
from tests.idps import processes
from tests.postgresql import postgresql_server

__all__ = ["postgresql_server"]  # the fixture, for this folder

APP_SECRET = "app-secret-that-is-at-least-32-characters"
UPSTREAM_SECRET = "upstream-secret-of-the-oidc-provider-tests"
CALLBACK = "http://127.0.0.1:9/callback"  # never dialled: the browser stops there
RULES: list[dict[str, object]] = [
    {"set": {"email": "incoming.email", "name": "incoming.name", "department": "incoming.department"}},
    {"roles": {"from": "incoming.groups", "map": {"staff": "viewer", "Staff": "viewer", "admins": "admin"}}},
]
TENANT: dict[str, object] = {"roles": ["admin", "viewer"], "claims": RULES}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flows")


@pytest.fixture(scope="session")
def oidc_provider(folder: Path) -> Iterator[processes.OidcProvider]:
    with processes.oidc_provider(folder) as provider:
        yield provider


@pytest.fixture(scope="session")
def samlp(folder: Path) -> Iterator[processes.Samlp]:
    with processes.samlp(folder) as provider:
        yield provider


@pytest.fixture(scope="session")
def nearby() -> Iterator[Upstreams]:
    """Identity providers in this process, for stories about the broker itself."""
    with upstreams() as opened:
        yield opened


@pytest.fixture(scope="session")
def one_process(folder: Path) -> Iterator[InProcess]:
    with in_process(folder / "in-process") as made:
        yield made


@pytest.fixture
def here(one_process: InProcess) -> Iterator[InProcess]:
    """A broker whose clock a test may move."""
    yield one_process
    one_process.clock.ahead = 0.0


@pytest.fixture(scope="session")
def simplesamlphp(folder: Path) -> Iterator[processes.SimpleSamlPhp]:
    with processes.simplesamlphp(folder) as provider:
        yield provider


def installation(folder: Path) -> Installation:
    """A broker with two apps and no tenant yet."""
    made = Installation(folder)
    made.client("app", CALLBACK, APP_SECRET, claims=["department"], audience="https://api.example.com")
    made.client("other", "http://127.0.0.1:9/other", APP_SECRET)
    made.client("spa", "http://127.0.0.1:9/spa")
    device = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
    made.write("clients/tv.yaml", {"client_id": "tv", "auth": {"method": "none"}, "grant_types": device})
    return made


def add_oidc(made: Installation, provider: processes.OidcProvider, tenant: str, **settings: object) -> None:
    """The tenant and its OpenID provider; addresses are `…@<tenant>.example`."""
    callback = made.oidc_callback(tenant, "op")
    party = {"client_id": "broker", "client_secret": UPSTREAM_SECRET, "redirect_uris": [callback]}
    issuer = provider.configure(tenant, clients=[party], **settings)
    made.write("secrets/upstream", UPSTREAM_SECRET)
    idp = {"id": "op", "name": "OP", "protocol": "oidc", "vendor": "generic", "issuer": issuer, "client_id": "broker"}
    secret = {"client_secret": {"file": "../secrets/upstream"}}
    made.tenant(tenant, [idp | secret], [f"{tenant}.example"], **TENANT)


def add_saml(made: Installation, provider: processes.SimpleSamlPhp, tenant: str, **idp_options: object) -> None:
    """The tenant and its SimpleSAMLphp; alice and bob have the password `pw`."""
    entity = made.saml_entity(tenant, "ssp")
    service = {"AssertionConsumerService": made.saml_acs(tenant, "ssp")}
    users = {f"{name}:pw": person(name, tenant) for name in ("alice", "bob")}
    url = provider.configure(tenant, idp=idp_options, sps={entity: service}, users=users)
    idp = {"id": "ssp", "name": "SSP", "protocol": "saml", "vendor": "generic", "metadata": {"url": url}}
    made.tenant(tenant, [idp], [f"{tenant}.example"], **TENANT)


def add_samlp(made: Installation, provider: processes.Samlp, tenant: str, **options: object) -> None:
    url = provider.configure(tenant, options=options)
    idp = {"id": "adfs", "name": "AD FS", "protocol": "saml", "vendor": "adfs", "metadata": {"url": url}}
    made.tenant(tenant, [idp], [f"{tenant}.example"], **TENANT)


def person(name: str, tenant: str) -> dict[str, list[str]]:
    return {
        "uid": [name],
        "mail": [f"{name}@{tenant}.example"],
        "displayName": [f"Name of {name}"],
        "department": ["Research"],
        "groups": ["staff"],
    }


@pytest.fixture(scope="session")
def oidc_broker(folder: Path, oidc_provider: processes.OidcProvider) -> Iterator[Installation]:
    """contoso: claims in the ID token; fabrikam: claims at userinfo only."""
    made = installation(folder / "oidc-broker")
    add_oidc(made, oidc_provider, "contoso", conform=False)
    add_oidc(made, oidc_provider, "fabrikam", conform=True)
    with made.running():
        yield made


@pytest.fixture(scope="session")
def saml_broker(folder: Path, simplesamlphp: processes.SimpleSamlPhp, samlp: processes.Samlp) -> Iterator[Installation]:
    """northwind: assertion signed; adatum: both signed; woodgrove, litware: the second XML stack."""
    made = installation(folder / "saml-broker")
    add_saml(made, simplesamlphp, "northwind")
    add_saml(made, simplesamlphp, "adatum", **{"saml20.sign.response": True, "saml20.sign.assertion": True})
    add_samlp(made, samlp, "woodgrove")
    add_samlp(made, samlp, "litware", signResponse=True)
    with made.running():
        yield made


@pytest.fixture
def browser() -> Browser:
    """Knows how to sign in everywhere: `who(browser, "alice@contoso.example")` says as whom."""
    return Browser()


def who(browser: Browser, address: str) -> None:
    name = address.split("@", maxsplit=1)[0]
    username = address if address.endswith(("@woodgrove.example", "@litware.example")) else name
    browser.fill = {"login_hint": address, "login": address, "password": "pw", "username": username}


def app_of(made: Installation, client_id: str = "app", scope: str = "openid profile email") -> App:
    redirect_uri = {"app": CALLBACK}.get(client_id, f"http://127.0.0.1:9/{client_id}")
    return App(made.issuer, client_id, None if client_id == "spa" else APP_SECRET, redirect_uri, scope)
