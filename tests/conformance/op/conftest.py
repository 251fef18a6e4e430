"""One installation for the whole suite, as the certification's is one; a browser a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.op.party import Party
from tests.conformance.op.suite import ANA, PERSON, Browser, Inbox, Suite
from tests.flows.upstreams import served
from tests.idps.oidc_op import OidcOp


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    def now() -> float:
        return made.clock()

    with served() as place, OidcOp(people={ANA: PERSON}, clock=now) as op:
        place.behind = inbox = Inbox(f"{place.origin}/backchannel-logout")
        made = Suite(tmp_path_factory.mktemp("conformance"), op, inbox)
        yield made
        made.house.store.close()


@pytest.fixture
def suite(installed: Suite) -> Iterator[Suite]:
    """A test may move the clock."""
    yield installed
    installed.clock.ahead = 0.0


@pytest.fixture
def browser(suite: Suite) -> Browser:
    return Browser(suite)


@pytest.fixture(params=["query", "form_post"])
def rp(suite: Suite, request: pytest.FixtureRequest) -> Party:
    """The client of oidcc-basic, and again that of oidcc-formpost-basic."""
    return Party(suite, "basic", None if request.param == "query" else "form_post")
