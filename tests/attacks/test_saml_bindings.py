"""What reaches the SAML addresses in another form than they take, and what a good answer may not say."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest

from tests.attacks.world import FORM, World, query
from tests.idps.saml_logout import deflated, signed_query
from tests.idps.saml_signer import SAML, SAMLP, signer

ACS = "/t/contoso/saml/adfs/acs"
SLO = "/t/contoso/saml/adfs-portal/slo"
ASKED = f'<samlp:AuthnRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_1" Version="2.0" IssueInstant="x"/>'
MAIL = '<saml:Attribute Name="email">{}</saml:Attribute>'
VALUE = "<saml:AttributeValue>{}</saml:AttributeValue>"


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/xml", "application/samlresponse"])
def test_only_a_form_brings_an_answer(secure: World, content_type: str) -> None:
    """SB-04: whatever else the body is, it holds no field SAMLResponse."""
    under_way = secure.begin("contoso", "adfs")
    body = urlencode(under_way.honest().form, doseq=True)

    def act() -> object:
        return under_way.browser.post(ACS, base_url=secure.issuer, data=body, content_type=content_type)

    secure.assert_refused(act, "saml_response", "saml.rejected")  # type: ignore[arg-type]  # a response


@pytest.mark.parametrize("path", [ACS, SLO])
def test_huge_body_is_not_read(secure: World, path: str) -> None:
    """SB-07: refused by the length that it announces."""
    body = b"SAMLResponse=" + b"A" * (3 * 1_048_576)
    response = secure.browser().post(path, base_url=secure.issuer, data=body, content_type=FORM)
    assert response.status_code == 413


def test_nobody_asks_us_to_sign_people_in(secure: World) -> None:
    """SB-14, SB-38: there is no IdP role, so no AuthnRequest and no AssertionConsumerServiceURL is ever looked at."""
    for path in ("/t/contoso/saml/adfs/sso", "/t/contoso/saml/sso", "/saml/sso"):
        assert secure.browser().get(path, base_url=secure.issuer).status_code == 404
    asked = f"{SLO}?{signed_query('SAMLRequest', deflated(ASKED.encode()), signer('idp'))}"
    secure.assert_refused(lambda: secure.browser().get(asked, base_url=secure.issuer), "root", "saml.logout_rejected")
    form = {"SAMLRequest": base64.b64encode(ASKED.encode()).decode()}
    secure.assert_refused(
        lambda: secure.browser().post(SLO, base_url=secure.issuer, data=form), "root", "saml.logout_rejected"
    )


def email_of(world: World, attributes: str) -> object:
    under_way = world.begin("contoso", "adfs")
    code = under_way.finish(under_way.honest(attributes=attributes))
    token = (world.redeem(code).json or {})["access_token"]
    return (world.userinfo(token).json or {}).get("email")


def test_address_of_a_foreign_domain_is_no_address(secure: World) -> None:
    """SM-50: contoso's IdP speaks for contoso's domains only (contract section 3)."""
    assert email_of(secure, MAIL.format(VALUE.format("anna@contoso.com"))) == "anna@contoso.com"
    assert email_of(secure, MAIL.format(VALUE.format("anna@fabrikam.com"))) is None


def test_two_addresses_are_none(secure: World) -> None:
    """SM-52: several distinct values of a text are not evaluable (contract section 5, Rules)."""
    two = VALUE.format("anna@contoso.com") + VALUE.format("admin@contoso.com")
    assert email_of(secure, MAIL.format(two)) is None


def test_one_entity_id_in_two_tenants_stays_two(secure: World) -> None:
    """SB-25: the path names tenant and IdP; an answer for one is none for the other."""
    contoso, northwind = secure.begin("contoso", "adfs"), secure.begin("northwind", "adfs")
    stolen = northwind.honest()
    secure.assert_refused(lambda: contoso.answer(stolen), "in_response_to", "saml.rejected")
    assert "code" in query(secure.visit(northwind.browser, northwind.answer().headers["Location"]).headers["Location"])
