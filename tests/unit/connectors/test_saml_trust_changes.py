"""What metadata may change by itself, what waits, and who hears of it."""

from __future__ import annotations

import json
import threading
import time as clock
from dataclasses import replace
from typing import cast

import pytest

from broker.connectors.saml.trust import REFRESH, Trust
from broker.errors import UpstreamUnavailable
from broker.model import MetadataSource, SamlSettings
from tests.attacks.saml.harness import ISSUER, NOW, idp_of
from tests.idps.saml_signer import signer, time
from tests.unit.connectors.trust_world import NEW, OLD, URL, World, entity, fingerprint, keys_of


def after_refresh(world: World, trust: Trust, body: bytes | None) -> None:
    trust.current()
    world.body = body
    world.now += REFRESH
    trust.current()


def test_a_new_key_is_trusted_at_once_and_announced() -> None:
    world = World(entity(OLD))
    trust = world.trust()
    after_refresh(world, trust, entity(OLD, NEW))
    assert keys_of(trust) == [fingerprint(OLD), fingerprint(NEW)]
    assert world.heard() == ["upstream.key_added"]
    assert world.events[0].detail["key"] == fingerprint(NEW)


def test_a_removed_key_stops_with_that_refresh_in_every_worker() -> None:
    world = World(entity(OLD, NEW))
    one, other = world.trust(), world.trust()
    other.current()
    after_refresh(world, one, entity(NEW))
    assert keys_of(one) == [fingerprint(NEW)]
    world.now += 60
    assert keys_of(other) == [fingerprint(NEW)]
    assert world.fetches == 2, "the other worker read the store's copy"
    assert world.heard() == ["upstream.key_removed"]


def test_sb_24_a_key_that_comes_back_is_announced_again() -> None:
    """Older metadata served again: nothing is re-added silently."""
    world = World(entity(NEW))
    trust = world.trust()
    after_refresh(world, trust, entity(OLD, NEW))
    after_refresh(world, trust, entity(NEW))
    after_refresh(world, trust, entity(OLD, NEW))
    assert world.heard() == ["upstream.key_added", "upstream.key_removed", "upstream.key_added"]


@pytest.mark.parametrize(
    ("change", "waits"),
    [
        ({"name": "https://other.example"}, "entity_id"),
        ({"host": "evil.example"}, "host"),
        ({"host": "idp.contoso.com:8443"}, "host"),
        ({"name": "https://other.example", "host": "evil.example"}, "entity_id host"),
    ],
)
def test_another_name_or_host_waits_for_an_operator(change: dict[str, str], waits: str) -> None:
    world = World(entity(OLD))
    trust = world.trust()
    after_refresh(world, trust, entity(NEW, **change))
    trusted = trust.current()
    assert (trusted.entity_id, trusted.sso_url) == (ISSUER, "https://idp.contoso.com/sso")
    assert keys_of(trust) == [fingerprint(OLD)], "its keys wait with it"
    assert [(event.event, event.reason) for event in world.events] == [("upstream.change_waits", waits)]
    world.now += REFRESH
    trust.current()
    assert len(world.events) == 1, "said once"
    digest = world.events[0].detail["digest"]
    assert trust.approve("0" * 32) == trust.approve("") == trust.approve(digest[:31]) == ()
    assert keys_of(trust) == [fingerprint(OLD)], "nobody approved this"
    assert trust.approve(digest) == tuple(waits.split())
    world.now += 60
    assert keys_of(trust) == [fingerprint(NEW)]
    assert keys_of(world.trust()) == [fingerprint(NEW)]
    assert trust.approve(digest) == (), "nothing waits any more"


def test_what_came_after_the_operator_looked_is_not_approved() -> None:
    world = World(entity(OLD))
    trust = world.trust()
    after_refresh(world, trust, entity(OLD, host="honest.example"))
    shown = world.events[0].detail["digest"]
    after_refresh(world, trust, entity(OLD, host="evil.example"))
    assert trust.approve(shown) == ()
    assert trust.current().sso_url == "https://idp.contoso.com/sso"
    assert world.events[1].detail["digest"] != shown


def test_a_document_that_only_says_anew_how_long_it_lasts_is_the_same_change() -> None:
    world = World(entity(OLD))
    trust = world.trust()
    after_refresh(world, trust, entity(OLD, host="new.example", attributes=' validUntil="2036-01-01T00:00:00Z"'))
    after_refresh(world, trust, entity(OLD, host="new.example", attributes=' validUntil="2036-01-02T00:00:00Z"'))
    assert len(world.events) == 1
    assert trust.approve(world.events[0].detail["digest"]) == ("host",)


def test_a_change_that_was_taken_back_is_forgotten() -> None:
    world = World(entity(OLD))
    trust = world.trust()
    after_refresh(world, trust, entity(OLD, host="evil.example"))
    after_refresh(world, trust, entity(OLD))
    assert trust.approve(world.events[0].detail["digest"]) == ()


