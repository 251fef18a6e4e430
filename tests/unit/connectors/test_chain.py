"""Brokers behind brokers."""

from __future__ import annotations

import pytest

from broker.connectors.chain import LONGEST, chain_of
from broker.errors import AssertionRejected

US = "https://login.example.com"
UP = "https://broker.example.org"


def test_an_upstream_that_names_nobody_behind_itself_is_no_chain() -> None:
    assert chain_of(UP, [], [US]) == ()
    assert chain_of(UP, [UP], [US]) == ()


def test_the_nearest_stands_first() -> None:
    assert chain_of(UP, ["urn:adfs", "urn:card"], [US]) == (UP, "urn:adfs", "urn:card")


@pytest.mark.parametrize("behind", [[US], ["urn:adfs", f"{US}/"], [UP, US]])
def test_what_comes_from_ourselves_is_a_loop(behind: list[str]) -> None:
    with pytest.raises(AssertionRejected) as refused:
        chain_of(UP, behind, [US])
    assert refused.value.reason == "loop"


def test_being_our_own_upstream_is_a_loop() -> None:
    with pytest.raises(AssertionRejected) as refused:
        chain_of(US, [], [US])
    assert refused.value.reason == "loop"


@pytest.mark.parametrize("behind", [[5], [""], ["a\nb"], [None], ["x" * 2000], ["urn:a"] * (LONGEST + 1)])
def test_what_is_no_chain_is_refused(behind: list[object]) -> None:
    with pytest.raises(AssertionRejected) as refused:
        chain_of(UP, behind, [US])
    assert refused.value.reason == "chain"
