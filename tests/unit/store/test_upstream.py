"""Names, tokens and group lists that upstreams gave us."""

from __future__ import annotations

from dataclasses import replace

from broker.seal import Seal
from broker.store import Store, UpstreamHeld, statements
from tests.unit.store.conftest import Clock
from tests.unit.store.samples import BROWSER, KEY, LATER, NOW, grant, session

UPSTREAM = "https://idp.example"
GIVER = f"contoso/entra {UPSTREAM}"


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
    here.keep_upstream("sid-1", GIVER, "token-1", NOW, NOW + 9999)
    assert here.claim_upstream("sid-1", GIVER, NOW - 1, NOW + 15) is None, "it is fresh"
    assert here.claim_upstream("sid-1", GIVER, NOW, NOW + 15) == UpstreamHeld(NOW, "token-1")
    assert here.claim_upstream("sid-1", GIVER, NOW, NOW + 15) is None, "somebody is asking"
    clock.now += 15
    assert here.claim_upstream("sid-1", GIVER, NOW, NOW + 30) == UpstreamHeld(NOW, "token-1"), (
        "that one never came back"
    )
    here.rotated_upstream("sid-1", GIVER, "token-2")
    assert here.upstream("sid-1", GIVER) == UpstreamHeld(NOW, "token-2"), "kept, and nothing is proven by it"
    assert here.claim_upstream("sid-1", GIVER, NOW, NOW + 30) is None, "somebody is still asking"
    here.checked_upstream("sid-1", NOW + 16)
    assert here.upstream("sid-1", GIVER) == UpstreamHeld(NOW + 16, "token-2")
    assert here.claim_upstream("sid-1", GIVER, NOW, NOW + 40) is None


def test_an_offline_grant_keeps_what_its_upstream_can_be_asked_with(store: Store) -> None:
    here = store.of("contoso")
    here.keep_upstream("sid-1", GIVER, None, NOW, LATER)
    here.open_grant(replace(grant(), offline=True))
    here.forget_upstream("sid-1")
    assert here.upstream("sid-1", GIVER) == UpstreamHeld(NOW, None)
    here.revoke_every_grant("sid-1", NOW)
    here.forget_upstream("sid-1")
    assert here.upstream("sid-1", GIVER) is None


def test_what_has_expired_is_gone(store: Store, clock: Clock) -> None:
    here = store.of("contoso")
    here.keep_upstream("sid-1", GIVER, "token-1", NOW, LATER)
    here.keep_groups("adfs", "person-1", ["g"], LATER)
    clock.now = LATER
    assert here.upstream("sid-1", GIVER) is None
    assert here.groups("adfs", "person-1") is None
    store.deployment.expire(LATER)
    clock.now = NOW
    assert here.upstream("sid-1", GIVER) is None
    assert here.groups("adfs", "person-1") is None


def test_a_proven_name_changes_hands_only_once_it_has_lapsed(store: Store, clock: Clock) -> None:
    here = store.of("contoso")
    anna, bert = here.person("adfs", UPSTREAM, "anna"), here.person("entra", UPSTREAM, "bert")
    name = ("", "email", "a@contoso.example")
    assert here.prove_name(*name, anna, NOW - 100)
    clock.now = NOW + 50
    assert not here.prove_name(*name, bert, NOW - 50)
    assert here.prove_name(*name, anna, NOW - 50), "young again"
    assert here.proven_person(*name, NOW + 49) == anna
    assert here.proven_person(*name, NOW + 50) is None
    clock.now = NOW + 150
    assert here.prove_name(*name, bert, NOW + 50)
    assert here.proven_person(*name, NOW + 50) == bert


def test_an_alias_never_takes_a_name_that_somebody_bears(store: Store) -> None:
    here = store.of("contoso")
    anna, bert = here.person("adfs", UPSTREAM, "anna"), here.person("entra", UPSTREAM, "bert")
    assert not here.alias_person("entra", UPSTREAM, "bert", anna)
    assert here.alias_person("entra", UPSTREAM, "anna-2", anna)
    assert not here.alias_person("entra", UPSTREAM, "anna-2", bert)
    assert here.person("entra", UPSTREAM, "anna-2") == anna
    assert not here.alias_person("entra", UPSTREAM, "carl", "no such sub")
    assert {one.subject: one.sub for one in here.people_of("entra")} == {"bert": bert, "anna-2": anna}


def test_what_one_upstream_gave_opens_for_no_other(store: Store) -> None:
    """Whoever points an IdP elsewhere, or moves a row, gets a session without a token: nobody is sent it."""
    here = store.of("contoso")
    here.keep_upstream("sid-1", GIVER, "token-1", NOW, LATER)
    for other in ("contoso/entra https://evil.example", f"contoso/adfs {UPSTREAM}", ""):
        assert here.upstream("sid-1", other) == UpstreamHeld(NOW, None)
    assert here.claim_upstream("sid-1", "contoso/entra https://evil.example", NOW, NOW + 15) == UpstreamHeld(NOW, None)
    assert here.upstream("sid-1", GIVER) == UpstreamHeld(NOW, "token-1")


def test_a_token_from_before_it_was_sealed_for_its_giver_is_absent(store: Store) -> None:
    here = store.of("contoso")
    here.keep_upstream("sid-1", GIVER, None, NOW, LATER)
    older = Seal(KEY).seal(b"token-1", "upstream_tokens/contoso/sid-1")
    with here._connections.one() as link:
        link.run(statements.ROTATED_UPSTREAM, {"this_tenant": "contoso", "this_sid": "sid-1", "to_sealed": older})
    assert here.upstream("sid-1", GIVER) == UpstreamHeld(NOW, None)
