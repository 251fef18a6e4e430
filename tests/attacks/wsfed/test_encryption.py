"""What an AD FS may encrypt over WS-Federation, in what order it is opened, and that every refusal looks the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.connectors.wsfed import WsFedConnector
from broker.errors import AssertionRejected, UpstreamUnavailable
from broker.model import Identity
from tests.attacks.saml.encryption import flipped
from tests.attacks.wsfed.encryption import Build, encrypted, named, sealed, sealed20, stranger, unsigned
from tests.attacks.wsfed.harness import CALLBACK, begun, connector
from tests.idps.saml_encryptor import CBC256
from tests.idps.saml_signer import DS
from tests.idps.wsfed_signer import WST, WST13, the_token

GENERIC = "Your organisation's identity provider did not give a valid answer."
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
LABEL = (
    f'<ds:KeyInfo xmlns:ds="{DS}"><o:SecurityTokenReference xmlns:o="{WSSE}"><ds:X509Data><ds:X509IssuerSerial>'
    "<ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial>"
    "</ds:X509Data></o:SecurityTokenReference></ds:KeyInfo>"
)


def finished(wsfed: WsFedConnector, build: Build, trust: str = WST) -> Identity:
    request, context = begun(trust=trust)
    return wsfed.finish(request, build(context), CALLBACK)


def refusal(wsfed: WsFedConnector, build: Build) -> AssertionRejected:
    with pytest.raises(AssertionRejected) as caught:
        finished(wsfed, build)
    return caught.value


@pytest.mark.parametrize("trust", [WST, WST13])
@pytest.mark.parametrize(
    "build",
    [
        sealed(),
        sealed20(),
        sealed(label=LABEL, ids=True, content=CBC256),  # AD FS's own layout and default
        lambda ctx: ctx.post(encrypted(ctx, the_token(ctx.signed20()))),
        lambda ctx: ctx.post(encrypted(ctx, the_token(ctx.signed()), wrapped=True)),
        named(),
    ],
)
def test_encrypted_token_proves_a_person(trust: str, build: Build) -> None:
    identity = finished(connector(allow_cbc=True), build, trust)
    assert identity.subject == "anna"
    assert identity.replay_key is not None


def test_plain_and_encrypted_answer_with_one_assertion_have_one_replay_key() -> None:
    """SM-21."""
    plain = finished(connector(), lambda ctx: ctx.post(ctx.signed()))
    assert finished(connector(), sealed()).replay_key == plain.replay_key


def test_token_that_means_another_is_refused_after_decryption_too() -> None:
    """SM-01: the same column of checks."""
    other = sealed_said(audiences=[["https://other.example/rp"]])
    assert refusal(connector(), other).reason == "audience"


def sealed_said(**changes: object) -> Build:
    return lambda ctx: ctx.post(encrypted(ctx, the_token(ctx.signed(**changes))))


def test_encrypted_name_is_opened_only_in_a_verified_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.xml.decrypt.plain", lambda *_: pytest.fail("decrypted"))
    build = named()
    assert refusal(connector(), lambda ctx: build(replace(ctx, idp=ctx.stranger))).reason == "signature_invalid"


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (unsigned, "unsigned"),
        (stranger, "signature_invalid"),
        (sealed(plain=lambda xml: xml.replace(b"anna<", b"eve<")), "digest"),
        (sealed(spoil=flipped(30)), "decryption"),
        (sealed(plain=lambda xml: xml[:-9]), "decryption"),
        (sealed(plain=lambda xml: b"<jwt>eyJ</jwt>"), "decryption"),
        (sealed(content=CBC256, spoil=flipped(-17)), "decryption"),
    ],
)
def test_after_a_decryption_every_refusal_looks_the_same(build: Build, reason: str) -> None:
    """SE-08, SE-14."""
    refused = refusal(connector(allow_cbc=True), build)
    assert (refused.reason, refused.public, refused.status) == (reason, GENERIC, 400)
    assert "anna" not in str(refused)


@pytest.mark.parametrize("build", [sealed(), sealed(spoil=flipped(30))])
def test_metadata_out_of_reach_shows_before_a_decryption(monkeypatch: pytest.MonkeyPatch, build: Build) -> None:
    wsfed = connector()

    def gone() -> None:
        raise UpstreamUnavailable("metadata_expired")

    monkeypatch.setattr(wsfed._trust, "current", gone)
    with pytest.raises(UpstreamUnavailable) as caught:
        finished(wsfed, build)
    assert caught.value.reason == "metadata_expired"


@pytest.mark.parametrize(("allow_cbc", "count"), [(False, 2), (True, 4)])
def test_metadata_offers_our_key_and_cbc_only_where_it_is_allowed(allow_cbc: bool, count: int) -> None:
    body = connector(allow_cbc=allow_cbc).metadata(CALLBACK)[1]
    assert body.count(b"aes") == count
    assert body.count(b"X509Certificate>") == 2
