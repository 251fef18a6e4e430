"""What we ask a SAML IdP for, and what we take from it in return."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from broker.connectors.saml import SamlConnector, status
from broker.connectors.saml.logout import Answered, Asked
from broker.errors import AssertionRejected
from broker.model import AuthRequest, Begun, Callback, MetadataSource, PostForm, Redirect, SamlSettings
from broker.xml.metadata import MetadataRefused
from broker.xml.names import STATUS, STATUS_CODES
from tests.attacks.saml.harness import ACS, BROKER, ISSUER, NOW, begun, idp_of, surroundings
from tests.idps.saml_logout import Leaving
from tests.idps.saml_signer import PERSISTENT, POST, REDIRECT, Entity, signer

CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
PASSWORD, TRANSPORT, X509 = f"{CLASSES}Password", f"{CLASSES}PasswordProtectedTransport", f"{CLASSES}X509"
SLO = f"{BROKER}/t/contoso/saml/adfs/slo"
MFA = "https://refeds.org/profile/mfa"
KEY = signer("idp")
REQUEST = AuthRequest("relay-1", "app", "https://app/cb", ("openid",), int(NOW))
BOTH = f'<md:SingleSignOnService Binding="{POST}" Location="https://idp.contoso.com/post"/>'
OUT = "https://idp.contoso.com/slo"


def saml(entity: Entity | None = None, document: str | None = None, **settings: object) -> SamlConnector:
    entity = entity or Entity(ISSUER, [("signing", KEY)])
    source = MetadataSource(document=(document or entity.xml()).encode())
    return SamlConnector(idp_of(SamlSettings(source, **settings)), surroundings())  # type: ignore[arg-type]  # per test


def sent(action: Redirect | PostForm) -> etree._Element:
    """Our message to the IdP."""
    if isinstance(action, PostForm):
        return etree.fromstring(base64.b64decode(action.fields["SAMLRequest"]))
    raw = parse_qs(urlsplit(action.url).query)["SAMLRequest"][0]
    return etree.fromstring(zlib.decompress(base64.b64decode(raw), -15))


def test_provider_that_takes_both_is_sent_a_form_only_where_that_is_asked_for() -> None:
    both = Entity(ISSUER, [("signing", KEY)]).xml().replace("</md:IDPSSODescriptor>", f"{BOTH}</md:IDPSSODescriptor>")
    assert isinstance(saml(document=both).begin(REQUEST, ACS).action, Redirect)
    action = saml(document=both, request_binding="post", sign_requests=True).begin(REQUEST, ACS).action
    assert isinstance(action, PostForm)
    assert (action.url, action.fields["RelayState"]) == ("https://idp.contoso.com/post", "relay-1")
    root = sent(action)
    assert root.get("Destination") == "https://idp.contoso.com/post"
    assert root.find("{*}Signature") is not None


def test_provider_that_takes_forms_only_is_sent_one() -> None:
    action = saml(Entity(ISSUER, [("signing", KEY)], binding=POST)).begin(REQUEST, ACS).action
    assert isinstance(action, PostForm)
    assert sent(action).find("{*}Signature") is None


def test_form_that_the_provider_does_not_take_is_a_fault_of_the_set_up() -> None:
    with pytest.raises(MetadataRefused) as caught:
        saml(request_binding="post").begin(REQUEST, ACS)
    assert caught.value.reason == "metadata_no_sso"


def test_nothing_is_asked_for_by_default() -> None:
    """T5, T6."""
    root = sent(saml().begin(REQUEST, ACS).action)
    assert [etree.QName(child).localname for child in root] == ["Issuer"]


@pytest.mark.parametrize(("asked", "comparison", "answered", "accepted"), [
    ((X509,), "exact", X509, True),
    ((X509, MFA), "exact", MFA, True),
    ((X509,), "exact", TRANSPORT, False),
    ((X509,), "exact", f"{X509}x", False),
    ((TRANSPORT,), "exact", "urn:federation:authentication:windows", False),
    ((TRANSPORT,), "minimum", "urn:federation:authentication:windows", True),
    ((TRANSPORT,), "minimum", X509, True),
    ((TRANSPORT,), "minimum", TRANSPORT, True),
    ((TRANSPORT,), "minimum", PASSWORD, False),
    ((TRANSPORT,), "minimum", "urn:unknown", False),
    ((TRANSPORT,), "minimum", "", False),
    ((MFA,), "minimum", X509, False),
    ((MFA,), "minimum", MFA, True),
])  # fmt: skip
def test_answer_is_held_to_the_context_that_was_asked_for(
    asked: tuple[str, ...], comparison: str, answered: str, accepted: bool
) -> None:
    """SM-45."""
    connector = saml(authn_context=asked, authn_comparison=comparison)
    root = sent(connector.begin(REQUEST, ACS).action)
    assert [one.text for one in root.iterfind("{*}RequestedAuthnContext/{*}AuthnContextClassRef")] == list(asked)
    request, context = begun(connector)
    answer = context.post(context.signed(class_ref=answered))
    if accepted:
        assert connector.finish(request, answer, ACS).acr == answered
        return
    with pytest.raises(AssertionRejected) as caught:
        connector.finish(request, answer, ACS)
    assert caught.value.reason == "authn_context"


@pytest.mark.parametrize(("codes", "says"), [
    (("Responder", "NoAuthnContext"), "`authn_context`"),
    (("Requester", "InvalidNameIDPolicy"), "name_id_format"),
    (("Responder",), "event log"),
    (("Requester",), "metadata again"),
    (("Responder", "NoPassive"), "Start again"),
    (("Requester", "RequestUnsupported"), "sign_requests"),
    (("Responder", "RequestDenied"), "assign you"),
])  # fmt: skip
def test_refusal_names_what_to_change(codes: tuple[str, ...], says: str) -> None:
    """identity providers' own table of causes; what the outer code says is overruled by the inner one."""
    with pytest.raises(AssertionRejected) as caught:
        status.check_status(tuple(f"{STATUS}{code}" for code in codes))
    assert caught.value.reason == "status"
    assert says in caught.value.public


