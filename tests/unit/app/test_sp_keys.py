"""Our SAML key pairs: made once, one for all or one per IdP, rolled with overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from broker.app import sp_keys
from broker.app.sp_keys import SpKeyRing
from broker.connectors.connector import SpKeys
from broker.connectors.saml import SamlConnector
from broker.errors import AssertionRejected, StoreError
from broker.model import MetadataSource, SamlSettings
from broker.seal import Seal
from broker.store import Store
from broker.tokens.rotation import RotationRefused
from broker.xml.sp import common_name
from tests.attacks.saml.encryption import encrypted
from tests.attacks.saml.harness import ACS, ISSUER, NOW, begun, idp_of, surroundings
from tests.idps.saml_signer import Entity, Signer, signer

SHARED = idp_of(SamlSettings(MetadataSource(document=Entity(ISSUER, [("signing", signer("idp"))]).document())))
OWN = replace(SHARED, saml=replace(SHARED.saml, own_key=True))  # type: ignore[type-var]  # it has settings
DAY = 86400


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/broker.db", Seal(b"k" * 32), clock)
    made.upgrade()
    yield made
    made.close()


@pytest.fixture
def ring(store: Store, clock: Clock) -> SpKeyRing:
    return SpKeyRing(store, "login.example.com", clock)


def rotate(store: Store, clock: Clock, *, force: bool = False) -> sp_keys.Rotated:
    with store.transaction() as transaction:
        return sp_keys.rotate(transaction.deployment, sp_keys.purpose(), int(clock()), force=force)


def signs_in(keys: SpKeys, encrypted_to: str) -> str:
    """An IdP answers, encrypted to that certificate, a broker that holds these keys."""
    saml = SamlConnector(SHARED, replace(surroundings(), sp_keys=lambda _: keys))
    request, context = begun(saml)
    answer = context.post(encrypted(replace(context, sp=Signer("", encrypted_to))))
    return saml.finish(request, answer, ACS).subject


def test_providers_share_a_pair_unless_they_ask_for_their_own(ring: SpKeyRing) -> None:
    elsewhere = replace(SHARED, tenant="fabrikam")
    assert ring(SHARED) == ring(elsewhere)
    assert ring(OWN) != ring(SHARED)
    assert ring(OWN) != ring(replace(OWN, tenant="fabrikam"))
    assert ring(OWN) != ring(replace(OWN, id="other"))
    assert common_name(ring(OWN).active.certificate) == "login.example.com"


def test_pair_is_made_once(store: Store, clock: Clock, ring: SpKeyRing) -> None:
    other_node = SpKeyRing(store, "login.example.com", clock)
    assert ring(OWN) == other_node(OWN) == ring(OWN)
    assert len(store.deployment.keys(sp_keys.purpose("contoso", "adfs"))) == 1


def test_rollover_with_overlap_never_refuses_an_identity_provider(store: Store, clock: Clock, ring: SpKeyRing) -> None:
    """SE-15: before, while both are published, and for 30 days after, whichever certificate the IdP has loaded."""
    before = ring(SHARED).active.certificate
    assert rotate(store, clock).announced
    clock.now += sp_keys.RELOAD_AFTER
    both = ring(SHARED)
    assert both.published[0] == before
    assert len(both.published) == 2
    after = both.published[1]
    assert [signs_in(both, certificate) for certificate in both.published] == ["anna", "anna"]
    clock.now += sp_keys.PUBLISH_AHEAD
    rotate(store, clock)
    clock.now += sp_keys.RELOAD_AFTER
    rolled = ring(SHARED)
    assert rolled.published == (after,)
    assert [signs_in(rolled, certificate) for certificate in (before, after)] == ["anna", "anna"]
    clock.now += sp_keys.KEPT
    late = ring(SHARED)
    assert signs_in(late, after) == "anna"
    with pytest.raises(AssertionRejected, match=r"^decryption"):
        signs_in(late, before)


def test_new_pair_waits_two_days_in_public(store: Store, clock: Clock, ring: SpKeyRing) -> None:
    ring(SHARED)
    rotate(store, clock)
    clock.now += sp_keys.PUBLISH_AHEAD - 1
    with pytest.raises(RotationRefused, match="published_too_recently"):
        rotate(store, clock)
    assert rotate(store, clock, force=True).active


@pytest.mark.parametrize("announced", [False, True])
def test_withdrawn_key_is_gone_at_once_and_another_signs(
    store: Store, clock: Clock, ring: SpKeyRing, announced: bool
) -> None:
    before = ring(SHARED)
    if announced:
        rotate(store, clock)
    with store.transaction() as transaction:
        shelf = transaction.deployment
        (kid,) = [key.kid for key in shelf.keys(sp_keys.purpose()) if key.state == "active"]
        sp_keys.retire(shelf, sp_keys.purpose(), kid, int(clock()), force=True)
    clock.now += sp_keys.RELOAD_AFTER
    after = ring(SHARED)
    assert before.active.private_key not in after.decrypting
    assert len(after.decrypting) == 1


def test_known_pair_outlives_a_store_that_is_away(store: Store, clock: Clock, ring: SpKeyRing) -> None:
    known = ring(SHARED)
    clock.now += DAY
    broken = SpKeyRing(store, "x", clock)
    store.deployment.keys = _away  # type: ignore[method-assign]  # the store is away
    assert ring(SHARED) == known
    with pytest.raises(StoreError):
        broken(SHARED)


def _away(_: str) -> tuple[()]:
    raise StoreError("unreachable")


def test_private_keys_show_in_no_repr(ring: SpKeyRing) -> None:
    assert "PRIVATE" not in repr(ring(SHARED))
