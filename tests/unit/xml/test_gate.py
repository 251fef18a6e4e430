"""The structural gate lets honest messages through, however they are written."""

from __future__ import annotations

import base64

import pytest

from broker.errors import AssertionRejected
from broker.xml import gate, onelogin, signature
from broker.xml.response import instant, read
from tests.idps.saml_signer import Answer, Signer, assertion, resign, sign, signer, text, tree

ANSWER = Answer(1_800_000_000.0, "https://b/acs", "https://b/metadata", "https://idp", "_request")
GROUPS = "".join(
    f'<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/'
    f'XMLSchema" xsi:type="xs:string">G{i}</saml:AttributeValue>'
    for i in range(2500)
)
MANY = "".join(f"<saml:AttributeValue>CN=Group {i},OU=Groups,DC=contoso</saml:AttributeValue>" for i in range(9_500))


SIGNATURE = ".//{http://www.w3.org/2000/09/xmldsig#}Signature"


def field(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def signed(by: Signer | None = None, **changes: object) -> bytes:
    root = tree(ANSWER.but(**changes).xml())
    sign(assertion(root), by or signer("idp"))
    return text(root)


def verified(raw: bytes, by: Signer | None = None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    gated = gate.open_response(field(raw))
    tags = signature.verify(gated, [(by or signer("idp")).certificate])
    onelogin.check_schema(gated.unverified_root)
    return read(gated, tags).assertion.attributes


@pytest.mark.parametrize("values", [MANY, GROUPS], ids=["thousands of groups", "types repeated on every value"])
def test_long_group_lists_pass(values: str) -> None:
    raw = signed(attributes=f'<saml:Attribute Name="groups">{values}</saml:Attribute>')
    assert len(verified(raw)[0][1]) == values.count("<saml:AttributeValue")


def test_declaration_and_line_breaks_pass() -> None:
    raw = b'<?xml version="1.0" encoding="utf-8"?>\n' + signed()
    broken = "\r\n".join(field(raw)[i : i + 76] for i in range(0, len(field(raw)), 76))
    assert gate.open_response(broken).unverified_assertion is not None


@pytest.mark.parametrize("wrong", ["PHg+ PC94Pg==", "PHg-_", "PHg", "пример"])
def test_field_is_base64_of_the_standard_alphabet(wrong: str) -> None:
    with pytest.raises(AssertionRejected, match=r"^encoding"):
        gate.open_response(wrong)


def test_long_field_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(AssertionRejected, match=r"^size"):
        gate.open_response("A" * 2_000_000)


def test_cdata_and_references_give_the_whole_text() -> None:
    """SS-48: the value that was signed is the value that is read."""
    raw = signed().replace(b"anna</saml:NameID>", b"<![CDATA[an]]>n&#97;</saml:NameID>")
    gated = gate.open_response(field(raw))
    tags = signature.verify(gated, [signer("idp").certificate])
    name_id = read(gated, tags).assertion.name_id
    assert name_id is not None
    assert name_id.value == "anna"


@pytest.mark.parametrize(
    ("inside", "values"),
    [
        ("<saml:NameID>abc</saml:NameID>", ("abc",)),
        ("<b>abc</b>", ()),
        ("  abc \n", ("abc",)),
        ("", ()),
    ],
)
def test_attribute_values_are_text_or_absent(inside: str, values: tuple[str, ...]) -> None:
    """SM-53, SM-54; SS-44: an XInclude inside a value is other XML and so nothing."""
    attribute = f'<saml:Attribute Name="a"><saml:AttributeValue>{inside}</saml:AttributeValue></saml:Attribute>'
    assert verified(signed(attributes=attribute)) == (("a", values),)


def test_nil_is_absent() -> None:
    nil = '<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
    assert verified(signed(attributes=f'<saml:Attribute Name="a">{nil}</saml:Attribute>')) == (("a", ()),)


def test_elliptic_keys_sign_too() -> None:
    key = signer("elliptic", "p256")
    assert verified(signed(key), key)


def test_inclusive_namespaces_of_the_transform_are_honoured() -> None:
    """Shibboleth and SimpleSAMLphp name prefixes there; in CanonicalizationMethod they are refused."""
    prefixes = '<e:InclusiveNamespaces xmlns:e="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="saml samlp"/>'
    root = tree(signed())
    found = root.find(SIGNATURE)
    assert found is not None
    found[0][2][0][1].append(tree(prefixes))
    resign(found, signer("idp"))
    assert verified(text(root))
    found[0][0].append(tree(prefixes))
    with pytest.raises(AssertionRejected) as caught:
        gate.open_response(field(text(root)))
    assert caught.value.reason == "c14n"


def test_signature_id_is_tolerated() -> None:
    """Some IdPs write ds:Signature/@Id; it is outside what is signed."""
    assert verified(signed().replace(b"<ds:Signature ", b'<ds:Signature Id="_s" '))


@pytest.mark.parametrize("wrong", [None, "", "2027-01-15", "2027-01-15T08:00:00", "2027-13-15T08:00:00Z"])
def test_times_are_utc_and_say_so(wrong: str | None) -> None:
    with pytest.raises(AssertionRejected, match=r"^why"):
        instant(wrong, "why")


def test_fractions_of_a_second_are_kept() -> None:
    assert instant("2027-01-15T08:00:00.1234567Z", "why") == pytest.approx(1_800_000_000.1234567)