def test_every_code_of_advice_is_one_of_the_specification_s() -> None:
    assert {f"{STATUS}{name}" for name in status.ADVICE} <= STATUS_CODES


def test_words_of_the_idp_itself_are_not_repeated() -> None:
    """SM-43."""
    with pytest.raises(AssertionRejected) as caught:
        status.check_status(("urn:evil:<script>", "javascript:alert(1)"))
    assert (caught.value.detail, "script" in caught.value.public) == ("unknown status", False)


def with_logout(issuer: str = ISSUER, binding: str = REDIRECT, **profile: object) -> SamlConnector:
    connector = saml(Entity(issuer, [("signing", KEY)], slo=[(binding, OUT)]))
    idp = idp_of(connector._settings)
    idp = replace(idp, profile=replace(idp.profile, **profile))  # type: ignore[arg-type]  # per test
    return SamlConnector(idp, surroundings())


KNOWN = {"name_id": "a&b", "name_id_format": PERSISTENT, "name_qualifier": "q", "sp_name_qualifier": "s", "sid": "_s1"}


@pytest.mark.parametrize("binding", [REDIRECT, POST])
def test_logout_repeats_the_name_exactly_and_is_signed(binding: str) -> None:
    """T9: AD FS compares value, format and both qualifiers, and takes nothing unsigned."""
    begun_ = with_logout(binding=binding).logout.ask(KNOWN, "handle")
    assert isinstance(begun_, Begun)
    root = sent(begun_.action)
    name = root.find("{*}NameID")
    assert name is not None
    assert (name.text, dict(name.attrib)) == (
        "a&b",
        {"Format": PERSISTENT, "NameQualifier": "q", "SPNameQualifier": "s"},
    )
    assert (root.get("ID"), root.findtext("{*}SessionIndex")) == (begun_.memory["request_id"], "_s1")
    if isinstance(begun_.action, PostForm):
        assert root.find("{*}Signature") is not None
    else:
        assert "&Signature=" in begun_.action.url


@pytest.mark.parametrize("known", [{}, {"sid": "_s1"}])
def test_session_without_a_name_cannot_be_ended_there(known: dict[str, str]) -> None:
    """T7."""
    assert with_logout().logout.ask(known, "handle") is None
    assert saml().logout.ask(KNOWN, "handle") is None, "nor where the IdP has no single logout"


ENTRA, AS_IN_LOGOUT = "https://sts.windows.net/11-22/", "https://login.microsoftonline.com/11-22/"
SPELLINGS = {"https://sts.windows.net/": "https://login.microsoftonline.com/"}


@pytest.mark.parametrize(("spellings", "issuer", "reason"), [
    (SPELLINGS, AS_IN_LOGOUT, None),
    (SPELLINGS, ENTRA, None),
    ({}, AS_IN_LOGOUT, "issuer"),
    (SPELLINGS, "https://login.microsoftonline.com/33-44/", "issuer"),
])  # fmt: skip
def test_entra_calls_itself_otherwise_in_logout(spellings: dict[str, str], issuer: str, reason: str | None) -> None:
    """T14, synthetic: for the tenant of its own entityID only."""
    logout = with_logout(ENTRA, logout_issuers=spellings).logout
    response = Leaving(NOW, SLO, issuer, in_response_to="_1")
    callback = Callback("GET", {}, {}, response.query(KEY, "handle"))
    if reason is None:
        assert logout.hear(callback) == Answered("_1", "handle", None)
        return
    with pytest.raises(AssertionRejected) as caught:
        logout.hear(callback)
    assert caught.value.reason == reason


def test_request_without_an_end_is_remembered_as_long_as_it_could_pass() -> None:
    callback = Callback("GET", {}, {}, Leaving(NOW, SLO, ISSUER, until=None).query(KEY))
    asked = with_logout().logout.hear(callback)
    assert isinstance(asked, Asked)
    assert asked.replay_until >= NOW + 600 + 120
