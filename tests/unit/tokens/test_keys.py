"""next -> active -> retired, without one failed verification."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from broker import jose
from broker.errors import StoreError, TokenRejected
from broker.model import Lifetimes, Signing
from broker.seal import Seal
from broker.store import Store, StoredKey
from broker.tokens import rotation
from broker.tokens.keys import RELOAD_AFTER, STRAGGLERS, KeyRing
from broker.tokens.rotation import JWKS_MAX_AGE, PUBLISH_AHEAD, RotationRefused

LONGEST = Lifetimes().access_token
NOW = 1_800_000_000


@dataclass
class Cluster:
    """One store and as many workers as a test asks for, on one clock."""

    folder: Path
    now: float = NOW
    stores: list[Store] = field(default_factory=list)

    def store(self) -> Store:
        self.stores.append(Store(f"sqlite:///{self.folder}/broker.db", Seal(b"k" * 32), lambda: self.now))
        return self.stores[-1]

    def worker(self, *algorithms: str) -> KeyRing[StoredKey]:
        return KeyRing(
            self.store(), StoredKey, algorithms=algorithms or ("ES256",), longest=LONGEST, clock=lambda: self.now
        )

    def rotate(self, *, force: bool = False) -> tuple[rotation.Rotated, ...]:
        with self.stores[0].transaction() as transaction:
            return rotation.rotate(transaction.deployment, StoredKey, int(self.now), force=force)

    def retire(self, kid: str, *, force: bool = False) -> None:
        with self.stores[0].transaction() as transaction:
            rotation.retire(transaction.deployment, StoredKey, kid, int(self.now), force=force)

    def states(self) -> dict[str, str]:
        return {key.kid: key.state for key in self.stores[0].deployment.keys(rotation.PURPOSE)}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    made.store().upgrade()
    yield made
    for store in made.stores:
        store.close()


def kids(ring: KeyRing[StoredKey]) -> set[str]:
    return {str(key["kid"]) for key in json.loads(ring.jwks().body)["keys"]}


def token(ring: KeyRing[StoredKey]) -> str:
    return jose.sign({"n": 1}, ring.signing("ES256"), "JWT")


def verify(ring: KeyRing[StoredKey], signed: str) -> None:
    keys = ring.verifying(str(jose.peek(signed).header["kid"]))
    jose.verify(signed, keys, ["ES256"], types=["jwt"])


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(RotationRefused) as caught:
        act()
    return caught.value.reason


def test_many_workers_make_one_set_of_keys(cluster: Cluster) -> None:
    workers = [cluster.worker("ES256", "EdDSA") for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda worker: worker.ensure(), workers))
    assert sorted(cluster.states().values()) == ["active", "active", "next", "next"]
    assert len({worker.signing("ES256").kid for worker in workers}) == 1


def test_every_algorithm_of_the_deployment_has_keys(cluster: Cluster) -> None:
    ring = cluster.worker(*Signing(default="EdDSA", also=()).algorithms)
    ring.ensure()
    assert ring.signing("RS256").alg == "RS256"
    assert ring.signing("EdDSA").alg == "EdDSA"


def test_an_algorithm_without_keys_cannot_sign(cluster: Cluster) -> None:
    ring = cluster.worker()
    with pytest.raises(StoreError) as caught:
        ring.signing("ES256")
    assert caught.value.reason == "no_key"


def test_a_key_is_published_long_before_it_signs(cluster: Cluster) -> None:
    ring = cluster.worker()
    ring.ensure()
    cluster.now += PUBLISH_AHEAD - 1
    assert refused(cluster.rotate) == "published_too_recently"
    cluster.now += 1
    (rotated,) = cluster.rotate()
    assert {rotated.retired, rotated.active} < kids(ring)


def test_force_overrides_the_wait(cluster: Cluster) -> None:
    cluster.worker().ensure()
    (rotated,) = cluster.rotate(force=True)
    assert cluster.states() == {rotated.retired: "retired", rotated.active: "active", rotated.next: "next"}


def test_there_is_nothing_to_rotate_before_the_first_start(cluster: Cluster) -> None:
    assert refused(cluster.rotate) == "no_keys"


def test_no_verification_fails_while_workers_learn_of_a_rotation(cluster: Cluster) -> None:
    early, late = cluster.worker(), cluster.worker()
    early.ensure()
    before = token(late)
    cluster.now += PUBLISH_AHEAD
    assert late.jwks().body == early.jwks().body
    cluster.rotate()
    cluster.now += RELOAD_AFTER - 1
    for signed in (before, token(late), token(early)):
        verify(early, signed)
        verify(late, signed)
    cluster.now += 1
    assert early.signing("ES256").kid == late.signing("ES256").kid != jose.peek(before).header["kid"]
    verify(late, before)


def test_an_unknown_key_is_looked_up_at_once(cluster: Cluster) -> None:
    early, late = cluster.worker(), cluster.worker()
    early.ensure()
    late.jwks()
    cluster.now += 2
    cluster.rotate(force=True)
    cluster.rotate(force=True)
    newest = cluster.worker()
    verify(late, token(newest))


def test_a_retired_key_stays_published_while_its_tokens_may_live(cluster: Cluster) -> None:
    ring = cluster.worker()
    ring.ensure()
    old = ring.signing("ES256").kid
    cluster.now += PUBLISH_AHEAD
    cluster.rotate()
    cluster.now += LONGEST + JWKS_MAX_AGE + STRAGGLERS - 1
    assert old in kids(ring)
    cluster.now += RELOAD_AFTER
    assert old not in kids(ring)


def test_a_hint_outlives_the_publication_of_its_key(cluster: Cluster) -> None:
    """Contract section 2, Logout: signed by a retired key is fine."""
    ring = cluster.worker()
    ring.ensure()
    hint = token(ring)
    cluster.now += PUBLISH_AHEAD
    cluster.rotate()
    cluster.now += 86400
    with pytest.raises(TokenRejected) as caught:
        verify(ring, hint)
    assert caught.value.reason == "key"
    kid = str(jose.peek(hint).header["kid"])
    assert jose.verify(hint, ring.hinting(kid), ["ES256"], types=["jwt"]) == {"n": 1}


def test_a_withdrawn_key_verifies_nothing(cluster: Cluster) -> None:
    ring = cluster.worker()
    ring.ensure()
    signed = token(ring)
    kid = str(jose.peek(signed).header["kid"])
    assert refused(lambda: cluster.retire(kid)) == "key_signs"
    cluster.retire(kid, force=True)
    cluster.now += RELOAD_AFTER
    assert kid not in kids(ring)
    assert ring.hinting(kid).find(kid, "ES256") == ()
    assert ring.signing("ES256").kid != kid
    assert sorted(cluster.states().values()) == ["active", "next"]


def test_a_withdrawn_next_key_gets_a_successor(cluster: Cluster) -> None:
    cluster.worker().ensure()
    waiting = next(kid for kid, state in cluster.states().items() if state == "next")
    cluster.retire(waiting)
    assert waiting not in cluster.states()
    assert sorted(cluster.states().values()) == ["active", "next"]


def test_an_unknown_key_cannot_be_withdrawn(cluster: Cluster) -> None:
    cluster.worker().ensure()
    assert refused(lambda: cluster.retire("nobody")) == "key_unknown"


def test_the_entity_tag_changes_with_the_keys(cluster: Cluster) -> None:
    ring = cluster.worker()
    ring.ensure()
    before = ring.jwks()
    cluster.now += RELOAD_AFTER
    assert ring.jwks() == before
    cluster.rotate(force=True)
    cluster.now += RELOAD_AFTER
    assert ring.jwks().etag != before.etag


def test_known_keys_stay_good_while_the_store_is_away(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = cluster.worker()
    ring.ensure()
    before = ring.jwks()

    def away(self: object, purpose: str) -> tuple[StoredKey, ...]:
        raise StoreError("unreachable")

    monkeypatch.setattr("broker.store.deployment.DeploymentStore.keys", away)
    cluster.now += 3600
    assert ring.jwks() == before
    assert ring.signing("ES256").alg == "ES256"
