"""Audit events, and text from strangers: nothing that was sent makes the store fail or an event deceive."""

from __future__ import annotations

import pytest

from broker.model import AuditEvent
from broker.store import Store
from tests.unit.store.samples import NOW


def test_events_are_numbered_and_found_by_reference_and_tenant(store: Store) -> None:
    def event(reference: str, tenant: str | None) -> AuditEvent:
        return AuditEvent("sign_in.started", "success", reference, tenant=tenant, detail={"signal": "email"})

    with store.transaction() as transaction:
        for recorded in (event("aaaa-2222", None), event("aaaa-2222", "contoso"), event("bbbb-2222", "contoso")):
            transaction.record(recorded)
    everything = store.deployment.events()
    assert [stored.event for stored in everything] == [
        event("aaaa-2222", None),
        event("aaaa-2222", "contoso"),
        event("bbbb-2222", "contoso"),
    ]
    assert [stored.at for stored in everything] == [NOW] * 3
    assert store.deployment.events("aaaa-2222") == everything[:2]
    assert store.of("contoso").events() == everything[1:]
    assert store.of("contoso").events("aaaa-2222") == everything[1:2]
    assert store.deployment.events(limit=1) == everything[2:]


@pytest.mark.parametrize("sent", ["a\x00b", "a\r\nb", "a\u2028b", "a\ud800b", "a\x1b[31mb"])
def test_an_event_never_fails_or_deceives_for_what_a_stranger_sent(store: Store, sent: str) -> None:
    """WB-28: control characters, lone surrogates and a NUL, which PostgreSQL's text refuses."""
    with store.transaction() as transaction:
        transaction.record(AuditEvent("authorize.rejected", "failure", "r", client_id=sent, detail={sent: sent * 400}))
    (stored,) = store.deployment.events()
    ((name, value),) = stored.event.detail.items()
    assert stored.event.client_id is not None
    assert stored.event.client_id.isprintable()
    assert (name.isprintable(), value.isprintable(), len(value) < 3100) == (True, True, True)


@pytest.mark.parametrize("handle", ["a\x00b", "a\ud800b", "", "x" * 100_000])
def test_any_text_may_be_asked_for_as_a_handle(store: Store, handle: str) -> None:
    assert store.deployment.take("code", handle) is None
    assert store.deployment.owner_of_refresh(handle) is None
    assert store.deployment.grant_of_code(handle) is None
    assert store.deployment.browser_sessions(handle) == ()


def test_any_text_may_be_a_subject(store: Store) -> None:
    tenant = store.of("contoso")
    subs = {tenant.person("adfs", "https://idp", subject) for subject in ("a\x00b", "a\ud800b", "a\ufffdb", "ab")}
    assert len(subs) == 4
