"""Every row is refused with its own reason; what an honest AD FS sends is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.errors import AssertionRejected
from tests.attacks.saml.harness import ISSUER, NOW
from tests.attacks.wsfed import CASES, Case
from tests.attacks.wsfed.harness import CALLBACK, begun, connector
from tests.idps.wsfed_signer import CLAIMS, PASSWORD11, WST, WST13

TRUSTS = (WST, WST13)

METHODS = "http://schemas.microsoft.com/claims"
MFA = f"{METHODS}/multipleauthn"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_row_is_refused_with_its_reason(case: Case) -> None:
    request, context = begun(reauthenticate=case.reauthenticate)
    with pytest.raises(AssertionRejected) as caught:
        connector(wauth=case.wauth, allow_cbc=case.cbc).finish(request, case.build(context), CALLBACK)
    assert caught.value.reason == case.reason


@pytest.mark.parametrize("trust", TRUSTS)
def test_honest_saml_1_1_token_proves_a_person(trust: str) -> None:
    request, context = begun(trust=trust)
    identity = connector().finish(request, context.post(context.signed()), CALLBACK)
    assert (identity.tenant, identity.idp, identity.upstream, identity.subject) == ("contoso", "adfs", ISSUER, "anna")
    assert identity.attributes[f"{CLAIMS}/emailaddress"] == ("anna@contoso.com",)
    assert (identity.acr, identity.auth_time) == (PASSWORD11, int(NOW - 10))
    assert identity.replay_key is not None
    assert identity.replay_until > NOW + 3600


@pytest.mark.parametrize("trust", TRUSTS)
def test_honest_saml_2_0_token_proves_a_person(trust: str) -> None:
    request, context = begun(trust=trust)
    identity = connector().finish(request, context.post(context.signed20()), CALLBACK)
    assert (identity.upstream, identity.subject) == (ISSUER, "anna")
    assert identity.attributes["mail"] == ("anna@contoso.com",)


def test_envelope_that_nobody_signed_is_not_read() -> None:
    """Another AppliesTo, TokenType or Lifetime changes nothing: the audience in the token decides."""
    request, context = begun()
    other = replace(context, realm="https://other.example")
    root = other.signed(audiences=[[context.realm]])
    assert connector().finish(request, context.post(root), CALLBACK).subject == "anna"


def test_values_of_one_claim_may_come_as_several_attributes() -> None:
    """SimpleSAMLphp writes one Attribute a value."""
    request, context = begun()
    values = ("a", "b")
    attributes = "".join(
        '<saml:Attribute AttributeName="Group" AttributeNamespace="urn:g">'
        f"<saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
        for value in values
    )
    root = context.signed(attributes=attributes)
    assert connector().finish(request, context.post(root), CALLBACK).attributes["urn:g/Group"] == ("a", "b")


def test_original_issuer_of_an_attribute_is_let_by() -> None:
    """Microsoft's libraries write it into every Attribute; it is nothing that a rule could read."""
    request, context = begun()
    root = context.signed(
        attributes='<saml:Attribute xmlns:a="http://schemas.xmlsoap.org/ws/2009/09/identity/claims" '
        'a:OriginalIssuer="x" AttributeName="n" AttributeNamespace="urn:n"><saml:AttributeValue>v</saml:AttributeValue>'
        "</saml:Attribute>"
    )
    assert connector().finish(request, context.post(root), CALLBACK).attributes["urn:n/n"] == ("v",)


def test_token_without_a_confirmation_is_a_bearer_token() -> None:
    request, context = begun()
    root = context.signed(confirmation=None)
    assert connector().finish(request, context.post(root), CALLBACK).subject == "anna"


@pytest.mark.parametrize("claim", ["authnmethodsreferences", None])
def test_asked_authentication_method_is_found_in_the_statement_or_in_a_claim(claim: str | None) -> None:
    request, context = begun()
    changes = {"method": MFA}
    if claim is not None:
        value = f"<saml:AttributeValue>{MFA}</saml:AttributeValue>"
        attribute = f'<saml:Attribute AttributeName="{claim}" AttributeNamespace="{METHODS}">{value}</saml:Attribute>'
        changes = {"attributes": attribute}
    answer = context.post(context.signed(**changes))
    assert connector(wauth=MFA).finish(request, answer, CALLBACK).subject == "anna"


def test_two_answers_with_one_assertion_have_one_replay_key() -> None:
    """SM-21: `signin` remembers it, whichever envelope carries the assertion."""
    request, context = begun()
    root = context.signed()
    wrapped = root.find(".//{*}TokenType")
    keys = [connector().finish(request, context.post(root), CALLBACK).replay_key]
    assert wrapped is not None
    root.remove(wrapped)
    keys.append(connector().finish(request, context.post(root), CALLBACK).replay_key)
    assert keys[0] == keys[1]
