"""The reference that a user reads out and an operator types."""

from __future__ import annotations

import re

import pytest

from broker.audit import new_reference, read_reference


def test_a_reference_is_short_and_cannot_be_misread() -> None:
    references = {new_reference() for _ in range(1000)}
    assert len(references) == 1000
    assert all(re.fullmatch(r"[a-z2-9]{4}-[a-z2-9]{4}", reference) for reference in references)
    assert not set("01ilo") & set("".join(references))


@pytest.mark.parametrize("typed", ["abcd-2345", " ABCD-2345\n", "(ref abcd-2345)"])
def test_a_reference_is_read_as_a_person_types_it(typed: str) -> None:
    assert read_reference(typed) == "abcd-2345"


@pytest.mark.parametrize("typed", ["", "abcd", "abcd2345", "abcd-0000", "%"])
def test_what_is_no_reference_is_not_read(typed: str) -> None:
    assert read_reference(typed) is None
