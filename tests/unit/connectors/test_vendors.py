"""What the vendor rows do at a sign-in: who is known by what, which clock is allowed, what proves several factors.

The answers are synthetic, signed by keys of our own, in the shapes that the vendors are documented to send.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.assurance import methods_of
from broker.configuration import profile
from broker.connectors.oidc.identity import identity_of
from broker.connectors.saml import SamlConnector
from broker.errors import AssertionRejected
from broker.model import Identity, IdentityProvider, MetadataSource, Redirect, SamlSettings
from tests.attacks.saml.harness import ACS, BROKER, ISSUER, begun, surroundings
from tests.idps.saml_signer import Entity, signer
from tests.unit.connectors.test_saml import inflated

SAML1 = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
GUID = "http://schemas.microsoft.com/identity/claims/onpremobjectguid"
MS = "http://schemas.microsoft.com/identity/claims/"
MULTIPLE = "http://schemas.microsoft.com/claims/multipleauthn"
REFERENCES = "http://schemas.microsoft.com/claims/authnmethodsreferences"


def connector(vendor: str, *, settings: dict[str, object] | None = None, accept: bool | None = None) -> SamlConnector:
    known = profile(vendor)
    document = Entity(ISSUER, [("signing", signer("idp"))]).document()
    saml = replace(SamlSettings(MetadataSource(document=document)), **(settings or {}))  # type: ignore[arg-type]  # as named
    accepts = known.accept_mutable if accept is None else accept
    idp = IdentityProvider(
        "contoso", "adfs", "IdP", "saml", known, saml=saml, skew_seconds=known.skew_seconds, accept_mutable=accepts
    )
    return SamlConnector(idp, surroundings())


def finished(saml: SamlConnector, **changes: object) -> Identity:
    request, context = begun(saml)
    return saml.finish(request, context.post(context.signed(**changes)), ACS)


def refused(saml: SamlConnector, **changes: object) -> AssertionRejected:
    with pytest.raises(AssertionRejected) as caught:
        finished(saml, **changes)
    return caught.value


def name_id(value: str, name_format: str | None = None) -> str:
    attribute = f' Format="{name_format}"' if name_format else ""
    return f"<saml:NameID{attribute}>{value}</saml:NameID>"


def attribute(name: str, *values: str) -> str:
    inner = "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
    return f'<saml:Attribute Name="{name}">{inner}</saml:Attribute>'


ADDRESS = name_id("anna@contoso.com", f"{SAML1}emailAddress")
CHANGING = [
    ADDRESS,
    name_id("anna@contoso.com"),
    name_id("anna@contoso.com", f"{SAML1}unspecified"),
    name_id("CONTOSO\\anna", f"{SAML1}unspecified"),
    name_id("CONTOSO\\anna", f"{SAML1}WindowsDomainQualifiedName"),
    name_id("CN=Anna", f"{SAML1}X509SubjectName"),
]


@pytest.mark.parametrize("sent", CHANGING)
@pytest.mark.parametrize("vendor", ["adfs", "entra", "shibboleth"])
def test_a_name_that_can_pass_to_somebody_else_is_nobody(vendor: str, sent: str) -> None:
    refusal = refused(connector(vendor), name_id=sent, attributes="")
    assert refusal.reason == "subject_mutable"
    assert "persistent NameID or an immutable attribute" in refusal.public


@pytest.mark.parametrize("sent", CHANGING)
def test_the_operator_may_accept_a_name_that_changes_hands(sent: str) -> None:
    assert finished(connector("adfs", accept=True), name_id=sent).subject


@pytest.mark.parametrize("vendor", ["okta", "google", "ping", "keycloak", "generic"])
def test_a_stock_provider_that_sends_addresses_signs_people_in(vendor: str) -> None:
    assert finished(connector(vendor), name_id=ADDRESS).subject == "anna@contoso.com"


def test_the_operator_may_refuse_addresses_of_such_a_provider() -> None:
    assert refused(connector("okta", accept=False), name_id=ADDRESS).reason == "subject_mutable"


@pytest.mark.parametrize("vendor", ["adfs", "entra", "shibboleth"])
def test_a_persistent_name_is_somebody_whatever_it_looks_like(vendor: str) -> None:
    assert finished(connector(vendor), name_id=name_id("a@b", PERSISTENT)).subject == "a@b"


def test_no_name_at_all_is_a_reason_of_its_own() -> None:
    """T7: AD FS sends no NameID where no rule issues one."""
    refusal = refused(connector("adfs"), name_id="")
    assert refusal.reason == "subject_missing"
    assert "name_id" in refusal.public


def test_a_configured_attribute_stands_in_for_the_name() -> None:
    """T7"""
    saml = connector("adfs", settings={"subject": (GUID,)})
    assert finished(saml, name_id="", attributes=attribute(GUID, "kZx0vQ==")).subject == "kZx0vQ=="


def test_an_entra_person_is_tenant_and_object_whatever_the_name_is() -> None:
    """T15"""
    sent = attribute(f"{MS}tenantid", "t-1") + attribute(f"{MS}objectidentifier", "o-1")
    assert finished(connector("entra"), name_id=ADDRESS, attributes=sent).subject == "t-1+o-1"


def test_one_entra_person_is_one_through_two_clients() -> None:
    """T15: `sub` is pairwise per client, tenant and object are not; the address changes nothing."""
    idp = IdentityProvider("contoso", "entra", "Entra", "oidc", profile("entra"))
    token = {"iss": "https://login.microsoftonline.com/t-1/v2.0", "tid": "t-1", "oid": "o-1"}
    first, second = ({**token, "sub": sub, "email": mail} for sub, mail in (("x", "a@b.com"), ("y", "victim@b.com")))
    one, other = (identity_of(idp, idp.profile.subject, claims, claims) for claims in (first, second))
    assert one.subject == other.subject == "t-1+o-1"


@pytest.mark.parametrize(("late", "reason"), [(90, None), (600, "not_yet_valid")])
def test_an_assertion_from_a_clock_that_is_ahead(late: int, reason: str | None) -> None:
    """T2: AD FS dates NotBefore by its own clock; ninety seconds are within its profile's skew, ten minutes are not."""
    sent = {"valid_from": late, "name_id": name_id("g", PERSISTENT)}
    if reason is None:
        assert finished(connector("adfs"), **sent).subject == "g"
    else:
        assert refused(connector("adfs"), **sent).reason == reason


