"""What an IdP may encrypt for us, and that nobody learns anything from how a changed ciphertext is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import xmlsec

from broker.connectors.connector import SpKey, SpKeys
from broker.connectors.saml import SamlConnector
from broker.errors import AssertionRejected, UpstreamUnavailable
from broker.model import Callback, Identity
from tests.attacks.saml.case import Context
from tests.attacks.saml.encryption import ID_VALUE, encrypted, flipped, named
from tests.attacks.saml.harness import ACS, begun, connector
from tests.idps.saml_encryptor import CBC128, CBC256, GCM128, GCM256, OAEP, OAEP11, Envelope
from tests.idps.saml_signer import DS, NS, SAML, Signer, assertion, sign, signer, text, tree

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
GENERIC = "Your organisation's identity provider did not give a valid answer."


def finished(saml: SamlConnector, build: Callable[[Context], Callback]) -> Identity:
    request, context = begun(saml)
    return saml.finish(request, build(context), ACS)


def refusal(saml: SamlConnector, build: Callable[[Context], Callback]) -> AssertionRejected:
    with pytest.raises(AssertionRejected) as caught:
        finished(saml, build)
    return caught.value


def answer(signed: str = "assertion", **how: object) -> Callable[[Context], Callback]:
    return lambda ctx: ctx.post(encrypted(ctx, signed, **how))  # type: ignore[arg-type]  # what Envelope takes


@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
def test_encrypted_assertion_is_believed_for_a_signature_inside_or_around(signed: str) -> None:
    """T19: Shibboleth signs the Response and leaves the assertion in it unsigned."""
    assert finished(connector(), answer(signed)).subject == "anna"


@pytest.mark.parametrize("content", [GCM128, GCM256, CBC128, CBC256])
@pytest.mark.parametrize(
    ("transport", "digest", "mask"),
    [
        (OAEP, None, None),
        (OAEP, "sha1", None),
        (OAEP, "sha256", None),
        (OAEP11, None, None),
        (OAEP11, "sha256", "sha1"),
        (OAEP11, "sha256", "sha256"),
    ],
)
def test_every_accepted_algorithm_opens(content: str, transport: str, digest: str | None, mask: str | None) -> None:
    saml = connector(allow_cbc=content.endswith("cbc"))
    how = {"content": content, "transport": transport, "digest": digest, "mask": mask}
    assert finished(saml, answer(**how)).attributes["mail"] == ("anna@contoso.com",)


@pytest.mark.parametrize(
    "label",
    [
        "<ds:X509Data><ds:X509Certificate>AA==</ds:X509Certificate></ds:X509Data>",
        f'<o:SecurityTokenReference xmlns:o="{WSSE}"><o:Reference URI="#x"/></o:SecurityTokenReference>',
    ],
)
def test_labels_of_the_key_and_ids_are_tolerated(label: str) -> None:
    assert (
        finished(connector(), answer(ids=True, label=f'<ds:KeyInfo xmlns:ds="{DS}">{label}</ds:KeyInfo>')).subject
        == "anna"
    )


def test_namespaces_declared_around_the_ciphertext_hold_inside_it() -> None:
    """XML Encryption 1.1 §4.4: some IdPs encrypt the assertion without the declarations of its parents."""

    def bare(xml: bytes) -> bytes:
        return xml.replace(f' xmlns:saml="{SAML}"'.encode(), b"", 1)

    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    value = '<saml:AttributeValue xsi:type="xs:string">a@b</saml:AttributeValue>'
    typed = f'<saml:Attribute Name="mail">{value}</saml:Attribute>'

    def build(ctx: Context) -> Callback:
        raw = ctx.answer(attributes=typed).xml().replace("<samlp:Response ", f"<samlp:Response {xsi} ", 1)
        root = tree(raw)
        inner = assertion(root)
        plain = bare(text(inner)).replace(f" {xsi}".encode(), b"").replace(xsi.encode(), b"")
        plain = plain.replace(b' xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"', b"")
        for declaration in xsi.split(" "):
            plain = plain.replace(f" {declaration}".encode(), b"")
        assert b"xmlns" not in plain
        assert ctx.sp is not None
        root.replace(inner, tree(Envelope(ctx.sp).seal(plain)))
        root = tree(text(root))
        sign(root, ctx.idp)
        return ctx.post(root)

    assert finished(connector(), build).attributes["mail"] == ("a@b",)


def test_another_stack_s_ciphertext_opens() -> None:
    """libxmlsec as the IdP."""

    def build(ctx: Context) -> Callback:
        root = ctx.signed()
        inner = assertion(root)
        constants = xmlsec.constants
        data = xmlsec.template.encrypted_data_create(
            root, constants.TransformAes256Cbc, type=constants.TypeEncElement, ns="xenc"
        )
        xmlsec.template.encrypted_data_ensure_cipher_value(data)
        info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
        key = xmlsec.template.add_encrypted_key(info, constants.TransformRsaOaep)
        xmlsec.template.encrypted_data_ensure_cipher_value(key)
        manager = xmlsec.KeysManager()
        assert ctx.sp is not None
        manager.add_key(xmlsec.Key.from_memory(ctx.sp.certificate, constants.KeyDataFormatCertPem, None))
        context = xmlsec.EncryptionContext(manager)
        context.key = xmlsec.Key.generate(constants.KeyDataAes, 256, constants.KeyDataTypeSession)
        holder = tree(f'<saml:EncryptedAssertion xmlns:saml="{SAML}"/>')
        holder.append(context.encrypt_xml(data, inner))
        root.append(holder)
        return ctx.post(root)

    assert finished(connector(allow_cbc=True), build).subject == "anna"


@pytest.mark.parametrize("content", [GCM256, CBC128])
def test_encrypted_name_is_read_like_a_plain_one(content: str) -> None:
    """SE-12, and what an upstream logout must repeat."""
    name = ID_VALUE.replace("<saml:NameID ", '<saml:NameID Format="urn:f" NameQualifier="q" ')
    identity = finished(connector(allow_cbc=content == CBC128), named(name, content=content))
    assert identity.subject == "anna"
    assert identity.attributes["name_id_format"] == ("urn:f",)
    assert identity.logout["name_qualifier"] == "q"


def test_encrypted_name_in_an_encrypted_assertion_is_read() -> None:
    def build(ctx: Context) -> Callback:
        assert ctx.sp is not None
        root = ctx.signed(name_id=Envelope(ctx.sp).seal(ID_VALUE.encode(), "EncryptedID"))
        inner = assertion(root)
        root.replace(inner, tree(Envelope(ctx.sp).seal(text(inner))))
        return ctx.post(root)

    assert finished(connector(), build).subject == "anna"


def test_encrypted_name_is_opened_only_in_a_verified_assertion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.xml.decrypt.plain", lambda *_: pytest.fail("decrypted"))
    bad = named(ID_VALUE)
    assert refusal(connector(), lambda ctx: bad(replace(ctx, idp=signer("stranger")))).reason == "signature_invalid"


def test_ciphertext_in_a_signed_response_is_opened_only_when_the_signature_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("broker.xml.decrypt.plain", lambda *_: pytest.fail("decrypted"))
    stranger = signer("stranger")
    assert refusal(connector(), answer("response", by=stranger)).reason == "signature_invalid"


def with_keys(saml: SamlConnector, *keys: Signer) -> SamlConnector:
    active, *retired = (SpKey(key.private_key, key.certificate) for key in keys)
    held = SpKeys(active, None, tuple(retired))
    saml._surroundings = replace(saml._surroundings, sp_keys=lambda _: held)
    return saml


def test_retired_key_opens_until_it_is_withdrawn() -> None:
    """SE-15."""
    now, before = signer("service provider of today"), signer("service provider")
    assert finished(with_keys(connector(), now, before), answer()).subject == "anna"
    assert refusal(with_keys(connector(), now), answer()).reason == "decryption"


def test_changed_ciphertexts_cannot_be_told_apart() -> None:
    """SE-08: 256 values of the byte that decides the padding, then of one that decides whether it is XML."""
    saml = connector(allow_cbc=True)
    seen = set()
    for place in (-17, -40):
        for value in range(1, 256):
            refused = refusal(saml, answer("none", content=CBC256, key=b"k" * 32, spoil=changed(place, value)))
            seen.add((refused.public, refused.status))
    assert seen == {(GENERIC, 400)}


def changed(place: int, value: int) -> Callable[[bytes], bytes]:
    def spoil(ciphertext: bytes) -> bytes:
        bent = bytearray(ciphertext)
        bent[place] ^= value
        return bytes(bent)

    return spoil


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (answer("none"), "unsigned_assertion"),
        (answer(by=signer("stranger")), "signature_invalid"),
        (answer(plain=lambda xml: xml.replace(b"anna<", b"eve<")), "digest"),
        (answer(spoil=flipped(30)), "decryption"),
        (answer(plain=lambda xml: xml[:-9]), "decryption"),
    ],
)
def test_after_a_decryption_every_refusal_looks_the_same(build: Callable[[Context], Callback], reason: str) -> None:
    refused = refusal(connector(), build)
    assert (refused.reason, refused.public, refused.status) == (reason, GENERIC, 400)


@pytest.mark.parametrize("build", [answer(), answer(spoil=flipped(30)), answer(plain=lambda xml: xml[:-9])])
def test_metadata_out_of_reach_shows_before_a_decryption(
    monkeypatch: pytest.MonkeyPatch, build: Callable[[Context], Callback]
) -> None:
    """Else 503 would say of a changed ciphertext that its plaintext was well-formed, and 400 that it was not."""
    saml = connector()
    request, context = begun(saml)
    callback = build(context)

    def gone() -> None:
        raise UpstreamUnavailable("metadata_expired")

    monkeypatch.setattr(saml._trust, "current", gone)
    with pytest.raises(UpstreamUnavailable) as caught:
        saml.finish(request, callback, ACS)
    assert caught.value.reason == "metadata_expired"


def test_refusal_names_nothing_of_the_plaintext() -> None:
    """SE-14."""
    refused = refusal(connector(), answer(plain=lambda xml: xml.replace(b"anna<", b"<anna-secret<")))
    assert "anna" not in str(refused)
    assert refused.__cause__ is None
    assert refused.__suppress_context__


def test_no_keys_manager_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would load every CA of the machine for each message."""
    monkeypatch.setattr("xmlsec.KeysManager", lambda *_: pytest.fail("a KeysManager"))
    assert finished(connector(), answer("both")).subject == "anna"


@pytest.mark.parametrize(("allow_cbc", "count"), [(False, 2), (True, 4)])
def test_metadata_offers_cbc_only_where_it_is_allowed(allow_cbc: bool, count: int) -> None:
    body = connector(allow_cbc=allow_cbc).metadata(ACS)[1]
    assert body.count(b"aes") == count
    assert tree(body).find(".//ds:X509Certificate", NS) is not None
