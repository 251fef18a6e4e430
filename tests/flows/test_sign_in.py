"""A tenant's user signs in at the tenant's own identity provider, and a stock client gets our verified token."""

from __future__ import annotations

import pytest

from tests.flows.broker_process import Installation
from tests.flows.browser import Browser
from tests.flows.conftest import app_of, who

SAML = [
    pytest.param("northwind", "ssp", marks=pytest.mark.php),
    pytest.param("adatum", "ssp", marks=pytest.mark.php),
    pytest.param("woodgrove", "adfs"),
    pytest.param("litware", "adfs"),
]


def assert_is_about(signed: object, tenant: str, idp: str, address: str) -> None:
    id_token, access = signed.id_token, signed.access_token  # type: ignore[attr-defined]  # either kind of result
    assert access["tenant"] == tenant
    assert access["idp"] == idp
    assert access["aud"] == "https://api.example.com"
    assert access["client_id"] == "app"
    assert access["roles"] == ["viewer"]
    assert access["department"] == "Research" if idp != "adfs" else "department" not in access
    assert id_token["email"] == address
    assert id_token["sub"] == access["sub"]
    assert address.split("@", maxsplit=1)[0] not in id_token["sub"], "sub is opaque"


@pytest.mark.node
@pytest.mark.parametrize("tenant", ["contoso", "fabrikam"])
def test_oidc_user_reaches_the_app_with_the_tenant_s_token(
    oidc_broker: Installation, browser: Browser, tenant: str
) -> None:
    address = f"alice@{tenant}.example"
    who(browser, address)
    signed = app_of(oidc_broker).sign_in(browser, login_hint=address)
    assert_is_about(signed, tenant, "op", address)


@pytest.mark.node
@pytest.mark.php
@pytest.mark.parametrize(("tenant", "idp"), SAML)
def test_saml_user_reaches_the_app_with_the_tenant_s_token(
    saml_broker: Installation, browser: Browser, tenant: str, idp: str
) -> None:
    address = f"alice@{tenant}.example"
    who(browser, address)
    signed = app_of(saml_broker).sign_in(browser, login_hint=address)
    assert_is_about(signed, tenant, idp, address)


@pytest.mark.node
def test_typed_address_leads_to_the_tenant_s_identity_provider(oidc_broker: Installation, browser: Browser) -> None:
    who(browser, "bob@fabrikam.example")
    assert app_of(oidc_broker).sign_in(browser).access_token["tenant"] == "fabrikam"


@pytest.mark.node
def test_subject_is_stable_for_a_person_and_differs_between_tenants(oidc_broker: Installation) -> None:
    subjects = []
    for address in ("alice@contoso.example", "alice@contoso.example", "alice@fabrikam.example"):
        browser = Browser()
        who(browser, address)
        subjects.append(app_of(oidc_broker).sign_in(browser, login_hint=address).id_token["sub"])
    assert subjects[0] == subjects[1] != subjects[2]


@pytest.mark.node
def test_second_app_needs_no_second_trip_to_the_identity_provider(oidc_broker: Installation, browser: Browser) -> None:
    who(browser, "alice@contoso.example")
    first = app_of(oidc_broker).sign_in(browser, tenant="contoso")
    browser.trail.clear()
    second = app_of(oidc_broker, "other").sign_in(browser, tenant="contoso")
    assert {page.url.split("/")[2] for page in browser.trail} == {oidc_broker.issuer.split("/")[2], "127.0.0.1:9"}
    assert second.id_token["sub"] == first.id_token["sub"]
    assert second.id_token["sid"] == first.id_token["sid"]


@pytest.mark.node
def test_refresh_userinfo_and_revocation_of_a_public_client(oidc_broker: Installation, browser: Browser) -> None:
    who(browser, "alice@contoso.example")
    app = app_of(oidc_broker, "spa", "openid profile email offline_access")
    signed = app.sign_in(browser, tenant="contoso")
    userinfo = app.userinfo(signed.response["access_token"])
    assert userinfo.json()["sub"] == signed.id_token["sub"]
    rotated = app.refresh(signed.response["refresh_token"])
    assert rotated["refresh_token"] != signed.response["refresh_token"]
    assert app.revoke(rotated["refresh_token"]).status_code == 200
    assert app.userinfo(rotated["access_token"]).status_code == 401
