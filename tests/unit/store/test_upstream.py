"""Names, tokens and group lists that upstreams gave us."""

from __future__ import annotations

from dataclasses import replace

from broker.store import Store, UpstreamHeld
from tests.unit.store.conftest import Clock
from tests.unit.store.samples import BROWSER, LATER, NOW, grant, session

UPSTREAM = "https://idp.example"


def test_an_upstream_finds_its_sessions_by_its_own_names(store: Store) -> None:
    here = store.of("contoso")
    first, second = (session(sid=sid, upstream_sid=f"at {sid}", upstream_sub="anna") for sid in ("sid-1", "sid-2"))
    for one in (first, second):
        here.open_session(one, BROWSER)
    assert here.sessions_named("adfs", UPSTREAM, sid=None, sub="anna") == (first, second)
    assert here.sessions_named("adfs", UPSTREAM, sid="at sid-1", sub=None) == (first,)
    assert here.sessions_named("adfs", UPSTREAM, sid="at sid-1", sub="anna") == (first,)
    assert here.sessions_named("adfs", UPSTREAM, sid="at sid-1", sub="bert") == ()
    assert here.sessions_named("adfs", "https://other.example", sid="at sid-1", sub=None) == ()
    assert here.sessions_named("entra", UPSTREAM, sid="at sid-1", sub=None) == ()
    assert here.sessions_named("adfs", UPSTREAM, sid=None, sub=None) == ()


def test_one_caller_at_a_time_asks_the_upstream(store: Store, clock: Clock) -> None:
    here = store.of("contoso")
    here.keep_upstream("sid-1", "token-1", NOW, NOW + 9999)
    assert here.claim_upstream("sid-1", NOW - 1, NOW + 15) is None, "it is fresh"
    assert here.claim_upstream("sid-1", NOW, NOW + 15) == UpstreamHeld(NOW, "token-1")
    assert here.claim_upstream("sid-1", NOW, NOW + 15) is None, "somebody is asking"
    clock.now += 15
    assert here.claim_upstream("sid-1", NOW, NOW + 30) == UpstreamHeld(NOW, "token-1"), "that one never came back"
    here.rotated_upstream("sid-1", "token-2")
    assert here.upstream("sid-1") == UpstreamHeld(NOW, "token-2"), "kept, and nothing is proven by it"
    assert here.claim_upstream("sid-1", NOW, NOW + 30) is None, "somebody is still asking"
    here.checked_upstream("sid-1", NOW + 16)
    assert here.upstream("sid-1") == UpstreamHeld(NOW + 16, "token-2")
    assert here.claim_upstream("sid-1", NOW, NOW + 40) is None


def test_an_offline_grant_keeps_what_its_upstream_can_be_asked_with(store: Store) -> None:
    here = store.of("contoso")
    here.keep_upstream("sid-1", None, NOW, LATER)
    here.open_grant(replace(grant(), offline=True))
    here.forget_upstream("sid-1")
    assert here.upstream("sid-1") == UpstreamHeld(NOW, None)
    here.revoke_every_grant("sid-1", NOW)
    here.forget_upstream("sid-1")
    assert here.upstream("sid-1") is None


def test_what_has_expired_is_gone(store: Store, clock: Clock) -> None:
    here = store.of("contoso")
    here.keep_upstream("sid-1", "token-1", NOW, LATER)
    here.keep_groups("adfs", "person-1", ["g"], LATER)
    clock.now = LATER
    assert here.upstream("sid-1") is None
    assert here.groups("adfs", "person-1") is None
    store.deployment.expire(LATER)
    clock.now = NOW
    assert here.upstream("sid-1") is None
    assert here.groups("adfs", "person-1") is None


def test_an_alias_never_takes_a_name_that_somebody_bears(store: Store) -> None:
    here = store.of("contoso")
    anna, bert = here.person("adfs", UPSTREAM, "anna"), here.person("entra", UPSTREAM, "bert")
    assert not here.alias_person("entra", UPSTREAM, "bert", anna)
    assert here.alias_person("entra", UPSTREAM, "anna-2", anna)
    assert not here.alias_person("entra", UPSTREAM, "anna-2", bert)
    assert here.person("entra", UPSTREAM, "anna-2") == anna
    assert not here.alias_person("entra", UPSTREAM, "carl", "no such sub")
    assert {one.subject: one.sub for one in here.people_of("entra")} == {"bert": bert, "anna-2": anna}
