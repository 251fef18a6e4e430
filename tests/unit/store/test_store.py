"""What the store promises about each kind of thing it keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from broker.errors import StoreError
from broker.model import AuditEvent
from broker.store import RefreshUse, Store, StoreDocuments, Transaction
from broker.store.sealing import revision_digest
from broker.store.statements import CLOCKS_APART
from tests.unit.store.conftest import Clock
from tests.unit.store.samples import BROWSER, LATER, NOW, grant, key, session


class Refused(Exception):
    pass


def and_fail(store: Store, act: Callable[[Transaction], None]) -> None:
    """Do it in a transaction, which then raises."""

    def all_of_it() -> None:
        with store.transaction() as transaction:
            act(transaction)
            raise Refused

    with pytest.raises(Refused):
        all_of_it()


def test_an_expired_value_is_not_given_out(store: Store, clock: Clock) -> None:
    store.of("contoso").put("code", "handle", "payload", LATER)
    clock.now = LATER
    assert store.of("contoso").take("code", "handle") is None
    assert store.deployment.take("code", "handle") is None


def test_a_value_of_one_kind_is_not_another(store: Store) -> None:
    store.of("contoso").put("code", "handle", "payload", LATER)
    assert store.of("contoso").take("arrival", "handle") is None


def test_a_transaction_that_fails_changes_nothing(store: Store) -> None:
    tenant = store.of("contoso")
    tenant.put("code", "handle", "payload", LATER)

    def change_everything(transaction: Transaction) -> None:
        transaction.of("contoso").take("code", "handle")
        transaction.of("contoso").remember_once("assertion", LATER)
        transaction.of("contoso").open_session(session(), BROWSER)
        transaction.record(AuditEvent("code.redeemed", "success", "abcd-2345", tenant="contoso"))

    and_fail(store, change_everything)
    assert tenant.take("code", "handle") == "payload"
    assert tenant.remember_once("assertion", LATER)
    assert tenant.session("sid-1") is None
    assert tenant.events() == ()


def test_a_session_is_found_by_its_browser_until_it_expires(store: Store, clock: Clock) -> None:
    store.of("contoso").open_session(session(), BROWSER)
    store.of("fabrikam").open_session(session("fabrikam", last_seen=NOW + 1), BROWSER)
    assert store.deployment.browser_sessions(BROWSER) == (session("fabrikam", last_seen=NOW + 1), session())
    assert store.deployment.browser_sessions("another") == ()
    clock.now = LATER
    assert store.deployment.browser_sessions(BROWSER) == ()
    assert store.of("contoso").session("sid-1") is None
    assert store.of("contoso").sessions_of("adfs", "person-1") == ()


def test_sessions_follow_a_rotated_cookie(store: Store) -> None:
    store.of("contoso").open_session(session(), BROWSER)
    store.deployment.move_browser(BROWSER, "rotated")
    assert store.deployment.browser_sessions(BROWSER) == ()
    assert store.deployment.browser_sessions("rotated") == (session(),)


def test_touching_a_session_never_turns_it_back(store: Store) -> None:
    tenant = store.of("contoso")
    tenant.open_session(session(), BROWSER)
    tenant.touch_session("sid-1", NOW + 60)
    tenant.touch_session("sid-1", NOW + 30)
    assert tenant.session("sid-1") == session(last_seen=NOW + 60)


def test_signing_in_again_replaces_the_session_and_keeps_its_clients(store: Store) -> None:
    tenant = store.of("contoso")
    tenant.open_session(session(), BROWSER)
    tenant.note_client("sid-1", "expenses")
    again = session(auth_time=NOW + 50, identity="{}")
    tenant.open_session(again, "new cookie")
    assert tenant.session("sid-1") == again
    assert store.deployment.browser_sessions("new cookie") == (again,)
    assert tenant.clients_of("sid-1") == ("expenses",)


def test_an_ended_session_is_gone_with_its_clients(store: Store) -> None:
    tenant = store.of("contoso")
    tenant.open_session(session(), BROWSER)
    tenant.note_client("sid-1", "expenses")
    tenant.note_client("sid-1", "expenses")
    assert tenant.clients_of("sid-1") == ("expenses",)
    tenant.end_session("sid-1")
    assert tenant.session("sid-1") is None
    assert tenant.clients_of("sid-1") == ()


def test_a_person_keeps_their_sub_and_another_upstream_makes_another(store: Store) -> None:
    tenant = store.of("contoso")
    sub = tenant.person("adfs", "https://idp", "anna")
    assert sub == tenant.person("adfs", "https://idp", "anna")
    others = {
        tenant.person("entra", "https://idp", "anna"),
        tenant.person("adfs", "https://other", "anna"),
        tenant.person("adfs", "https://idp", "Anna"),
        tenant.person("adfs", "https://idpanna", ""),
    }
    assert len(others | {sub}) == 5


def test_a_person_made_in_a_transaction_that_fails_is_not_made(store: Store) -> None:
    lost: list[str] = []
    and_fail(store, lambda transaction: lost.append(transaction.of("contoso").person("adfs", "https://idp", "anna")))
    assert store.of("contoso").person("adfs", "https://idp", "anna") not in lost
    assert len(lost) == 1


def test_a_grant_ends_when_revoked_or_expired(store: Store, clock: Clock) -> None:
    tenant = store.of("contoso")
    tenant.open_grant(grant())
    tenant.revoke_grant("grant-1", NOW + 5)
    tenant.revoke_grant("grant-1", NOW + 9)
    assert tenant.grant("grant-1") == grant(revoked_at=NOW + 5)
    clock.now = LATER
    assert tenant.grant("grant-1") is None


def test_the_end_of_a_session_revokes_all_grants_but_offline_ones(store: Store) -> None:
    tenant = store.of("contoso")
    for made in (grant(), grant(grant_id="offline", offline=True), grant(grant_id="other", sid="sid-2")):
        tenant.open_grant(made)
    tenant.revoke_session_grants("sid-1", NOW + 5)
    revoked = {name: found.revoked_at for name in ("grant-1", "offline", "other") if (found := tenant.grant(name))}
    assert revoked == {"grant-1": NOW + 5, "offline": None, "other": None}


def test_a_replayed_code_finds_its_grant(store: Store) -> None:
    store.of("contoso").open_grant(grant(code="the code"))
    assert store.deployment.grant_of_code("the code") == ("contoso", "grant-1")
    assert store.deployment.grant_of_code("another") is None
    with pytest.raises(StoreError, match="conflict"):
        store.of("contoso").open_grant(grant(grant_id="grant-2", code="the code"))


def test_a_refresh_token_is_fresh_then_used(store: Store) -> None:
    tenant = store.of("contoso")
    tenant.open_grant(grant())
    tenant.add_refresh("token", "grant-1", LATER)
    assert store.deployment.owner_of_refresh("token") == "contoso"
    assert tenant.peek_refresh("token") == RefreshUse("grant-1", LATER, "fresh")
    assert tenant.use_refresh("token", NOW) == RefreshUse("grant-1", LATER, "fresh")
    assert tenant.peek_refresh("token") == RefreshUse("grant-1", LATER, "used")
    assert tenant.use_refresh("token", NOW) == RefreshUse("grant-1", LATER, "used")
    assert tenant.use_refresh("another", NOW) is None
    assert tenant.peek_refresh("another") is None
    assert store.deployment.owner_of_refresh("another") is None


def test_an_expired_refresh_token_stays_expired_however_often_it_is_tried(store: Store, clock: Clock) -> None:
    tenant = store.of("contoso")
    tenant.open_grant(grant())
    tenant.add_refresh("token", "grant-1", LATER)
    clock.now = LATER
    expired = RefreshUse("grant-1", LATER, "expired")
    assert [tenant.use_refresh("token", LATER), tenant.use_refresh("token", LATER + 9)] == [expired, expired]
    assert tenant.peek_refresh("token") == expired


def test_reuse_is_seen_even_after_the_token_expired(store: Store, clock: Clock) -> None:
    tenant = store.of("contoso")
    tenant.open_grant(grant())
    tenant.add_refresh("token", "grant-1", LATER)
    tenant.use_refresh("token", NOW)
    clock.now = LATER
    used = RefreshUse("grant-1", LATER, "used")
    assert (tenant.peek_refresh("token"), tenant.use_refresh("token", LATER)) == (used, used)


def test_a_newer_document_is_not_replaced_by_an_older_one(store: Store) -> None:
    documents = StoreDocuments(store)
    documents.save("contoso", "adfs", "metadata", b"new", NOW + 9)
    documents.save("contoso", "adfs", "metadata", b"old", NOW)
    assert documents.load("contoso", "adfs", "metadata") == (b"new", NOW + 9)
    documents.save("contoso", "adfs", "metadata", b"newest", NOW + 10)
    assert documents.load("contoso", "adfs", "metadata") == (b"newest", NOW + 10)
    assert documents.load("contoso", "adfs", "jwks") is None


def test_a_key_goes_from_next_to_active_to_retired_to_gone(store: Store, clock: Clock) -> None:
    deployment = store.deployment
    deployment.add_key(key())
    assert deployment.keys("signing") == (key(),)
    assert deployment.keys("saml/contoso/adfs") == ()
    deployment.change_key("kid-1", "active", NOW + 1)
    deployment.change_key("kid-1", "retired", NOW + 2, expires_at=LATER)
    retired = key(state="retired", activated_at=NOW + 1, retired_at=NOW + 2, expires_at=LATER)
    assert deployment.keys("signing") == (retired,)
    clock.now = LATER
    assert deployment.keys("signing") == ()


def test_a_kid_is_never_reused_not_even_after_its_key_was_destroyed(store: Store) -> None:
    store.deployment.add_key(key(expires_at=NOW + 1))
    store.deployment.expire(LATER)
    with pytest.raises(StoreError, match="conflict"):
        store.deployment.add_key(key())


def test_the_highest_revision_is_live(store: Store) -> None:
    deployment = store.deployment
    assert (deployment.live_number(), deployment.live_revision(), deployment.revisions()) == (0, None, ())
    first = deployment.add_revision({"broker.yaml": b"issuer: a", "x.xml": b"\xff\x00"}, "cli", "first", NOW)
    second = deployment.add_revision({"broker.yaml": b"issuer: b"}, "cli", "second", NOW + 1)
    assert (first.number, second.number, deployment.live_number()) == (1, 2, 2)
    assert deployment.live_revision() == second
    assert deployment.revisions() == (first, second)


def test_two_folders_never_have_the_same_digest() -> None:
    folders: tuple[dict[str, bytes], ...] = (
        {"a": b"bc"},
        {"ab": b"c"},
        {"a": b"b", "c": b""},
        {"a": b"", "b": b"c"},
        {},
    )
    assert len({revision_digest(folder) for folder in folders}) == len(folders)


def test_expire_deletes_what_is_over_and_answers_the_abandoned_sign_ins(store: Store) -> None:
    tenant = store.of("contoso")
    tenant.put("auth_request", "one", "abandoned", LATER)
    tenant.put("auth_request", "two", "in flight", LATER + 1)
    tenant.put("arrival", "parked", "never fetched", LATER)
    tenant.put("code", "three", "never redeemed", LATER)
    tenant.remember_once("old", LATER - CLOCKS_APART)
    tenant.remember_once("over by this node's clock alone", LATER - CLOCKS_APART + 1)
    tenant.open_grant(grant())
    tenant.add_refresh("token", "grant-1", LATER)
    assert sorted(store.deployment.expire(LATER)) == [("arrival", "never fetched"), ("auth_request", "abandoned")]
    assert store.deployment.expire(LATER) == ()
    assert tenant.take("auth_request", "two") == "in flight"
    assert tenant.remember_once("old", LATER)
    assert not tenant.remember_once("over by this node's clock alone", LATER)
    assert tenant.use_refresh("token", NOW) is None


def test_a_session_of_another_tenant_is_not_kept(store: Store) -> None:
    with pytest.raises(StoreError, match="foreign_tenant"):
        store.of("contoso").open_session(replace(session(), tenant="fabrikam"), BROWSER)
