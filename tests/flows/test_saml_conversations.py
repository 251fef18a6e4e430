"""SimpleSAMLphp as counterpart: posted and signed requests, its own portal, and single logout both ways."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests

from tests.flows.broker_process import Installation
from tests.flows.browser import Browser, Page
from tests.flows.conftest import APP_SECRET, CALLBACK, TENANT, app_of, person, who
from tests.idps import processes

TENANT_ID = "proseware"
START = "http://127.0.0.1:9/start"
PERSON = f"alice@{TENANT_ID}.example"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
AT_IDP = f"/{TENANT_ID}/saml2/idp/"

pytestmark = pytest.mark.php


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, simplesamlphp: processes.SimpleSamlPhp) -> Iterator[Installation]:
    """The IdP accepts nothing of ours that is not signed with the key of our metadata."""
    made = Installation(tmp_path_factory.mktemp("conversations") / "broker")
    made.client("app", CALLBACK, APP_SECRET, audience="https://api.example.com", initiate_login_uri=START)
    made.tenant(TENANT_ID, [provider(simplesamlphp)], [f"{TENANT_ID}.example"], **TENANT)
    with made.running():
        configure(made, simplesamlphp)
        yield made


def provider(idp: processes.SimpleSamlPhp) -> dict[str, object]:
    return {
        "id": "ssp",
        "protocol": "saml",
        "vendor": "generic",
        "metadata": {"url": idp.metadata_url(TENANT_ID)},
        "request_binding": "post",
        "sign_requests": True,
        "unsolicited": {"allowed_targets": ["app"]},
        "logout": "upstream",
        "encryption": {"allow_cbc": True},
    }


def configure(made: Installation, idp: processes.SimpleSamlPhp, **more: object) -> None:
    ours = requests.get(made.saml_entity(TENANT_ID, "ssp"), timeout=20).text
    found = re.search(r"X509Certificate>([^<]+)<", ours)
    assert found
    assert f'SingleLogoutService Binding="{REDIRECT}"' in ours
    service = {
        "AssertionConsumerService": made.saml_acs(TENANT_ID, "ssp"),
        "SingleLogoutService": f"{made.issuer}/t/{TENANT_ID}/saml/ssp/slo",
        "certData": found[1],
        "validate.authnrequest": True,
        "validate.logout": True,
        "sign.logout": True,
        **more,
    }
    hosted = {"SingleSignOnServiceBinding": [REDIRECT, POST], "sign.logout": True}
    users = {f"{name}:pw": person(name, TENANT_ID) for name in ("alice", "bob")}
    idp.configure(TENANT_ID, idp=hosted, sps={made.saml_entity(TENANT_ID, "ssp"): service}, users=users)


def signed_in(broker: Installation) -> Browser:
    browser = Browser()
    who(browser, PERSON)
    app_of(broker).sign_in(browser, login_hint=PERSON)
    return browser


def still_signed_in(broker: Installation, browser: Browser) -> bool:
    started = app_of(broker).start(prompt="none", tenant=TENANT_ID)
    browser.stop = (CALLBACK,)
    return "code" in browser.open(started.url).query


def out_at_the_broker(broker: Installation, browser: Browser) -> Page:
    """/logout, confirmed as a person would."""
    return browser.open(f"{broker.issuer}/logout")


def test_signed_request_travels_as_a_form(broker: Installation) -> None:
    browser = signed_in(broker)
    forms = [form for page in browser.trail if page.url.startswith(broker.issuer) for form in page.forms]
    (asked,) = (form for form in forms if "SAMLRequest" in form.fields)
    assert asked.action.endswith(f"{AT_IDP}SSOService.php")
    assert b"<ds:Signature" in base64.b64decode(asked.fields["SAMLRequest"])
    assert still_signed_in(broker, browser)


def test_portal_leads_to_the_application_that_then_signs_in_without_asking(
    broker: Installation, simplesamlphp: processes.SimpleSamlPhp
) -> None:
    browser = Browser(stop=(START,))
    who(browser, PERSON)
    entity = quote(broker.saml_entity(TENANT_ID, "ssp"), safe="")
    page = browser.open(f"{simplesamlphp.origin}{AT_IDP}SSOService.php?spentityid={entity}&RelayState=app")
    assert page.url.startswith(f"{START}?"), page.text[:2000]
    assert page.query == {"iss": broker.issuer}
    at_idp = len([page for page in browser.trail if AT_IDP in page.url])
    signed = app_of(broker).sign_in(browser)
    assert (signed.access_token["tenant"], signed.id_token["email"]) == (TENANT_ID, PERSON)
    assert len([page for page in browser.trail if AT_IDP in page.url]) == at_idp, "the session was found"


def test_signing_out_at_the_broker_signs_out_at_the_idp(broker: Installation) -> None:
    """T9, with an IdP that compares what it is sent: only the exact NameID and SessionIndex end its session."""
    browser = signed_in(broker)
    page = out_at_the_broker(broker, browser)
    assert "signed out" in page.text.lower(), page.text[:2000]
    answers = [page for page in browser.trail if "SAMLResponse=" in page.url and page.url.startswith(broker.issuer)]
    assert len(answers) == 1
    assert not still_signed_in(broker, browser)
    browser.fill.clear()
    browser.stop = (CALLBACK,)
    asked = browser.open(app_of(broker).start(tenant=TENANT_ID).url)
    assert 'name="password"' in asked.text, "the IdP asks for the password again"
    events = broker.command("audit", "list", "--json").stdout
    assert '"logout.upstream"' in events


def test_signing_out_at_the_idp_signs_out_here(broker: Installation, simplesamlphp: processes.SimpleSamlPhp) -> None:
    browser = signed_in(broker)
    assert still_signed_in(broker, browser)
    browser.stop = ("http://127.0.0.1:9/gone",)
    page = browser.open(f"{simplesamlphp.origin}{AT_IDP}initSLO.php?RelayState=http://127.0.0.1:9/gone")
    assert any("/slo?SAMLRequest=" in page.url for page in browser.trail), page.text[:2000]
    assert not still_signed_in(broker, browser)


def test_name_that_the_idp_encrypts_ends_the_session_too(
    broker: Installation, simplesamlphp: processes.SimpleSamlPhp
) -> None:
    """SE-12: its LogoutRequest names the person in an EncryptedID."""
    configure(broker, simplesamlphp, **{"nameid.encryption": True})
    browser = signed_in(broker)
    browser.stop = ("http://127.0.0.1:9/gone",)
    page = browser.open(f"{simplesamlphp.origin}{AT_IDP}initSLO.php?RelayState=http://127.0.0.1:9/gone")
    requests_ = [page.query["SAMLRequest"] for page in browser.trail if "/slo?SAMLRequest=" in page.url]
    assert requests_, page.text[:2000]
    assert b"EncryptedID" in zlib.decompress(base64.b64decode(requests_[0]), -15)
    assert not still_signed_in(broker, browser)
