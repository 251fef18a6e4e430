"""The demo's SAML identity provider signs what it says, and answers nobody it cannot read."""

from __future__ import annotations

import base64
import zlib
from urllib.parse import urlencode

import pytest
import xmlsec
from flask.testing import FlaskClient
from lxml import etree

from broker.demo import saml_idp
from broker.demo.assertion import ASSERTION, KeyPair, instant, make_key_pair
from broker.demo.browser import Forms
from broker.demo.people import CONTOSO

NOW = 1_795_000_000.0
ACS = "https://sp.example/t/contoso/saml/adfs/acs"
REQUEST = (
    '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_one" Version="2.0"'
    f' AssertionConsumerServiceURL="{ACS}">'
    '<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.example</saml:Issuer>'
    "</samlp:AuthnRequest>"
)


def deflated(document: str) -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(document.encode()) + packer.flush()).decode()


@pytest.fixture(scope="module")
def keys() -> KeyPair:
    return make_key_pair("test")


@pytest.fixture
def idp(keys: KeyPair) -> FlaskClient:
    return saml_idp.create("http://idp.example", "Contoso", CONTOSO, keys, lambda: NOW).test_client()


def respond(idp: FlaskClient, email: str = CONTOSO[0].email) -> etree._Element:
    form = {"SAMLRequest": deflated(REQUEST), "RelayState": "there & back", "email": email}
    page = Forms()
    page.feed(idp.post("/sso", data=form).get_data(as_text=True))
    assert page.found[0].action == ACS
    assert page.found[0].fields["RelayState"] == "there & back"
    return etree.fromstring(base64.b64decode(page.found[0].fields["SAMLResponse"]))


def test_assertion_s_signature_verifies_with_the_metadata_s_certificate(idp: FlaskClient, keys: KeyPair) -> None:
    assert keys.body in idp.get("/metadata").get_data(as_text=True)
    response = respond(idp)
    xmlsec.tree.add_ids(response, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(keys.certificate, xmlsec.constants.KeyDataFormatCertPem)
    context.verify(xmlsec.tree.find_node(response, "Signature"))


def test_changed_assertion_no_longer_verifies(idp: FlaskClient, keys: KeyPair) -> None:
    response = respond(idp)
    response.find(f".//{{{ASSERTION}}}NameID").text = "somebody else"
    xmlsec.tree.add_ids(response, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(keys.certificate, xmlsec.constants.KeyDataFormatCertPem)
    with pytest.raises(xmlsec.Error):
        context.verify(xmlsec.tree.find_node(response, "Signature"))


def test_response_answers_the_request_and_ends_soon(idp: FlaskClient) -> None:
    confirmation = respond(idp).find(f".//{{{ASSERTION}}}SubjectConfirmationData")
    assert confirmation.get("InResponseTo") == "_one"
    assert confirmation.get("Recipient") == ACS
    assert confirmation.get("NotOnOrAfter") == instant(NOW + 300)


def test_page_lists_the_people_and_keeps_the_request(idp: FlaskClient) -> None:
    query = urlencode({"SAMLRequest": "<&>", "RelayState": '"'})
    page = Forms()
    page.feed(idp.get(f"/sso?{query}").get_data(as_text=True))
    assert page.found[0].fields == {"SAMLRequest": "<&>", "RelayState": '"'}
    assert page.found[0].buttons == [("email", person.email) for person in CONTOSO]


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "not base64!",
        base64.b64encode(b"not deflated").decode(),
        deflated("not XML"),
        deflated("<other/>"),
        deflated(REQUEST.replace(' ID="_one"', "")),
        deflated("<!DOCTYPE a [" + "<!ENTITY b 'c'>" * 9000 + "]><a/>"),
    ],
)
def test_unreadable_request_is_refused(idp: FlaskClient, encoded: str) -> None:
    assert idp.post("/sso", data={"SAMLRequest": encoded, "email": CONTOSO[0].email}).status_code == 400


def test_unknown_person_is_refused(idp: FlaskClient) -> None:
    assert idp.post("/sso", data={"SAMLRequest": deflated(REQUEST), "email": "eve@evil.example"}).status_code == 400
