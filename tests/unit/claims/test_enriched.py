"""What a person's record adds to `incoming`: the names that the IdP's settings list, and those from nowhere else."""

from __future__ import annotations

from broker import claims

from .given import idp

RECORD = {"department": ("Sales",), "groups": ("a", "b"), "city": ("Rome",), "updated_at": ("12",)}


def test_listed_names_come_from_the_record_with_the_types_of_the_idp() -> None:
    found = claims.enriched(idp(enriched=("department", "groups", "updated_at", "shoe")), {"name": "Anna"}, RECORD)
    assert found == {"name": "Anna", "department": "Sales", "groups": ("a", "b"), "updated_at": 12}


def test_a_name_that_nobody_typed_is_a_list() -> None:
    assert claims.enriched(idp(enriched=("city",)), {}, RECORD) == {"city": ("Rome",)}
    typed = idp(enriched=("city",), claim_types={"city": "text"})
    assert claims.enriched(typed, {}, RECORD) == {"city": "Rome"}


def test_what_the_idp_says_under_such_a_name_does_not_count() -> None:
    """A social identity cannot write its own department."""
    sent = {"department": "Board", "city": ("Paris",), "name": "Anna"}
    assert claims.enriched(idp(enriched=("department",)), sent, {}) == {"city": ("Paris",), "name": "Anna"}
    assert claims.enriched(idp(enriched=("department",)), sent, RECORD)["department"] == "Sales"


def test_without_settings_the_record_says_nothing() -> None:
    assert claims.enriched(idp(), {"department": "Board"}, RECORD) == {"department": "Board"}
