"""A SAML proxy as upstream: the authority behind it is kept, and a circle is refused."""

from __future__ import annotations

import pytest

from broker.errors import AssertionRejected
from broker.model import Identity
from tests.attacks.saml.case import said
from tests.attacks.saml.harness import ACS, BROKER, ISSUER, begun, connector


def answered(*authorities: str) -> Identity:
    saml = connector()
    request, context = begun(saml)
    behind = "".join(f"<saml:AuthenticatingAuthority>{one}</saml:AuthenticatingAuthority>" for one in authorities)
    authn = (
        '<saml:AuthnStatement AuthnInstant="2027-01-15T07:59:50Z"><saml:AuthnContext><saml:AuthnContextClassRef>'
        f"urn:x</saml:AuthnContextClassRef>{behind}</saml:AuthnContext></saml:AuthnStatement>"
    )
    return saml.finish(request, said(authn=authn)(context), ACS)


def test_the_original_authority_is_kept() -> None:
    assert answered("https://card.example", "urn:state").chain == (ISSUER, "https://card.example", "urn:state")


def test_an_idp_that_proved_it_itself_is_no_chain() -> None:
    assert answered().chain == answered(ISSUER).chain == ()


@pytest.mark.parametrize("ourselves", [BROKER, f"{BROKER}/t/contoso/saml/adfs/metadata"])
def test_a_sign_in_that_began_here_is_refused(ourselves: str) -> None:
    with pytest.raises(AssertionRejected) as refused:
        answered("https://card.example", ourselves)
    assert refused.value.reason == "loop"


def test_an_authority_without_a_name_is_refused() -> None:
    with pytest.raises(AssertionRejected) as refused:
        answered("")
    assert refused.value.reason == "chain"
