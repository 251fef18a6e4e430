"""Renewal behind the scenes, with connectors that only count."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from broker.app.rounds import AGAIN, THREADS, Rounds
from broker.connectors import Connector, Connectors, Surroundings
from broker.errors import UpstreamUnavailable
from broker.model import Configuration, IdentityProvider, Tenant, VendorProfile
from broker.outbound import Outbound

NOW = 1_800_000_000.0
PROFILE = VendorProfile("generic", {}, {}, ("sub",))


def tenant(name: str, *, active: bool = True, enabled: bool = True) -> Tenant:
    idp = IdentityProvider(name, "op", "OP", "oidc", PROFILE, enabled=enabled, fingerprint="1")
    return Tenant(name, name, {"op": idp}, active=active)


def configuration(*tenants: Tenant) -> Configuration:
    return Configuration(1, {one.id: one for one in tenants}, {}, {}, {}, {}, ())


@dataclass
class World:
    configuration: Configuration
    now: float = NOW
    hangs: threading.Event | None = None
    down: bool = False
    broken: str | None = None
    renewed: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)

    def rounds(self, spread: float = 0.0, chance: float = 0.0) -> Rounds:
        connectors = cast("Connectors", self)
        return Rounds(lambda: self.configuration, connectors, lambda: self.now, spread=spread, chance=lambda: chance)

    def of(self, idp: IdentityProvider) -> object:
        world = self

        class Counting:
            def renew(self) -> float:
                world.renewed.append(idp.tenant)
                if world.hangs is not None:
                    world.hangs.wait(10)
                if world.broken == idp.tenant:
                    raise ValueError("planted-text")
                if world.down:
                    raise UpstreamUnavailable("timeout")
                return world.now + 3600

        return Counting()

    def keep_only(self, configured: list[tuple[str, str]]) -> None:
        self.kept = sorted(configured)

    def warn_of_secret(self, idp: IdentityProvider) -> None:
        self.warned.append(idp.tenant)


def settled(rounds: Rounds) -> None:
    while rounds._busy:
        threading.Event().wait(0.001)


def looked(rounds: Rounds, times: int = 1) -> None:
    for _ in range(times):
        rounds.look()
        settled(rounds)


def test_every_usable_provider_has_its_turn_and_no_other() -> None:
    world = World(
        configuration(tenant("a"), tenant("b"), tenant("off", enabled=False), tenant("suspended", active=False))
    )
    rounds = world.rounds()
    looked(rounds, 5)
    assert sorted(world.renewed) == ["a", "b"]
    assert sorted(world.warned) == ["a", "b"]
    world.now += 3600
    looked(rounds, 5)
    assert sorted(world.renewed) == ["a", "a", "b", "b"]
    rounds.close()


def test_the_first_looks_are_spread() -> None:
    world = World(configuration(tenant("a")))
    rounds = world.rounds(spread=3600, chance=0.5)
    looked(rounds)
    assert world.renewed == []
    world.now += 1800
    looked(rounds)
    assert world.renewed == ["a"]
    rounds.close()


def test_what_nobody_foresaw_at_one_provider_stops_no_other_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    world = World(configuration(tenant("a"), tenant("b")), broken="a")
    rounds = world.rounds()
    looked(rounds, 3)
    world.now += 3600
    looked(rounds, 3)
    rounds.close()
    assert sorted(world.renewed) == ["a", "a", "b", "b"]
    said = [(one.getMessage(), one.__dict__["reason"]) for one in caplog.records if one.name == "broker.broke"]
    assert said == [("renewal broke", "ValueError")] * 2
    assert "planted-text" not in caplog.text


def test_a_dead_provider_is_looked_at_again_later() -> None:
    world = World(configuration(tenant("a")), down=True)
    rounds = world.rounds()
    looked(rounds, 3)
    assert world.renewed == ["a"]
    world.now += AGAIN
    looked(rounds)
    assert world.renewed == ["a", "a"]
    rounds.close()


def test_a_few_threads_do_it_and_the_caller_never_waits() -> None:
    world = World(configuration(*(tenant(name) for name in "abcdef")), hangs=threading.Event())
    rounds = world.rounds()
    for _ in range(4):
        rounds.look()
    assert len(rounds._busy) == THREADS
    assert world.hangs is not None
    world.hangs.set()
    settled(rounds)
    looked(rounds, 3)
    assert sorted(world.renewed) == list("abcdef")
    rounds.close()


def test_changed_settings_are_looked_at_anew_and_removed_ones_never_more() -> None:
    world = World(configuration(tenant("a"), tenant("b")))
    rounds = world.rounds()
    looked(rounds)
    changed = tenant("a")
    idp = replace(changed.identity_providers["op"], fingerprint="2")
    world.configuration = configuration(replace(changed, identity_providers={"op": idp}))
    looked(rounds, 2)
    assert sorted(world.renewed) == ["a", "a", "b"]
    assert world.kept == [("a", "op")], "what was built for the others is let go"
    rounds.close()


def test_a_connector_is_let_go_with_its_identity_provider() -> None:
    nobody = cast("Any", None)
    around = Surroundings("https://broker", True, Outbound(loopback=True), nobody, lambda: NOW, nobody)
    connectors = Connectors(around, {"oidc": lambda idp, _: cast("Connector", object())})
    a, b = (tenant(name).identity_providers["op"] for name in "ab")
    first, second = connectors.of(a), connectors.of(b)
    connectors.keep_only([("a", "op")])
    assert connectors.of(a) is first
    assert connectors.of(b) is not second
