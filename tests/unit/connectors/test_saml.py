"""The SAML connector at its seam."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.connectors.saml import SamlConnector
from broker.errors import AssertionRejected
from broker.model import Callback, Identity, MetadataSource, Redirect, SamlSettings
from broker.model.sign_in import ANY_AGE
from tests.attacks.saml.case import Context
from tests.attacks.saml.harness import ACS, ISSUER, NOW, begun, connector, idp_of, surroundings
from tests.idps.saml_signer import PASSWORD, TRANSIENT, Entity, signer

MAIL = '<saml:Attribute Name="{}"><saml:AttributeValue>{}</saml:AttributeValue></saml:Attribute>'


def refusal(callback: Callback) -> str:
    with pytest.raises(AssertionRejected) as caught:
        connector().correlate(callback)
    return caught.value.reason


def finished(saml: SamlConnector, **changes: object) -> Identity:
    request, context = begun(saml)
    return saml.finish(request, context.post(context.signed(**changes)), ACS)


def answer(form: dict[str, tuple[str, ...]], method: str = "POST") -> Callback:
    return Callback(method, {}, form)


def test_identity_says_what_was_proven() -> None:
    identity = finished(connector(), session_until=600)
    assert (identity.tenant, identity.idp, identity.upstream, identity.subject) == ("contoso", "adfs", ISSUER, "anna")
    assert identity.attributes["mail"] == ("anna@contoso.com",)
    assert identity.attributes["name_id"] == ("anna",)
    assert (identity.acr, identity.auth_time, identity.session_ends) == (PASSWORD, int(NOW - 10), int(NOW + 600))
    assert identity.logout["sid"] == "_s1"
    assert identity.replay_until == int(NOW + 300) + 121


def test_replay_key_names_issuer_and_assertion() -> None:
    """SM-22: a new Response around the same Assertion has the same key."""
    saml = connector()
    first = finished(saml)
    assert finished(saml, response_id="_other").replay_key == first.replay_key
    assert finished(saml, assertion_id="_other").replay_key != first.replay_key


def test_skew_is_forgiven() -> None:
    """SM-27, T2: AD FS dates NotBefore with its own clock."""
    assert finished(connector(), valid_from=119, confirmed_until=-119, authn_instant=100).subject == "anna"


def test_absent_destination_of_an_unsigned_response_proves_nothing() -> None:
    assert finished(connector(), destination=None).subject == "anna"


def test_failure_without_an_assertion_says_what_to_correct() -> None:
    """T6."""
    saml = connector()
    request, context = begun(saml)
    status = "urn:oasis:names:tc:SAML:2.0:status:"
    xml = context.answer(
        status=f'<samlp:StatusCode Value="{status}Requester"><samlp:StatusCode Value="{status}InvalidNameIDPolicy"/>'
        "</samlp:StatusCode>"
    ).xml()
    bare = xml[: xml.index("<saml:Assertion")] + "</samlp:Response>"
    with pytest.raises(AssertionRejected, match="Requester InvalidNameIDPolicy") as caught:
        saml.finish(request, context.post(bare.encode()), ACS)
    assert "name_id_format" in caught.value.public


def test_unknown_status_is_not_repeated() -> None:
    saml = connector()
    request, context = begun(saml)
    odd = context.post(context.signed(status='<samlp:StatusCode Value="urn:evil&#10;line"/>'))
    with pytest.raises(AssertionRejected) as caught:
        saml.finish(request, odd, ACS)
    assert caught.value.detail == "unknown status"


@pytest.mark.parametrize(
    ("candidates", "attributes", "subject"),
    [
        (("oid", "name_id"), MAIL.format("oid", "42"), "42"),
        (("oid", "name_id"), MAIL.format("mail", "a"), "anna"),
        (("tid+oid", "name_id"), MAIL.format("tid", "a+b") + MAIL.format("oid", "c"), "a%2Bb+c"),
        (("tid+oid", "name_id"), MAIL.format("tid", "a"), "anna"),
    ],
)
def test_subject_is_the_first_candidate_that_is_there(
    candidates: tuple[str, ...], attributes: str, subject: str
) -> None:
    assert finished(connector(subject=candidates), attributes=attributes).subject == subject


def test_transient_name_is_passed_over_for_an_attribute() -> None:
    name_id = f'<saml:NameID Format="{TRANSIENT}">x</saml:NameID>'
    saml = connector(subject=("name_id", "mail"))
    assert finished(saml, name_id=name_id).subject == "anna@contoso.com"


def test_subject_with_several_values_is_refused() -> None:
    two = MAIL.format("m", "a</saml:AttributeValue><saml:AttributeValue>b")
    with pytest.raises(AssertionRejected) as caught:
        finished(connector(subject=("m",)), attributes=two)
    assert caught.value.reason == "attribute_multiple"


def test_only_names_count() -> None:
    """SM-51: a FriendlyName that looks like another attribute's Name changes nothing."""
    friendly = MAIL.format('urn:x" FriendlyName="mail', "a")
    assert "mail" not in finished(connector(), attributes=friendly).attributes


def test_fresh_authentication_is_accepted() -> None:
    saml = connector()
    request, context = begun(saml, reauthenticate=True)
    assert saml.finish(request, context.post(context.signed()), ACS).auth_time == int(NOW - 10)


