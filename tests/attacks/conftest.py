"""One attacked installation for the cases that leave it as it was; `fresh` for those that change it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.attacks.devices import another_network, world_with_devices
from tests.attacks.front import world_with_clients
from tests.attacks.world import World
from tests.idps.oidc_op import OidcOp, Switches


@pytest.fixture(scope="session")
def providers() -> Iterator[Mapping[str, OidcOp]]:
    people = {"bob@fabrikam.com": {"sub": "ana-1", "name": "Bob", "email": "bob@fabrikam.com"}}
    with OidcOp() as contoso, OidcOp(people=people) as fabrikam:
        yield {"contoso": contoso, "fabrikam": fabrikam}


@pytest.fixture
def ops(providers: Mapping[str, OidcOp]) -> Mapping[str, OidcOp]:
    """Behaving again, whatever the test before told them."""
    for op in providers.values():
        op.switches = Switches()
        op.seen.clear()
        op._clock = time.time
    return providers


@pytest.fixture(scope="session")
def standing(providers: Mapping[str, OidcOp], tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("attacked"), providers)


@pytest.fixture
def world(standing: World, ops: Mapping[str, OidcOp]) -> World:
    """For attacks that leave the configuration and the clock alone."""
    return standing


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Behind https, so without OpenID providers on loopback: nobody changes its configuration."""
    return World(tmp_path_factory.mktemp("secure"), {}, "https://login.example.com")


@pytest.fixture(scope="session")
def prepared(providers: Mapping[str, OidcOp], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys are made once."""
    folder = tmp_path_factory.mktemp("prepared")
    World(folder, providers).house.store.close()
    return folder


@pytest.fixture
def fresh(ops: Mapping[str, OidcOp], prepared: Path, tmp_path: Path) -> World:
    """For attacks that change the configuration or the clock."""
    shutil.copytree(prepared, tmp_path / "broker")
    return World(tmp_path / "broker", ops)


@pytest.fixture(scope="session")
def front(providers: Mapping[str, OidcOp], tmp_path_factory: pytest.TempPathFactory) -> World:
    return world_with_clients(tmp_path_factory.mktemp("front"), providers)


@pytest.fixture
def here(front: World, ops: Mapping[str, OidcOp]) -> Iterator[World]:
    """For requests that are pushed or signed; a test may move the clock."""
    assert ops
    yield front
    front.clock.ahead = 0.0


@pytest.fixture(scope="session")
def devices(providers: Mapping[str, OidcOp], tmp_path_factory: pytest.TempPathFactory) -> World:
    return world_with_devices(tmp_path_factory.mktemp("devices"), providers)


@pytest.fixture
def with_devices(devices: World, ops: Mapping[str, OidcOp]) -> Iterator[World]:
    """With devices that wait; a test may move the clock."""
    assert ops
    another_network()
    yield devices
    devices.clock.ahead = 0.0