def test_a_configured_entity_id_is_the_operator_s_word() -> None:
    world = World(entity(OLD, name="https://new.example"))
    first = World(entity(OLD)).trust()
    first.current()
    world.stored = cast("World", first._surroundings.documents).stored
    world.now += REFRESH
    assert world.trust(entity_id="https://new.example").current().entity_id == "https://new.example"


def test_while_a_change_waits_the_trusted_copy_still_ends_at_its_valid_until() -> None:
    world = World(entity(OLD, attributes=f' validUntil="{time(NOW + REFRESH + 90)}"'))
    trust = world.trust()
    after_refresh(world, trust, entity(OLD, host="evil.example"))
    world.now += 91
    with pytest.raises(UpstreamUnavailable, match="metadata_expired"):
        trust.current()


def test_keys_that_the_pin_does_not_name_are_not_used() -> None:
    world = World(entity(OLD, NEW))
    assert keys_of(world.trust(fingerprint(NEW))) == [fingerprint(NEW)]
    assert keys_of(world.trust(fingerprint(NEW), fingerprint(OLD))) == [fingerprint(OLD), fingerprint(NEW)]
    with pytest.raises(UpstreamUnavailable, match="metadata_pin"):
        world.trust("0" * 64).current()


def test_a_roll_over_against_the_pin_leaves_the_pinned_key_in_force() -> None:
    world = World(entity(OLD))
    trust = world.trust(fingerprint(OLD))
    after_refresh(world, trust, entity(NEW))
    assert keys_of(trust) == [fingerprint(OLD)]
    assert keys_of(world.trust(fingerprint(OLD))) == [fingerprint(OLD)], "another worker agrees"


def test_all_workers_share_one_fetch() -> None:
    world = World(entity(OLD))
    workers = [world.trust() for _ in range(8)]
    for worker in workers:
        worker.current()
    assert world.fetches == 1
    world.now += REFRESH
    for worker in workers:
        worker.current()
    assert world.fetches == 2


def test_a_dead_identity_provider_is_asked_by_one_worker_a_minute() -> None:
    world = World(entity(OLD))
    workers = [world.trust() for _ in range(8)]
    for worker in workers:
        worker.current()
    world.body = None
    world.now += REFRESH
    assert [keys_of(worker) for worker in workers] == [[fingerprint(OLD)]] * 8
    assert world.fetches == 2


def test_renewal_comes_before_anybody_would_wait_and_not_for_all_at_once() -> None:
    world = World(entity(OLD))
    dues = set()
    for number in range(50):
        source = MetadataSource(url=URL)
        idp = replace(idp_of(SamlSettings(source)), tenant=f"tenant-{number}")
        trust = Trust(idp, source, None, World(entity(OLD)).around())
        dues.add(int(trust.renew() - NOW))
    assert all(REFRESH * 0.75 <= due <= REFRESH * 0.95 for due in dues)
    assert len(dues) > 40
    trust = world.trust()
    world.now = trust.renew()
    trust.renew()
    assert world.fetches == 2
    world.now += 600
    trust.current()
    assert world.fetches == 2, "a sign-in finds it fresh"


def test_renewal_of_a_dead_one_keeps_what_is_known() -> None:
    world = World(entity(OLD))
    trust = world.trust()
    world.now = trust.renew()
    world.body = None
    assert trust.renew() > world.now
    assert keys_of(trust) == [fingerprint(OLD)]


@pytest.mark.parametrize(("left", "days"), [(61, []), (59, ["59"]), (29, ["29"]), (6, ["6"]), (-1, ["-1"])], ids=str)
def test_operators_hear_of_a_certificate_that_ends(left: int, days: list[str]) -> None:
    key = signer(f"ends in {left}", days=left)
    world = World(entity(key), now=clock.time() - 3600)
    for worker in (world.trust(), world.trust()):
        worker.renew()
    assert [event.detail["days"] for event in world.events] == days
    assert {event.reason for event in world.events} <= {"certificate"}


def test_an_old_certificate_beside_a_new_one_may_end() -> None:
    world = World(entity(signer("ends soon", days=3), signer("ends late", days=300)), now=clock.time())
    world.trust().renew()
    assert world.events == []


def test_one_thread_fetches_and_the_others_have_what_it_brings() -> None:
    world = World(entity(OLD))
    trust = world.trust()
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.extend(keys_of(trust))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [fingerprint(OLD)] * 2
    assert world.fetches == 1


def test_events_hold_no_secret_and_no_document() -> None:
    world = World(entity(OLD))
    trust = world.trust()
    after_refresh(world, trust, entity(NEW, host="evil.example"))
    text = json.dumps([dict(event.detail) for event in world.events])
    assert "evil.example" not in text
    assert len(text) < 200
