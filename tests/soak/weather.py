"""What happens meanwhile, each at its moment: upstream keys roll, metadata turns to garbage, our own keys rotate.

The broker looks for unknown SAML keys at most every five minutes and for unknown OpenID keys at most every minute;
so long a rollover takes here at least, which is some thousand times quicker than in life. Our own keys rotate no more
often than PyJWT, which asks for an unknown key at most every half minute, can follow.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.flows.broker_process import Installation
from tests.soak.upstreams import Oidc, Saml
from tests.soak.world import World

GARBAGE = b"<html><body>We are moving to a better place</body></html>"
SAML_PERIOD, OIDC_PERIOD, OURS_PERIOD = 330.0, 90.0, 45.0  # seconds between two rollovers
Step = tuple[float, Callable[[], None]]  # seconds from the start


@dataclass
class Weather:
    """refused: what `broker keys rotate` complained of."""

    world: World
    seconds: float
    rotations: int = 0
    refused: list[str] = field(default_factory=list)

    def run(self, stopped: threading.Event) -> None:
        began = time.monotonic()
        for at, act in sorted(self._steps(), key=lambda step: step[0]):
            if stopped.wait(max(0.0, began + at - time.monotonic())):
                return
            act()

    def _steps(self) -> Iterator[Step]:
        """The last steps leave the people some time to meet what came of them."""
        last, quick = self.seconds - 5, min(1.0, self.seconds / 300)
        first, second = self.world.saml_rolling
        yield from _rolls(first, 45 * quick, SAML_PERIOD, 30 * quick, last)
        yield from _rolls(second, 150 * quick, SAML_PERIOD, 30 * quick, last)
        yield from _rolls(self.world.oidc_rolling, 50.0, OIDC_PERIOD, 20.0, last)
        yield 60 * quick, self._forget
        yield from ((OURS_PERIOD * number, self._rotate) for number in range(1, int(last / OURS_PERIOD) + 1))

    def _forget(self) -> None:
        self.world.forgetful.metadata_as = GARBAGE

    def _rotate(self) -> None:
        done = self.world.made.command("keys", "rotate", "--force")
        if done.returncode != 0:
            self.refused.append(done.stderr.strip())
        else:
            self.rotations += 1


def _rolls(upstream: Saml | Oidc, first: float, period: float, pause: float, last: float) -> Iterator[Step]:
    """A, A with B, B with A, B; the next one begins a period later."""
    at = first
    while at + pause < last:
        yield at, upstream.announce
        yield at + pause, upstream.switch
        yield at + 2 * pause, upstream.settle
        at += period


def listed(made: Installation) -> dict[str, int]:
    """state -> number of our keys."""
    done = made.command("keys", "list", "--json")
    states = [key["state"] for key in json.loads(done.stdout)]
    return {state: states.count(state) for state in sorted(set(states))}