@pytest.mark.parametrize("vendor", ["adfs", "entra", "okta", "google", "ping", "shibboleth", "keycloak", "generic"])
def test_a_request_asks_for_no_method_and_no_form_of_name(vendor: str) -> None:
    """T5, T6: either would break a stock AD FS or Entra."""
    saml = connector(vendor)
    request, _ = begun(saml)
    action = saml.begin(request, ACS).action
    assert isinstance(action, Redirect)
    sent = inflated(action.url)
    assert "RequestedAuthnContext" not in sent
    assert "NameIDPolicy" not in sent


def test_several_factors_are_told_by_the_reference_and_not_by_the_class() -> None:
    """The class reference of AD FS never becomes one that means several factors."""
    sent = attribute(REFERENCES, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", MULTIPLE)
    with_reference = finished(connector("adfs"), name_id=name_id("g", PERSISTENT), attributes=sent)
    assert set(with_reference.amr) == {"pwd", "mfa"}
    without = finished(connector("adfs"), name_id=name_id("g", PERSISTENT))
    assert "mfa" not in without.amr


def test_absent_evidence_stays_absent() -> None:
    """T17: an ID token of Entra's v2.0 endpoint has no amr; a rule that asks for several factors fails closed."""
    assert methods_of(profile("entra"), None, ()) == ()
    assert methods_of(profile("entra"), "1", ("pwd", "mfa", "ngcmfa", "urn:unknown:method")) == ("pwd", "mfa")


def test_two_providers_of_one_entity_id_are_two() -> None:
    """T13: two enterprise applications of one Entra tenant share an entityID and nothing else: the answer to one is
    refused at the other, whose key, address and audience differ."""
    ours = connector("entra")
    request, context = begun(ours)
    other = Entity(ISSUER, [("signing", signer("stranger"))]).document()
    idp = IdentityProvider(
        "contoso", "second", "Entra", "saml", profile("entra"), saml=SamlSettings(MetadataSource(document=other))
    )
    theirs = SamlConnector(idp, surroundings())
    with pytest.raises(AssertionRejected) as caught:
        theirs.finish(request, context.post(context.signed()), f"{BROKER}/t/contoso/saml/second/acs")
    assert caught.value.reason == "signature_invalid"


@pytest.mark.parametrize("what", ["assertion", "response"])
def test_google_may_sign_the_response_or_the_assertion(what: str) -> None:
    """T22: one checkbox on their side decides."""
    assert finished(connector("google"), what=what, name_id=ADDRESS).subject == "anna@contoso.com"
