"""What we send: AuthnRequest and SP metadata."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML as Xml

from broker.xml import onelogin, signature_shape, sp
from broker.xml.authn_request import AuthnRequest, document, form_fields, redirect_url
from broker.xml.names import POST, REDIRECT
from tests.idps.saml_signer import NS, signer, tree

ASKED = AuthnRequest("_1", "https://b/metadata", "https://idp/sso?a=b", "https://b/acs", 1_800_000_000.5)


def test_request_asks_for_nothing_that_was_not_configured() -> None:
    root = tree(document(ASKED))
    assert dict(root.attrib) == {
        "ID": "_1",
        "Version": "2.0",
        "IssueInstant": "2027-01-15T08:00:00Z",
        "Destination": "https://idp/sso?a=b",
        "AssertionConsumerServiceURL": "https://b/acs",
        "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
    }
    assert [child.tag for child in root] == [f"{{{NS['saml']}}}Issuer"]
    assert Xml.validate_xml(root, "saml-schema-protocol-2.0.xsd") is root


def test_request_asks_for_fresh_authentication_and_a_format() -> None:
    root = tree(document(replace(ASKED, force_authn=True, name_id_format="urn:f", issuer='https://b/?a="<&')))
    assert root.get("ForceAuthn") == "true"
    assert root[1].get("Format") == "urn:f"
    assert root[0].text == 'https://b/?a="<&'


def test_redirect_carries_the_deflated_request() -> None:
    url = redirect_url(ASKED, "relay 1&", None)
    assert url.startswith("https://idp/sso?a=b&SAMLRequest=")
    query = parse_qs(urlsplit(url).query)
    assert zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), wbits=-15) == document(ASKED)
    assert query["RelayState"] == ["relay 1&"]
    assert "Signature" not in query


def test_signature_covers_the_query_as_sent() -> None:
    key = signer("service provider")
    query, signature = (
        urlsplit(redirect_url(ASKED, "r", key.private_key)).query.removeprefix("a=b&").split("&Signature=")
    )
    public = x509.load_pem_x509_certificate(key.certificate.encode()).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    value = base64.b64decode(parse_qs(f"s={signature}")["s"][0])
    public.verify(value, query.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert list(parse_qs(query)) == ["SAMLRequest", "RelayState", "SigAlg"]


def test_key_is_made_for_ten_years() -> None:
    private, certificate = sp.make_key("x" * 100, 1_800_000_000.5)
    made = x509.load_pem_x509_certificate(certificate.encode())
    assert private.startswith("-----BEGIN PRIVATE KEY-----")
    assert (made.not_valid_after_utc - made.not_valid_before_utc).days == 3653


def test_metadata_offers_post_and_our_keys_for_signing_and_encryption() -> None:
    """T19."""
    body = sp.metadata(
        entity_id="https://b/metadata",
        acs="https://b/acs",
        slo="https://b/slo",
        certificates=[signer("service provider").certificate, signer("next service provider").certificate],
        sign_requests=True,
        want_assertions_signed=True,
        name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    )
    root = etree.fromstring(body)
    assert Xml.validate_xml(root, "saml-schema-metadata-2.0.xsd") is root
    role = root[0]
    assert role.get("AuthnRequestsSigned") == role.get("WantAssertionsSigned") == "true"
    assert [key.get("use") for key in role.iterfind("{*}KeyDescriptor")] == [
        "signing",
        "signing",
        "encryption",
        "encryption",
    ]
    methods = [one.get("Algorithm") for one in role[2].iterfind("{*}EncryptionMethod")]
    assert methods == [
        "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        "http://www.w3.org/2009/xmlenc11#aes128-gcm",
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
        "http://www.w3.org/2009/xmlenc11#rsa-oaep",
    ]
    assert [acs.get("Location") for acs in role.iterfind("{*}AssertionConsumerService")] == ["https://b/acs"]
    slo = [(one.get("Binding"), one.get("Location")) for one in role.iterfind("{*}SingleLogoutService")]
    assert slo == [(REDIRECT, "https://b/slo"), (POST, "https://b/slo")]


def test_posted_request_carries_an_enveloped_signature() -> None:
    key = signer("service provider")
    fields = form_fields(
        replace(ASKED, class_refs=("urn:a",), comparison="minimum"), "r", (key.private_key, key.certificate)
    )
    root = tree(base64.b64decode(fields["SAMLRequest"]))
    assert Xml.validate_xml(root, "saml-schema-protocol-2.0.xsd") is root
    signature = root.find("{*}Signature")
    assert signature is not None
    signature_shape.check([signature], parents=(str(root.tag),))
    assert onelogin.signature_holds(signature, root, key.certificate)
    context = root.find("{*}RequestedAuthnContext")
    assert context is not None
    assert (context.get("Comparison"), [one.text for one in context]) == ("minimum", ["urn:a"])
    root.set("Destination", "https://evil.example/")
    assert not onelogin.signature_holds(signature, root, key.certificate)
    assert fields["RelayState"] == "r"


def test_posted_request_may_be_unsigned() -> None:
    assert base64.b64decode(form_fields(ASKED, "r", None)["SAMLRequest"]) == document(ASKED)