def test_an_essential_auth_time_needs_no_new_authentication() -> None:
    """OIDC Core §5.5.1: the instant must be known, and every assertion tells it."""
    saml = connector()
    request, context = begun(saml)
    request = replace(request, max_age=ANY_AGE, created_at=int(NOW))
    action = saml.begin(request, ACS).action
    assert isinstance(action, Redirect)
    assert "ForceAuthn" not in inflated(action.url)
    assert saml.finish(request, context.post(context.signed(authn_instant=-9000)), ACS).auth_time == int(NOW - 9000)


@pytest.mark.parametrize(("max_age", "reason"), [(60, None), (5, "stale_authn")])
def test_max_age_asks_for_a_new_authentication_and_holds_the_answer_to_it(max_age: int, reason: str | None) -> None:
    """OIDC Core §3.1.2.1 over SAML Core §3.4.1: ForceAuthn is the only way to ask; AuthnInstant is ten seconds old."""
    saml = connector()
    request, context = begun(saml)
    request = replace(request, max_age=max_age, created_at=int(NOW))
    action = saml.begin(request, ACS).action
    assert isinstance(action, Redirect)
    assert 'ForceAuthn="true"' in inflated(action.url)
    answer_ = context.post(context.signed(authn_instant=-200 if reason else -10))
    if reason is None:
        assert saml.finish(request, answer_, ACS).auth_time == int(NOW - 10)
        return
    with pytest.raises(AssertionRejected) as caught:
        saml.finish(request, answer_, ACS)
    assert caught.value.reason == reason


def inflated(url: str) -> str:
    message = parse_qs(urlsplit(url).query)["SAMLRequest"][0]
    return zlib.decompress(base64.b64decode(message), -15).decode()


@pytest.mark.parametrize(("said", "proven"), [(None, True), ("true", True), ("false", False), ("0", False)])
def test_signed_address_is_proven_unless_the_idp_doubts_it(said: str | None, proven: bool) -> None:
    """Contract section 3: `email_verified` is true only if the IdP proved the address."""
    mail = MAIL.format("mail", "anna@contoso.com")
    attributes = mail if said is None else mail + MAIL.format("email_verified", said)
    assert finished(connector(), attributes=attributes).email_verified is proven


def test_relay_state_names_the_request() -> None:
    _, context = begun(connector())
    assert connector().correlate(context.post(context.signed())) == context.relay_state


def test_answer_to_nothing_is_unsolicited() -> None:
    """SM-19; SM-20: with InResponseTo it must have come with its RelayState."""
    saml = connector()
    _, context = begun(saml)
    silent = replace(context, relay_state=None)  # type: ignore[arg-type]  # what no honest request has
    assert saml.correlate(silent.post(silent.signed(in_response_to=None))) is None
    assert refusal(silent.post(silent.signed())) == "in_response_to"


@pytest.mark.parametrize(
    ("callback", "reason"),
    [
        (answer({"SAMLResponse": ("x",)}, "GET"), "binding"),
        (answer({}), "saml_response"),
        (answer({"SAMLResponse": ("",)}), "saml_response"),
        (answer({"SAMLResponse": ("x", "y")}), "saml_response"),
        (answer({"SAMLResponse": ("x",), "RelayState": ("a", "a")}), "relay_state"),
        (answer({"SAMLResponse": ("x",), "RelayState": ("a" * 81,)}), "relay_state"),
        (answer({"SAMLResponse": ("!",)}), "encoding"),
    ],
)
def test_form_is_exact(callback: Callback, reason: str) -> None:
    """SB-01 to SB-03, SB-12."""
    assert refusal(callback) == reason


def started(settings: SamlSettings, *, role: str = "", reauthenticate: bool = False) -> dict[str, list[str]]:
    document = Entity(ISSUER, [("signing", signer("idp"))], role_attributes=role).document()
    saml = SamlConnector(idp_of(replace(settings, metadata=MetadataSource(document=document))), surroundings())
    request, _ = begun(saml, reauthenticate=reauthenticate)
    action = saml.begin(request, ACS).action
    assert isinstance(action, Redirect)
    return parse_qs(urlsplit(action.url).query)


@pytest.mark.parametrize(
    ("configured", "asked", "signs"),
    [(None, False, False), (None, True, True), (True, False, True), (False, True, False)],
)
def test_requests_are_signed_as_asked(configured: bool | None, asked: bool, signs: bool) -> None:
    role = ' WantAuthnRequestsSigned="true"' if asked else ""
    query = started(SamlSettings(MetadataSource(), sign_requests=configured), role=role)
    assert ("Signature" in query) is signs
    assert query["RelayState"] == ["relay-1"]


def test_every_request_has_its_own_id() -> None:
    saml = connector()
    contexts: list[Context] = [begun(saml)[1] for _ in range(3)]
    assert len({context.request_id for context in contexts}) == 3


def test_metadata_names_us() -> None:
    media_type, body = connector().metadata(ACS)
    assert media_type == "application/samlmetadata+xml"
    assert b'entityID="https://login.example.com/t/contoso/saml/adfs/metadata"' in body
    assert b'use="encryption"' in body
