"""Two tenants and what their upstreams call people and sessions: cases of `test_tenants_apart`."""

from __future__ import annotations

from broker.store import KnownPerson, Store, TenantStore, UpstreamHeld
from tests.unit.store.samples import BROWSER, LATER, NOW, grant, session

GIVER = "a/adfs https://idp"


def known_person(_store: Store, a: TenantStore, b: TenantStore) -> None:
    sub = a.person("adfs", "https://idp", "anna")
    assert b.known_person("adfs", "https://idp", "anna") is None
    assert a.known_person("adfs", "https://idp", "anna") == sub


def alias_person(_store: Store, a: TenantStore, b: TenantStore) -> None:
    sub = a.person("adfs", "https://idp", "anna")
    assert not b.alias_person("entra", "https://new", "a-1", sub)
    assert b.known_person("entra", "https://new", "a-1") is None
    assert a.alias_person("entra", "https://new", "a-1", sub)
    assert a.person("entra", "https://new", "a-1") == sub
    assert b.person("entra", "https://new", "a-1") != sub


def proven_person(_store: Store, a: TenantStore, b: TenantStore) -> None:
    sub = a.person("adfs", "https://idp", "anna")
    assert a.prove_name("", "email", "anna@a.example", sub, NOW - 1)
    assert b.proven_person("", "email", "anna@a.example", 0) is None
    assert a.proven_person("", "email", "anna@a.example", NOW - 1) == sub


def prove_name(_store: Store, a: TenantStore, b: TenantStore) -> None:
    sub = a.person("adfs", "https://idp", "anna")
    assert not b.prove_name("", "email", "anna@a.example", sub, NOW - 1)
    assert b.known_person("", "email", "anna@a.example") is None


def people_of(_store: Store, a: TenantStore, b: TenantStore) -> None:
    sub = a.person("adfs", "https://idp", "anna")
    assert b.people_of("adfs") == ()
    assert a.people_of("adfs") == (KnownPerson("https://idp", "anna", sub),)


def sessions_at(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_session(session("a"), BROWSER)
    assert b.sessions_at("adfs") == ()
    assert a.sessions_at("adfs") == (session("a"),)


def sessions_named(_store: Store, a: TenantStore, b: TenantStore) -> None:
    named = session("a", upstream_sid="s", upstream_sub="u")
    a.open_session(named, BROWSER)
    assert b.sessions_named("adfs", "https://idp.example", sid="s", sub=None) == ()
    assert a.sessions_named("adfs", "https://idp.example", sid="s", sub=None) == (named,)


def revoke_every_grant(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.open_grant(grant("a", offline=True))
    b.revoke_every_grant("sid-1", NOW)
    assert a.grant("grant-1") == grant("a", offline=True)
    a.revoke_every_grant("sid-1", NOW)
    assert a.grant("grant-1") == grant("a", offline=True, revoked_at=NOW)


def keep_upstream(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_upstream("sid-1", GIVER, "of a", NOW, LATER)
    b.keep_upstream("sid-1", GIVER, "of b", NOW, LATER)
    assert a.upstream("sid-1", GIVER) == UpstreamHeld(NOW, "of a")


def upstream(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_upstream("sid-1", GIVER, "of a", NOW, LATER)
    assert b.upstream("sid-1", GIVER) is None


def claim_upstream(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_upstream("sid-1", GIVER, "of a", NOW, LATER)
    assert b.claim_upstream("sid-1", GIVER, NOW, LATER) is None
    assert a.claim_upstream("sid-1", GIVER, NOW, LATER) == UpstreamHeld(NOW, "of a")


def checked_upstream(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_upstream("sid-1", GIVER, "of a", NOW, LATER)
    b.checked_upstream("sid-1", NOW + 1)
    assert a.upstream("sid-1", GIVER) == UpstreamHeld(NOW, "of a")


def rotated_upstream(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_upstream("sid-1", GIVER, "of a", NOW, LATER)
    b.rotated_upstream("sid-1", GIVER, "of b")
    assert a.upstream("sid-1", GIVER) == UpstreamHeld(NOW, "of a")


def forget_upstream(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_upstream("sid-1", GIVER, "of a", NOW, LATER)
    b.forget_upstream("sid-1")
    assert a.upstream("sid-1", GIVER) == UpstreamHeld(NOW, "of a")
    a.forget_upstream("sid-1")
    assert a.upstream("sid-1", GIVER) is None


def keep_groups(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_groups("adfs", "person-1", ["of a"], LATER)
    b.keep_groups("adfs", "person-1", ["of b"], LATER)
    assert a.groups("adfs", "person-1") == ("of a",)


def groups(_store: Store, a: TenantStore, b: TenantStore) -> None:
    a.keep_groups("adfs", "person-1", ["of a"], LATER)
    assert b.groups("adfs", "person-1") is None


def keep_attributes(_store: Store, a: TenantStore, b: TenantStore) -> None:
    sub = a.person("adfs", "up", "s")
    assert a.keep_attributes(sub, {"department": ("of a",)})
    assert not b.keep_attributes(sub, {"department": ("of b",)})
    assert a.attributes(sub) == {"department": ("of a",)}


def attributes(_store: Store, a: TenantStore, b: TenantStore) -> None:
    sub = a.person("adfs", "up", "s")
    a.keep_attributes(sub, {"department": ("of a",)})
    assert b.attributes(sub) == {}


CASES = (
    keep_attributes,
    attributes,
    known_person,
    alias_person,
    proven_person,
    prove_name,
    people_of,
    sessions_at,
    sessions_named,
    revoke_every_grant,
    keep_upstream,
    upstream,
    claim_upstream,
    rotated_upstream,
    checked_upstream,
    forget_upstream,
    keep_groups,
    groups,
)
