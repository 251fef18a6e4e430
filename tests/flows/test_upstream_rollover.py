"""T1: an identity provider's signing key rolls over under continuous sign-ins: no failure, no restart, no operator."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import broker.app
from broker.app.house import House
from tests.flows.browser import Browser
from tests.flows.conftest import add_oidc, add_saml, app_of, installation, who
from tests.flows.in_process import Clock
from tests.flows.upstreams import served
from tests.idps import processes

PATIENCE = 60  # seconds


@contextmanager
def broker_of(folder: Path, add: Callable[..., None], *what: object) -> Iterator[tuple[object, House, Clock]]:
    """A broker in this process, with one tenant, on a clock that the test can put forward."""
    made, clock = installation(folder), Clock()
    add(made, *what)
    broker.app.prepare(made.folder, made.environ)
    application = broker.app.create(made.folder, made.environ, clock=clock, upkeep=False)
    house: House = application.extensions["broker"]
    with served(urlsplit(made.issuer).port or 0) as place:
        place.behind = application
        yield made, house, clock
    house.store.close()


@contextmanager
def people_signing_in(made: object, tenant: str, visitors: int = 2) -> Iterator[Callable[[], None]]:
    """Each time as somebody whom neither side knows yet. Yields a way to wait for two more rounds of all of them."""
    stopped, done = threading.Event(), [0] * visitors

    def visit(number: int) -> None:
        while not stopped.is_set():
            browser = Browser()
            who(browser, f"alice@{tenant}.example")
            assert app_of(made).sign_in(browser, tenant=tenant).access_token["tenant"] == tenant  # type: ignore[arg-type]
            done[number] += 1

    with ThreadPoolExecutor(visitors) as pool:
        running = [pool.submit(visit, number) for number in range(visitors)]

        def two_more_rounds() -> None:
            wanted = [count + 2 for count in done]
            waited = threading.Event()
            for _ in range(PATIENCE * 20):
                if all(count >= least for count, least in zip(done, wanted, strict=True)):
                    return
                assert not any(one.done() for one in running), [one.exception() for one in running if one.done()]
                waited.wait(0.05)
            raise AssertionError("nobody gets through")

        try:
            yield two_more_rounds
        finally:
            stopped.set()
    for one in running:
        one.result()


def heard(house: House, tenant: str) -> list[str]:
    events = [stored.event for stored in house.store.of(tenant).events(limit=1000)]
    assert not [event for event in events if event.outcome == "failure"]
    return [event.event for event in events if event.event.startswith("upstream.")]


@pytest.mark.php
def test_saml_key_rolls_over_in_three_phases(tmp_path: Path, simplesamlphp: processes.SimpleSamlPhp) -> None:
    """A, then A with B announced, then B with A still there, then B alone: as AD FS does it."""
    one, two = ({"privatekey": f"{name}.key", "certificate": f"{name}.crt"} for name in ("one", "two"))
    announced = {f"new_{key}": value for key, value in two.items()}
    lingering = {f"new_{key}": value for key, value in one.items()}
    with broker_of(tmp_path, add_saml, simplesamlphp, "rolling") as (made, house, _):
        idp = house.live().tenants["rolling"].identity_providers["ssp"]
        with people_signing_in(made, "rolling") as two_more_rounds:
            two_more_rounds()
            for phase in (one | announced, two | lingering, two):
                simplesamlphp.configure("rolling", idp=phase)
                two_more_rounds()
        assert heard(house, "rolling") == ["upstream.key_added"]
        assert house.connectors.of(idp).begin  # the same connector all the time: nothing was restarted


@pytest.mark.node
def test_openid_keys_roll_over(tmp_path: Path, oidc_provider: processes.OidcProvider) -> None:
    """The new key signs from the moment it is published."""
    with broker_of(tmp_path, add_oidc, oidc_provider, "rolling") as (made, house, clock):
        clock.ahead = -61.0
        with people_signing_in(made, "rolling") as two_more_rounds:
            two_more_rounds()
            clock.ahead = 0.0  # beyond the cool-down since the first look
            oidc_provider.configure("rolling", rotate="overlap")
            two_more_rounds()
        assert set(heard(house, "rolling")) == {"upstream.key_added"}


@pytest.mark.node
def test_openid_keys_are_replaced_at_one_stroke(tmp_path: Path, oidc_provider: processes.OidcProvider) -> None:
    """Without any overlap, all that come later get in: one of them looks for the new keys, the others wait for it."""
    with broker_of(tmp_path, add_oidc, oidc_provider, "replaced") as (made, house, clock):
        clock.ahead = -61.0
        with people_signing_in(made, "replaced") as two_more_rounds:
            two_more_rounds()
        clock.ahead = 0.0
        oidc_provider.configure("replaced", rotate="cut")
        with people_signing_in(made, "replaced", visitors=4) as two_more_rounds:
            two_more_rounds()
        assert set(heard(house, "replaced")) == {"upstream.key_added", "upstream.key_removed"}
