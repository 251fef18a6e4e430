"""Sign-ins that nobody finishes: each leaves one event, wherever it was left, and nothing else."""

from __future__ import annotations

from broker.app.rounds import Rounds
from broker.app.upkeep import Upkeep
from broker.model import AuditEvent
from tests.attacks.test_portal import PORTAL, landing
from tests.attacks.world import World


def purged(world: World) -> list[AuditEvent]:
    """What two workers say that tidy up an hour later."""
    world.clock.ahead += 3600
    known = len(world.events())
    house = world.house
    for _ in range(2):
        rounds = Rounds(house.live, house.connectors, world.clock)
        worker = Upkeep(house.store, house.live, house.signin, rounds, world.clock)
        worker.purge()
        worker.stop()
    return world.events()[known:]


def test_a_parked_answer_that_nobody_fetches_leaves_one_event(fresh: World) -> None:
    under_way = fresh.begin("contoso", "adfs")
    started = fresh.events()[-1]
    parked = under_way.answer()
    assert "/arrival?" in parked.headers["Location"]
    (event,) = purged(fresh)
    assert (event.event, event.outcome, event.reference) == ("sign_in.abandoned", "abandoned", started.reference)
    assert (event.tenant, event.idp, event.client_id) == ("contoso", "adfs", "web")
    late = lambda: fresh.visit(under_way.browser, parked.headers["Location"])  # noqa: E731  an act
    fresh.assert_refused(late, "request_expired", "saml.rejected")


def test_an_answer_from_a_portal_that_nobody_fetches_leaves_one_event(fresh: World) -> None:
    landing(fresh, fresh.browser())
    accepted = fresh.events()[-1]
    (event,) = purged(fresh)
    assert (event.event, event.reference, event.idp) == ("sign_in.abandoned", accepted.reference, PORTAL)


def test_what_was_finished_is_not_abandoned(fresh: World) -> None:
    fresh.signed_in("contoso", "adfs")
    assert purged(fresh) == []
