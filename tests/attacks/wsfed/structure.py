"""The rows on document structure and XML signature, and those of the envelope (WF)."""

from __future__ import annotations

from tests.attacks.saml.forge import EXC, RSA_SHA256, SECOND, SHA256, TRANSFORM, XSLT
from tests.attacks.wsfed.case import Case, edited, raw, said, shaped
from tests.attacks.wsfed.forge import (
    altered,
    bogus,
    by,
    decoy,
    doubled_signature,
    key_value,
    moved,
    only,
    other_place,
    signature_on_the_envelope,
    signed_after,
    transplanted,
    twin,
    two_responses,
    unsigned,
    xsw3,
    xsw4,
    xsw8,
)
from tests.idps.saml_signer import DS

NAME = ">anna</saml:NameIdentifier>"
MAIL = "anna@contoso.com"
URI = 'URI="#_token"'
VALUE = "<saml:AttributeValue>x</saml:AttributeValue>"
JWT = '<w:BinarySecurityToken xmlns:w="urn:wsse">eyJ</w:BinarySecurityToken>'


def attribute(name: str, namespace: str) -> str:
    return f'<saml:Attribute AttributeName="{name}" AttributeNamespace="{namespace}">{VALUE}</saml:Attribute>'


CASES: tuple[Case, ...] = (
    Case("SS-03", "forged token before the signed one", "assertion_count", shaped(xsw3)),
    Case("SS-04", "forged token around the signed one", "assertion_count", shaped(xsw4)),
    Case("SS-07", "forged token in its place, the signed one in the margin", "assertion_count", shaped(moved)),
    Case("SS-08", "signed token in an Object", "assertion_count", shaped(xsw8)),
    Case("SS-10", "twin with the same id", "assertion_count", shaped(twin)),
    Case("SS-13", "decoy in AttributeValue", "assertion_count", shaped(decoy)),
    Case("WF-01", "two responses in a collection", "rstr_shape", two_responses),
    Case("WF-02", "token elsewhere in the envelope", "rstr_shape", other_place),
    Case("WF-03", "a JWT", "token_unsupported", only(JWT)),
    Case("WF-04", "no token", "token_unsupported", only("")),
    Case("SS-14", "no signature", "unsigned", shaped(unsigned)),
    Case("SS-16", "the envelope signed", "signature_parent", shaped(signature_on_the_envelope)),
    Case("SS-17", "signature of an older token", "reference_mismatch", shaped(transplanted)),
    Case("SS-18", "empty URI", "reference_uri", edited(URI, 'URI=""')),
    Case("SS-19", "xpointer", "reference_uri", edited(URI, "URI=\"#xpointer(id('_token'))\"")),
    Case("SS-20", "two References", "reference_count", edited("</ds:SignedInfo>", SECOND.format("#_token"))),
    Case("SS-22", "Reference by http", "reference_uri", edited(URI, 'URI="http://127.0.0.1:9/"')),
    Case("SS-25", "two signatures", "signature_shape", shaped(doubled_signature)),
    Case("SS-28", "random SignatureValue", "signature_invalid", shaped(bogus)),
    Case("SS-29", "attribute changed", "digest", shaped(altered)),
    Case("SS-30", "XSLT", "transform", edited(TRANSFORM, XSLT.format("<x/>"))),
    Case("SS-33", "third transform", "transform", edited(TRANSFORM, TRANSFORM * 2)),
    Case(
        "SS-35",
        "c14n with comments",
        "c14n",
        edited(f'Method Algorithm="{EXC}"', f'Method Algorithm="{EXC}WithComments"'),
    ),
    Case(
        "SS-36", "relative namespace", "relative_namespace", edited("<saml:Assertion ", '<saml:Assertion xmlns:z="1" ')
    ),
    Case(
        "SS-37", "ID beside AssertionID", "id_pollution", edited('AssertionID="_token"', 'AssertionID="_token" ID="_x"')
    ),
    Case(
        "SS-37",
        "a second AssertionID elsewhere",
        "id_pollution",
        edited("<saml:Subject>", '<saml:Subject AssertionID="_token">'),
    ),
    Case(
        "SS-37",
        "prefixed AssertionID",
        "id_pollution",
        edited('AssertionID="_token"', 'AssertionID="_token" t:AssertionID="_token"'),
    ),
    Case(
        "SS-37",
        "wsu:Id in the envelope",
        "id_pollution",
        edited("<t:TokenType>", '<t:TokenType xmlns:u="urn:u" u:Id="_token">'),
    ),
    Case("SS-37", "xml:id", "id_pollution", edited('AssertionID="_token"', 'AssertionID="_token" xml:id="_x"')),
    Case("SS-37", "no AssertionID", "reference_mismatch", edited('AssertionID="_token"', "")),
    Case("SS-38", "Conditions in another namespace", "schema", said(conditions='<e:C xmlns:e="urn:e"/>')),
    Case("SS-41", "DOCTYPE", "dtd", raw(lambda m: "<!DOCTYPE x>" + m)),
    Case(
        "SS-42", "external entity", "dtd", raw(lambda m: '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + m)
    ),
    Case("SS-45", "comment in NameIdentifier", "comment", edited(NAME, ">admin<!-- -->.evil</saml:NameIdentifier>")),
    Case("SS-47", "instruction in NameIdentifier", "pi", edited(NAME, ">admin<?x?>.evil</saml:NameIdentifier>")),
    Case("SS-48", "element in NameIdentifier", "schema", signed_after(NAME, "><b>anna</b></saml:NameIdentifier>")),
    Case(
        "SS-49",
        "two NameIdentifiers",
        "schema",
        signed_after(NAME, NAME + "<saml:NameIdentifier>b</saml:NameIdentifier>"),
    ),
    Case(
        "SS-49",
        "Advice",
        "schema",
        signed_after("<saml:AttributeStatement>", "<saml:Advice/><saml:AttributeStatement>"),
    ),
    Case("SS-50", "UTF-7 declared", "encoding", raw(lambda m: '<?xml version="1.0" encoding="UTF-7"?>' + m)),
    Case("SS-50", "a lone surrogate", "encoding", raw(lambda m: m.replace("anna<", "\udc80<"))),
    Case("SS-50", "byte order mark", "encoding", raw(lambda m: "\ufeff" + m)),
    Case("SS-51", "NUL", "xml", edited(NAME, ">a\x00b</saml:NameIdentifier>")),
    Case("SS-52", "two roots", "xml", raw(lambda m: m + m)),
    Case("SS-53", "SOAP fault", "root", raw(lambda _: '<s:Fault xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>')),
    Case(
        "SS-53",
        "a SAML response",
        "root",
        raw(lambda _: '<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"/>'),
    ),
    Case("SS-54", "90,000 elements", "size", edited(MAIL, "<a/>" * 90_000)),
    Case("SS-55", "10 MB", "size", raw(lambda m: m.replace(MAIL, "a" * 10_000_000))),
    Case("SS-56", "rsa-sha1", "algorithm", edited(RSA_SHA256, DS + "rsa-sha1")),
    Case("SS-57", "sha1 digest", "algorithm", edited(SHA256, DS + "sha1")),
    Case("SS-60", "a stranger's key", "signature_invalid", by("stranger")),
    Case("SS-61", "KeyValue", "keyinfo", shaped(key_value)),
    Case("SS-64", "RSA-1024", "signature_invalid", by("weak", "rsa1024")),
    Case("SS-65", "the IdP's encryption key", "signature_invalid", by("encryption")),
    Case(
        "SS-68",
        "two names, one claim",
        "attribute_duplicate",
        said(attributes=attribute("b/c", "urn:a") + attribute("c", "urn:a/b")),
    ),
)
