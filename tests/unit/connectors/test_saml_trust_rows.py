"""Rows SB (metadata) of the attack catalogue, and what AD FS and Entra publish."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.connectors.saml.trust import Trust
from broker.errors import UpstreamUnavailable
from broker.model import MetadataSource, SamlSettings
from broker.outbound import Outbound
from tests.attacks.saml.harness import BROKER, ISSUER, NOW, idp_of
from tests.idps.saml_signer import Entity, signer, time
from tests.unit.connectors.trust_world import NEW, OLD, World, entity, fingerprint, keys_of


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(entity(OLD, attributes=f' validUntil="{time(NOW)}"'), "metadata_expired", id="SB-17"),
        pytest.param(entity(), "metadata_no_signing_key", id="SB-19"),
        pytest.param(entity(OLD, name=f"{BROKER}/t/contoso/saml/adfs/metadata"), "metadata_self", id="SB-26"),
        pytest.param(
            Entity(ISSUER, [("signing", OLD)], sso="javascript:x").document(), "metadata_sso_location", id="SB-22"
        ),
        pytest.param(
            Entity(ISSUER, [("signing", OLD)], sso="data:,x").document(), "metadata_sso_location", id="SB-22 data"
        ),
        pytest.param(entity(OLD) + b"<x/>", "metadata_xml", id="trailing"),
    ],
)
def test_metadata_that_may_not_be_trusted(body: bytes, reason: str) -> None:
    with pytest.raises(UpstreamUnavailable) as refused:
        World(body).trust().current()
    assert refused.value.reason == reason


def test_sb_18_a_key_without_use_signs() -> None:
    world = World(Entity(ISSUER, [(None, OLD), ("encryption", NEW)]).document())
    assert keys_of(world.trust()) == [fingerprint(OLD)]


def test_sb_21_metadata_of_another_entity_than_configured() -> None:
    with pytest.raises(UpstreamUnavailable, match="entity_not_found"):
        World(entity(OLD)).trust(entity_id="https://configured.example").current()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/m", "https://169.254.169.254/m", "file:///etc/passwd", "https://[::1]/"]
)
def test_sb_23_metadata_is_not_fetched_from_inside(url: str) -> None:
    outbound = Outbound(loopback=False)
    source = MetadataSource(url=url)
    around = replace(World(None).around(), outbound=outbound)
    with pytest.raises(UpstreamUnavailable, match="egress_blocked"):
        Trust(idp_of(SamlSettings(source)), source, None, around).current()
    outbound.close()


def test_sb_25_t13_two_connections_may_share_an_entity_id_and_no_key() -> None:
    """One Entra tenant's enterprise apps share an entityID and differ in their certificates."""
    one, other = World(entity(OLD)), World(entity(NEW))
    assert one.trust().current().entity_id == other.trust().current().entity_id
    assert keys_of(one.trust()) == [fingerprint(OLD)]
    assert keys_of(other.trust()) == [fingerprint(NEW)]


def test_t3_the_entity_id_is_never_fetched_and_may_be_http() -> None:
    assert ISSUER.startswith("http://")
    assert World(entity(OLD)).trust().current().entity_id == ISSUER


def test_t4_only_the_identity_provider_s_signing_keys_count() -> None:
    """AD FS publishes WS-Federation roles and an SP role with keys of their own in the same document. Synthetic."""
    other = signer("of another role").certificate_text
    info = (
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{other}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
    protocol = "urn:oasis:names:tc:SAML:2.0:protocol"
    acs = '<md:AssertionConsumerService index="0" Binding="x" Location="https://x"/>'
    roles = (
        f'<md:RoleDescriptor protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706">{info}'
        f'</md:RoleDescriptor><md:SPSSODescriptor protocolSupportEnumeration="{protocol}">{info}{acs}'
        "</md:SPSSODescriptor>"
    )
    world = World(Entity(ISSUER, [("encryption", NEW), ("signing", OLD)], before=roles).document())
    assert keys_of(world.trust()) == [fingerprint(OLD)]
