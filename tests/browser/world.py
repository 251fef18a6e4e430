"""Four registrable domains over TLS: the broker, two identity providers that we did not write, and two apps.

Names lead to this machine by Chromium's resolver rules, so broker and apps have origins without a port. The identity
providers keep one, and listen on this machine's own address, because the broker speaks to them as in earnest: it
looks the name up, refuses loopback, and checks the certificate.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

import broker.app
from broker.model import AuditEvent
from broker.store import Store
from tests.browser.apps import AppSite
from tests.browser.certificates import Authority
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.sites import Door, Reach, door
from tests.flows.broker_process import Installation
from tests.flows.conftest import APP_SECRET, add_oidc, add_saml
from tests.idps import processes

BROKER = "login.broker-example.com"
SAML_IDP = "idp.northwind-example.net"
OIDC_IDP = "op.fabrikam-example.org"
EXPENSES = "app.expenses-example.io"
TRAVEL = "app.travel-example.dev"
SAML_TENANT, OIDC_TENANT = "northwind", "fabrikam"


class OverTls(Installation):
    @property
    def issuer(self) -> str:
        return f"https://{BROKER}"


@dataclass(frozen=True)
class World:
    chromium: Browser
    store: Store
    front: Door
    expenses: AppSite
    travel: AppSite
    issuer: str = f"https://{BROKER}"

    def events(self) -> tuple[AuditEvent, ...]:
        return tuple(stored.event for stored in self.store.deployment.events(limit=1000))

    def newest(self) -> AuditEvent:
        return self.events()[-1]


@contextmanager
def world(folder: Path, address: str) -> Iterator[World]:
    """address: this machine's own, where the identity providers listen."""
    authority = Authority(folder)
    with ExitStack() as stack:
        idps = {host: stack.enter_context(door(authority, [host], address)) for host in (SAML_IDP, OIDC_IDP)}
        front = stack.enter_context(door(authority, [BROKER, f"*.{BROKER}"]))
        shops = {host: stack.enter_context(door(authority, [host])) for host in (EXPENSES, TRAVEL)}
        made = installation(folder / "broker", address)
        stack.enter_context(identity_providers(folder, made, idps))
        apps = {
            host: AppSite(made.issuer, name, APP_SECRET, f"https://{host}", Reach(front, authority.file))
            for host, name in ((EXPENSES, "app"), (TRAVEL, "other"))
        }
        for host, app in apps.items():
            shops[host].behind = app.site()
        store = stack.enter_context(serve_broker(made, front, authority.file, address))
        chromium = stack.enter_context(browser(authority, [front, *shops.values()], list(idps), address))
        yield World(chromium, store, front, apps[EXPENSES], apps[TRAVEL])


def installation(folder: Path, address: str) -> OverTls:
    made = OverTls(folder)
    deployment = {"issuer": made.issuer, "database": f"sqlite:///{folder}/broker.db"}
    made.write("broker.yaml", {**deployment, "outbound": {"private_networks": [f"{address}/32"]}})
    left = {"post_logout_redirect_uris": [f"https://{EXPENSES}/left"]}
    made.client("app", f"https://{EXPENSES}/callback", APP_SECRET, **left)
    made.client("other", f"https://{TRAVEL}/callback", APP_SECRET)
    return made


@contextmanager
def identity_providers(folder: Path, made: Installation, doors: dict[str, Door]) -> Iterator[None]:
    """SimpleSAMLphp and npm oidc-provider, each with one tenant, behind their doors."""
    origins = {host: f"https://{host}:{opened.port}" for host, opened in doors.items()}
    with (
        processes.simplesamlphp(folder, origins[SAML_IDP]) as saml,
        processes.oidc_provider(folder, origins[OIDC_IDP]) as oidc,
    ):
        doors[SAML_IDP].proxy(saml.listens, SAML_TENANT)
        doors[OIDC_IDP].proxy(oidc.listens, OIDC_TENANT)
        add_saml(made, saml, SAML_TENANT)
        add_oidc(made, oidc, OIDC_TENANT)
        yield


@contextmanager
def serve_broker(made: Installation, front: Door, authority: Path, address: str) -> Iterator[Store]:
    """The broker as `serve` makes it, in threads of this process; only name look-ups and trust are the test's."""

    def resolve(host: str) -> list[str]:
        if host not in {SAML_IDP, OIDC_IDP}:
            raise OSError("no such name")
        return [address]

    broker.app.prepare(made.folder, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority))
        application = broker.app.create(made.folder, {}, resolve=resolve, upkeep=False)
    front.behind = application
    store: Store = application.extensions["broker"].store
    yield store
    store.close()


@contextmanager
def browser(authority: Authority, local: list[Door], idps: list[str], address: str) -> Iterator[Browser]:
    rules = [f"MAP {opened.host} 127.0.0.1:{opened.port}" for opened in local]
    rules += [f"MAP *.{BROKER} 127.0.0.1:{local[0].port}", *(f"MAP {host} {address}" for host in idps)]
    told = [
        f"--host-resolver-rules={', '.join([*rules, 'MAP * ~NOTFOUND'])}",
        f"--ignore-certificate-errors-spki-list={authority.pin}",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *told])
        yield chromium
        chromium.close()
