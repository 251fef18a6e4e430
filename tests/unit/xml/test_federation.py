"""WS-Federation metadata, theirs and ours. The document is synthetic, laid out as AD FS publishes it (T4)."""

from __future__ import annotations

import pytest
from lxml import etree

from broker.xml import federation
from broker.xml.metadata import IdpMetadata, MetadataRefused, entity_id_of, parse
from tests.idps.saml_signer import DS, Entity, signer
from tests.idps.wsfed_signer import FED, Service

NOW = 1_800_000_000.0
NAME = "http://adfs.contoso.com/adfs/services/trust"
ENDPOINT = "https://adfs.contoso.com/adfs/ls/"
KIND = federation.SECURITY_TOKEN_SERVICE
CERTIFICATE = f'<KeyInfo xmlns="{DS}"><X509Data><X509Certificate>{signer("application").certificate_text}'
APPLICATION = (
    f'<RoleDescriptor xsi:type="fed:ApplicationServiceType" protocolSupportEnumeration="{FED}">'
    f'<KeyDescriptor use="signing">{CERTIFICATE}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>'
    '<fed:PassiveRequestorEndpoint><EndpointReference xmlns="http://www.w3.org/2005/08/addressing">'
    "<Address>https://other.example/</Address></EndpointReference></fed:PassiveRequestorEndpoint></RoleDescriptor>"
)


def parsed(document: bytes, *, loopback: bool = False) -> IdpMetadata:
    return parse(document, entity_id=None, now=NOW, loopback=loopback, kind=KIND)


def refusal(document: bytes) -> str:
    with pytest.raises(MetadataRefused) as caught:
        parsed(document)
    return caught.value.reason


def test_t4_only_the_signing_keys_of_the_token_service_count() -> None:
    """T4, T1: AD FS publishes itself as an application too, encryption keys, and its next signing key."""
    keys = [("signing", signer("idp")), ("encryption", signer("encryption")), ("signing", signer("idp next"))]
    found = parsed(Service(NAME, keys, ENDPOINT, others=APPLICATION).document())
    assert (found.entity_id, found.sso_url) == (NAME, ENDPOINT)
    assert [one.pem for one in found.certificates] == [signer("idp").certificate, signer("idp next").certificate]


def test_saml_roles_beside_it_are_somebody_else_s() -> None:
    """The same document read for SAML has no SAML role, and a SAML document has no token service."""
    service = Service(NAME, [("signing", signer("idp"))], ENDPOINT).document()
    with pytest.raises(MetadataRefused) as caught:
        parse(service, entity_id=None, now=NOW, loopback=False)
    assert caught.value.reason == "entity_not_found"
    assert refusal(Entity(NAME, [("signing", signer("idp"))]).document()) == "entity_not_found"
    assert (entity_id_of(service, KIND), entity_id_of(service)) == (NAME, None)


def test_type_is_a_name_in_a_namespace_not_a_text() -> None:
    good = Service(NAME, [("signing", signer("idp"))], ENDPOINT).document()
    renamed = good.replace(b"fed:Sec", b"f:Sec").replace(b"xmlns:fed=", b'xmlns:f="' + FED.encode() + b'" xmlns:fed=')
    assert parsed(renamed).entity_id == NAME
    assert refusal(good.replace(b"fed:Sec", b"f:Sec").replace(b"xmlns:fed=", b'xmlns:f="urn:x" xmlns:fed=')) == (
        "entity_not_found"
    )


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [("http://adfs.contoso.com/", "metadata_sso_location"), ("javascript:1", "metadata_sso_location")],
)
def test_endpoint_must_be_https(endpoint: str, reason: str) -> None:
    assert refusal(Service(NAME, [("signing", signer("idp"))], endpoint).document()) == reason


def test_weak_keys_are_no_keys() -> None:
    assert refusal(Service(NAME, [("signing", signer("weak", "rsa1024"))], ENDPOINT).document()) == "metadata_weak_key"
    assert refusal(Service(NAME, [("encryption", signer("idp"))], ENDPOINT).document()) == "metadata_no_signing_key"


def test_ours_is_an_application_with_our_realm_our_callback_and_our_key() -> None:
    """What AD FS encrypts to; the algorithms are those that it may choose."""
    ours = signer("service provider")
    document = federation.metadata(
        realm="urn:broker:a&b", callback="https://login.example.com/cb", certificates=[ours.certificate]
    )
    root = etree.fromstring(document)
    names = {"md": "urn:oasis:names:tc:SAML:2.0:metadata", "fed": FED, "wsa": federation.WSA}
    (role,) = root.findall("md:RoleDescriptor", names)
    assert root.get("entityID") == "urn:broker:a&b"
    assert role.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "fed:ApplicationServiceType"
    assert role.nsmap["fed"] == FED
    key, *others = role
    addresses = {etree.QName(one).localname: one.findtext(".//wsa:Address", None, names) for one in others}
    assert addresses == {
        "TargetScopes": "urn:broker:a&b",
        "ApplicationServiceEndpoint": "https://login.example.com/cb",
        "PassiveRequestorEndpoint": "https://login.example.com/cb",
    }
    assert (key.tag, key.get("use")) == (f"{{{names['md']}}}KeyDescriptor", "encryption")
    assert key.findtext(".//ds:X509Certificate", None, {"ds": DS}) == ours.certificate_text
    algorithms = [one.get("Algorithm", "") for one in key.iterfind("md:EncryptionMethod", names)]
    assert [one.rpartition("#")[2] for one in algorithms] == ["aes256-gcm", "aes128-gcm", "rsa-oaep-mgf1p", "rsa-oaep"]
