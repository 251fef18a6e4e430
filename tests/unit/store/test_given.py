"""What a person has given to applications: what of it stands, and its end."""

from __future__ import annotations

from broker.store import Store
from tests.unit.store.samples import LATER, NOW, grant


def test_what_is_over_or_another_persons_was_not_given(store: Store) -> None:
    a = store.of("a")
    second = grant("a", "second", client_id="travel", created_at=NOW + 1, offline=True)
    for one in (second, grant("a"), grant("a", "theirs", sub="person-2"), grant("a", "revoked")):
        a.open_grant(one)
    a.open_grant(grant("a", "expired", expires_at=1))
    a.revoke_grant("revoked", NOW)
    assert a.grants_of("person-1") == (grant("a"), second)


def test_an_application_loses_all_that_one_person_gave_it_and_nothing_else(store: Store) -> None:
    a = store.of("a")
    for name, sid in (("one", "sid-2"), ("two", "sid-1"), ("three", "sid-1")):
        a.open_grant(grant("a", name, sid=sid, offline=name == "one"))
    kept = (grant("a", "theirs", sub="person-2"), grant("a", "travel", client_id="travel"))
    for one in kept:
        a.open_grant(one)
    assert a.revoke_grants_to("expenses", "person-1", LATER) == ("sid-1", "sid-2")
    assert a.revoke_grants_to("expenses", "person-1", LATER) == ()
    assert a.grants_of("person-1") == (kept[1],)
    assert a.grants_of("person-2") == (kept[0],)
