"""IdP metadata over time, with a clock that we move and a network that we script."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from broker.connectors.connector import Documents
from broker.connectors.saml import SamlConnector
from broker.errors import AssertionRejected, UpstreamUnavailable
from broker.model import MetadataSource, SamlSettings
from broker.outbound import Outbound, Response, Sink
from tests.attacks.saml.harness import ACS, ISSUER, NOW, begun, idp_of, surroundings
from tests.idps.saml_signer import Entity, Signer, signer, time

URL = "https://adfs.contoso.com/FederationMetadata/2007-06/FederationMetadata.xml"
HOURS = 3600
OLD, NEW = signer("idp"), signer("next")


@dataclass
class World:
    """The network, the store and the clock around a connector."""

    body: bytes | None
    now: float = NOW
    status: int = 200
    fetches: int = 0
    stored: dict[tuple[str, str, str], tuple[bytes, int]] = field(default_factory=dict)

    def stream(self, url: str, sink: Sink, *, limit: int, seconds: float | None = None) -> Response:
        assert url == URL
        assert limit >= 4 * 1_048_576
        self.fetches += 1
        if self.body is None:
            raise UpstreamUnavailable("timeout")
        if self.status != 200:
            raise UpstreamUnavailable("status")
        sink(self.body)
        return Response(200, {}, b"")

    def load(self, tenant: str, idp: str, kind: str) -> tuple[bytes, int] | None:
        return self.stored.get((tenant, idp, kind))

    def save(self, tenant: str, idp: str, kind: str, body: bytes, fetched_at: int) -> None:
        self.stored[tenant, idp, kind] = (body, fetched_at)

    def connector(self) -> SamlConnector:
        around = replace(
            surroundings(),
            outbound=cast("Outbound", self),
            documents=cast("Documents", self),
            clock=lambda: self.now,
        )
        return SamlConnector(idp_of(SamlSettings(MetadataSource(url=URL))), around)


def metadata(*keys: Signer, attributes: str = "") -> bytes:
    return Entity(ISSUER, [("signing", key) for key in keys], entity_attributes=attributes).document()


def sign_in(saml: SamlConnector, world: World, by: Signer) -> str:
    """The subject, or the reason of the refusal."""
    request, context = begun(saml)
    context = replace(context, now=world.now)
    try:
        return saml.finish(request, context.post(context.signed(by=by)), ACS).subject
    except AssertionRejected as refusal:
        return refusal.reason


def test_nothing_is_fetched_before_it_is_needed() -> None:
    world = World(metadata(OLD))
    saml = world.connector()
    saml.metadata(ACS)
    assert world.fetches == 0
    assert sign_in(saml, world, OLD) == "anna"
    assert world.fetches == 1


def test_metadata_is_asked_for_again_after_twelve_hours() -> None:
    world = World(metadata(OLD))
    saml = world.connector()
    sign_in(saml, world, OLD)
    world.now += 12 * HOURS - 1
    sign_in(saml, world, OLD)
    assert world.fetches == 1
    world.now += 1
    sign_in(saml, world, OLD)
    assert world.fetches == 2


def test_shorter_cache_duration_is_obeyed() -> None:
    world = World(metadata(OLD, attributes=' cacheDuration="PT1H"'))
    saml = world.connector()
    sign_in(saml, world, OLD)
    world.now += HOURS
    sign_in(saml, world, OLD)
    assert world.fetches == 2


def test_signing_key_rolls_over_without_anybody_doing_anything() -> None:
    """T1: announced beside the old one, then alone; and a farm that rolled without announcing."""
    world = World(metadata(OLD, NEW))
    saml = world.connector()
    assert [sign_in(saml, world, key) for key in (OLD, NEW)] == ["anna", "anna"]
    world.body = metadata(signer("third"))
    assert sign_in(saml, world, signer("third")) == "anna"
    assert sign_in(saml, world, OLD) == "signature_invalid"  # SS-65


def test_forced_refresh_happens_once_in_five_minutes() -> None:
    world = World(metadata(OLD))
    saml = world.connector()
    assert [sign_in(saml, world, signer("stranger")) for _ in range(5)] == ["signature_invalid"] * 5
    assert world.fetches == 2
    world.now += 300
    sign_in(saml, world, signer("stranger"))
    assert world.fetches == 3


OVER = metadata(OLD, attributes=' validUntil="2001-01-01T00:00:00Z"')


@pytest.mark.parametrize(
    ("body", "status"),
    [(None, 200), (b"<html/>", 200), (b"", 500), (OVER, 200)],
)
def test_last_known_good_is_kept(body: bytes | None, status: int) -> None:
    world = World(metadata(OLD))
    saml = world.connector()
    sign_in(saml, world, OLD)
    world.body, world.status = body, status
    world.now += 13 * HOURS
    assert sign_in(saml, world, OLD) == "anna"
    assert sign_in(world.connector(), world, OLD) == "anna"  # another process, by the store
    fetches = world.fetches
    sign_in(saml, world, OLD)
    assert world.fetches == fetches, "a failed fetch is not repeated at once"


def test_new_process_takes_a_fresh_copy_from_the_store() -> None:
    world = World(metadata(OLD))
    sign_in(world.connector(), world, OLD)
    assert sign_in(world.connector(), world, OLD) == "anna"
    assert world.fetches == 1


def test_without_any_copy_the_identity_provider_is_unavailable() -> None:
    world = World(None)
    with pytest.raises(UpstreamUnavailable) as caught:
        begun(world.connector())
    assert caught.value.reason == "timeout"


def test_metadata_that_ended_is_no_longer_used() -> None:
    world = World(metadata(OLD, attributes=f' validUntil="{time(NOW + 60)}"'))
    saml = world.connector()
    sign_in(saml, world, OLD)
    world.now += 61
    with pytest.raises(UpstreamUnavailable) as caught:
        sign_in(saml, world, OLD)
    assert caught.value.reason == "metadata_expired"


def test_expired_certificate_is_warned_of_and_used(caplog: pytest.LogCaptureFixture) -> None:
    """SS-63: the key counts; AD FS farms forget to renew."""
    old = signer("expired", days=-10)
    world = World(metadata(old))
    assert sign_in(world.connector(), world, old) == "anna"
    assert "has expired" in caplog.text
