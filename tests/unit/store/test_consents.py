"""What somebody lets a client do is kept for that tenant, person and client, until they take it back."""

from __future__ import annotations

from broker.model import Consent
from broker.store import GivenConsent, Store, TenantStore
from tests.unit.store.samples import NOW

GIVEN = Consent(("openid", "email"), ("department",), ("https://api.example.com",))


def consent(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_consent("person-1", "expenses", GIVEN, NOW)
    assert b.consent("person-1", "expenses") is None
    assert a.consent("person-1", "expenses") == GIVEN


def consents_of(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_consent("person-1", "expenses", GIVEN, NOW)
    assert b.consents_of("person-1") == ()
    assert a.consents_of("person-1") == (GivenConsent("expenses", GIVEN, NOW),)


def keep_consent(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_consent("person-1", "expenses", GIVEN, NOW)
    b.keep_consent("person-1", "expenses", Consent(("openid",)), NOW)
    assert a.consent("person-1", "expenses") == GIVEN


def withdraw_consent(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_consent("person-1", "expenses", GIVEN, NOW)
    assert not b.withdraw_consent("person-1", "expenses")
    assert a.consent("person-1", "expenses") == GIVEN


CASES = (consent, consents_of, keep_consent, withdraw_consent)


def test_one_person_and_one_client(store: Store) -> None:
    a = store.of("a")
    a.keep_consent("person-1", "expenses", GIVEN, NOW)
    assert a.consent("person-2", "expenses") is None
    assert a.consent("person-1", "payroll") is None
    assert not a.withdraw_consent("person-2", "expenses")
    assert not a.withdraw_consent("person-1", "payroll")
    assert a.consents_of("person-2") == ()


def test_the_last_one_stands_until_it_is_withdrawn_once(store: Store) -> None:
    a = store.of("a")
    a.keep_consent("person-1", "payroll", GIVEN, NOW)
    a.keep_consent("person-1", "expenses", Consent(("openid",)), NOW)
    a.keep_consent("person-1", "expenses", GIVEN, NOW + 1)
    assert [(one.client_id, one.given_at) for one in a.consents_of("person-1")] == [
        ("expenses", NOW + 1),
        ("payroll", NOW),
    ]
    assert a.withdraw_consent("person-1", "expenses")
    assert not a.withdraw_consent("person-1", "expenses")
    assert a.consent("person-1", "expenses") is None
    assert a.consent("person-1", "payroll") == GIVEN


def test_a_tenant_that_was_removed_forgets_them(store: Store) -> None:
    for tenant in ("a", "b"):
        store.of(tenant).keep_consent("person-1", "expenses", GIVEN, NOW)
    store.of("a").end_everything(NOW)
    assert store.of("a").consent("person-1", "expenses") is None
    assert store.of("b").consent("person-1", "expenses") == GIVEN
