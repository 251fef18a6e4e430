"""IdP metadata under our own policy."""

from __future__ import annotations

import pytest

from broker.xml.metadata import Endpoint, IdpMetadata, MetadataRefused, parse
from tests.idps.saml_signer import POST, REDIRECT, Entity, signer, time

NOW = 1_800_000_000.0
NAME = "http://adfs.contoso.com/adfs/services/trust"
GOOD = Entity(NAME, [("signing", signer("idp"))])
ARTIFACT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
MD = 'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'


def parsed(document: bytes, entity_id: str | None = None, *, loopback: bool = False) -> IdpMetadata:
    return parse(document, entity_id=entity_id, now=NOW, loopback=loopback)


def refusal(document: bytes, entity_id: str | None = None) -> str:
    with pytest.raises(MetadataRefused) as caught:
        parsed(document, entity_id)
    return caught.value.reason


def several(*entities: Entity) -> bytes:
    return f"<md:EntitiesDescriptor {MD}>{''.join(one.xml() for one in entities)}</md:EntitiesDescriptor>".encode()


def test_entity_id_may_be_a_name_that_nobody_can_fetch() -> None:
    found = parsed(GOOD.document())
    assert (found.entity_id, found.sso_url) == (NAME, "https://idp.contoso.com/sso")
    assert [one.pem for one in found.certificates] == [signer("idp").certificate]
    assert not found.wants_signed_requests


def test_provider_that_takes_forms_only_is_sent_forms() -> None:
    found = parsed(Entity(NAME, GOOD.keys, binding=POST).document())
    assert found.sso_url == found.sso_post == "https://idp.contoso.com/sso"
    assert not found.takes_redirects
    assert parsed(GOOD.document()).sso_post is None


def test_logout_addresses_prefer_the_redirect_and_skip_what_no_browser_may_open() -> None:
    services = "".join(
        f'<md:SingleLogoutService Binding="{binding}" Location="{location}"{more}/>'
        for binding, location, more in [
            (ARTIFACT, "https://idp.contoso.com/artifact", ""),
            (POST, "https://idp.contoso.com/post", ' ResponseLocation="https://idp.contoso.com/answers"'),
            (REDIRECT, "javascript:alert(1)", ""),
            (REDIRECT, "https://[", ""),
            (REDIRECT, "https://idp.contoso.com/redirect", ""),
        ]
    )
    document = GOOD.xml().replace("<md:SingleSignOnService", f"{services}<md:SingleSignOnService")
    assert parsed(document.encode()).slo == (
        Endpoint(REDIRECT, "https://idp.contoso.com/redirect", "https://idp.contoso.com/redirect"),
        Endpoint(POST, "https://idp.contoso.com/post", "https://idp.contoso.com/answers"),
    )


def test_every_signing_key_counts_and_no_encryption_key() -> None:
    """SS-66: use="signing" or no use at all."""
    entity = Entity(NAME, [("encryption", signer("e")), ("signing", signer("a")), (None, signer("b", "p256"))])
    assert [one.pem for one in parsed(entity.document()).certificates] == [
        signer("a").certificate,
        signer("b", "p256").certificate,
    ]


def test_other_roles_are_skipped() -> None:
    role = (
        '<md:RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="fed:SecurityTokenService" '
        'protocolSupportEnumeration="urn:wsfed"/>'
    )
    assert parsed(Entity(NAME, GOOD.keys, before=role).document()).entity_id == NAME


def test_expired_certificate_is_kept() -> None:
    assert parsed(Entity(NAME, [("signing", signer("old", days=-1))]).document()).certificates[0].not_after < NOW


def test_entity_is_chosen_by_name() -> None:
    other = Entity("https://other", GOOD.keys)
    assert parsed(several(GOOD, other), "https://other").entity_id == "https://other"
    assert refusal(several(GOOD, other)) == "entity_ambiguous"
    assert refusal(several(GOOD, other), "https://third") == "entity_not_found"
    assert refusal(GOOD.document(), "https://third") == "entity_not_found"


@pytest.mark.parametrize(
    ("entity", "reason"),
    [
        (Entity(NAME, []), "metadata_no_signing_key"),
        (Entity(NAME, [("encryption", signer("e"))]), "metadata_no_signing_key"),
        (Entity(NAME, [("signing", signer("weak", "rsa1024"))]), "metadata_weak_key"),
        (Entity(NAME, GOOD.keys, binding=ARTIFACT), "metadata_no_sso"),
        (Entity(NAME, GOOD.keys, sso="javascript:alert(1)"), "metadata_sso_location"),
        (Entity(NAME, GOOD.keys, sso="http://idp.contoso.com/"), "metadata_sso_location"),
        (Entity(NAME, GOOD.keys, sso="http://127.0.0.1/"), "metadata_sso_location"),
        (Entity(NAME, GOOD.keys, sso="https://a@idp.contoso.com/"), "metadata_sso_location"),
        (Entity(NAME, GOOD.keys, sso="//idp.contoso.com/"), "metadata_sso_location"),
        (Entity(NAME, GOOD.keys, sso="https://idp.contoso.com:99999/"), "metadata_sso_location"),
        (Entity(NAME, GOOD.keys, sso="https://idp..contoso.com/"), "metadata_sso_location"),
        (Entity(NAME, GOOD.keys, entity_attributes=f' validUntil="{time(NOW)}"'), "metadata_expired"),
        (Entity(NAME, GOOD.keys, entity_attributes=' validUntil="soon"'), "metadata_xml"),
    ],
)
def test_missing_and_wrong_pieces_have_names(entity: Entity, reason: str) -> None:
    assert refusal(entity.document()) == reason


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"<!DOCTYPE x>" + GOOD.document(), "metadata_dtd"),
        (GOOD.xml().encode("utf-16"), "metadata_dtd"),
        (b"not XML", "metadata_xml"),
        (b"<html/>", "metadata_xml"),
        (b"x" * 9_000_000, "metadata_size"),
        (f'<md:EntityDescriptor {MD} entityID="https://x"/>'.encode(), "entity_not_found"),
        (GOOD.xml().replace("SAML:2.0:protocol", "SAML:1.1:protocol").encode(), "metadata_not_idp"),
    ],
)
def test_what_is_no_metadata_is_refused(document: bytes, reason: str) -> None:
    assert refusal(document) == reason


def test_http_on_loopback_is_accepted_only_where_we_are_there_too() -> None:
    entity = Entity(NAME, GOOD.keys, sso="http://localhost:8080/sso")
    assert parsed(entity.document(), loopback=True).sso_url == "http://localhost:8080/sso"
    assert refusal(entity.document()) == "metadata_sso_location"


@pytest.mark.parametrize(("text", "seconds"), [("PT1H30M", 5400), ("P1DT5S", 86405), ("P1Y", None), ("PT5.5S", 5)])
def test_cache_duration(text: str, seconds: int | None) -> None:
    entity = Entity(NAME, GOOD.keys, entity_attributes=f' cacheDuration="{text}"')
    assert parsed(entity.document()).cache_seconds == seconds
