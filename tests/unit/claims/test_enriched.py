"""What a person's record and a tenant's hook add to `incoming`: the listed names, and those from nowhere else."""

from __future__ import annotations

from broker import claims
from broker.model import Hook, Set

from .given import idp, tenant

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


HOOK = Hook(
    "https://people.contoso.com/", {"department": "text", "teams": "list", "cleared": "bool", "level": "number"}
)


def test_the_hooks_names_come_from_its_answer_in_its_types() -> None:
    sent = {"name": "Anna", "department": "Board", "teams": ("board",)}
    said = {"department": ("Sales",), "cleared": (False,), "level": (3,), "name": ("Eve",)}
    asked = tenant(hook=HOOK)
    assert claims.told(asked, sent, said) == {"name": "Anna", "department": "Sales", "cleared": False, "level": 3}
    assert claims.told(asked, sent, {}) == {"name": "Anna"}


def test_without_a_hook_nothing_is_told() -> None:
    assert claims.told(tenant(), {"department": "Board"}, {"department": ("Sales",)}) == {"department": "Board"}


def test_a_rule_reads_it_in_the_hooks_type() -> None:
    asked = tenant(Set(1, {"level": "incoming.level + 1"}, None), hook=HOOK)
    outcome = claims.apply(asked, idp(), claims.told(asked, {}, {"level": (3,)}), email_verified=None)
    assert outcome.claims == {"level": 4}
