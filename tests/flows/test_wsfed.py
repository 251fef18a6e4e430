"""WS-Federation with SimpleSAMLphp's AD FS module: another implementation's SAML 1.1 tokens in another's envelope."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.conftest import RULES, app_of, installation, who
from tests.idps import processes

pytestmark = pytest.mark.php

KEYED = {"subject": {"from": ["name_id"], "accept_mutable": True}}
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"


def person(name: str, tenant: str) -> dict[str, list[str]]:
    return {
        "uid": [name],
        f"{CLAIMS}/emailaddress": [f"{name}@{tenant}.example"],
        f"{CLAIMS}/name": [f"Name of {name}"],
        "http://schemas.xmlsoap.org/claims/Group": ["staff", "finance"],
        "urn:contoso/department": ["Research"],
    }


def add_wsfed(made: Installation, provider: processes.SimpleSamlPhp, tenant: str, **idp: object) -> None:
    at = f"{made.issuer}/t/{tenant}/wsfed/adfs"
    users = {f"{name}:pw": person(name, tenant) for name in ("alice", "bob")}
    provider.configure(tenant, realms={f"{at}/metadata": {"prp": f"{at}/callback"}}, users=users)
    row = {
        "id": "adfs",
        "name": "AD FS",
        "protocol": "wsfed",
        "vendor": "adfs",
        "metadata": {"url": provider.adfs_metadata_url(tenant)},
        "claim_types": {"urn:contoso/department": "text"},
        **idp,
    }
    department = {"set": {"department": 'incoming["urn:contoso/department"]'}}
    made.tenant(tenant, [row], [f"{tenant}.example"], roles=["admin", "viewer"], claims=[*RULES, department])


@pytest.fixture(scope="module")
def wsfed_broker(folder: Path, simplesamlphp: processes.SimpleSamlPhp) -> Iterator[Installation]:
    """tailspin: its user principal names may key people; wingtip: as profiles have it."""
    made = installation(folder / "wsfed-broker")
    add_wsfed(made, simplesamlphp, "tailspin", logout="upstream", **KEYED)
    add_wsfed(made, simplesamlphp, "wingtip")
    with made.running():
        yield made


def test_user_of_an_ad_fs_without_saml_reaches_the_app(wsfed_broker: Installation, browser: Browser) -> None:
    address = "alice@tailspin.example"
    who(browser, address)
    signed = app_of(wsfed_broker).sign_in(browser, login_hint=address)
    access = signed.access_token
    assert (access["tenant"], access["idp"], access["roles"]) == ("tailspin", "adfs", ["viewer"])
    assert access["department"] == "Research"
    assert (signed.id_token["email"], signed.id_token["name"]) == (address, "Name of alice")


def test_user_principal_name_keys_nobody_unless_the_operator_says_so(
    wsfed_broker: Installation, browser: Browser
) -> None:
    """T7's sibling: AD FS names people by whatever its rules send."""
    who(browser, "alice@wingtip.example")
    app = app_of(wsfed_broker)
    browser.stop = (app.redirect_uri,)
    refused = browser.open(app.start(login_hint="alice@wingtip.example").url).query
    assert refused["error"] == "access_denied"
    assert "objectGUID" in refused["error_description"]


def test_signing_out_here_signs_out_there(wsfed_broker: Installation, browser: Browser) -> None:
    """Over wsignout1.0; the next sign-in asks for the password again."""
    address = "bob@tailspin.example"
    who(browser, address)
    app = app_of(wsfed_broker)
    hint = app.sign_in(browser, login_hint=address).response["id_token"]
    browser.open(f"{wsfed_broker.issuer}/logout?id_token_hint={hint}")
    visited = [page.url for page in browser.trail]
    assert any("wa=wsignout1.0" in url for url in visited)
    assert any("/t/tailspin/wsfed/adfs/callback?name=" in url for url in visited)
    browser.trail.clear()
    app.sign_in(browser, login_hint=address)
    assert any("loginuserpass" in page.url for page in browser.trail)


def test_signing_out_there_signs_out_here(wsfed_broker: Installation, browser: Browser) -> None:
    """SimpleSAMLphp sends the browser here to clean up, and gets it back."""
    address = "alice@tailspin.example"
    who(browser, address)
    app = app_of(wsfed_broker)
    app.sign_in(browser, login_hint=address)
    asked = next(page.url for page in browser.trail if "wa=wsignin1.0" in page.url)
    there = asked.partition("?")[0]
    page = browser.send("GET", f"{there}?wa=wsignout1.0")
    while location := page.headers.get("location"):
        page = browser.send("GET", urljoin(page.url, location), headers={"Referer": there})
    visited = [page.url for page in browser.trail]
    cleaned = next(number for number, url in enumerate(visited) if "wa=wsignoutcleanup1.0" in url)
    assert "assocId=" in visited[cleaned + 1], "the browser went back to where it came from"
    browser.stop = (app.redirect_uri,)
    silent = browser.open(app.start(login_hint=address, prompt="none").url).query
    assert silent["error"] == "login_required"
