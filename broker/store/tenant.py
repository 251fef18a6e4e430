"""What belongs to one tenant. Every statement here names the tenant: another's data does not exist for it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection

from broker.errors import StoreError
from broker.model import Guest, Session
from broker.store import consent_statements, guest_statements, person_statements, statements
from broker.store.consents import ConsentStore
from broker.store.impersonations import ImpersonationStore
from broker.store.records import Grant, RefreshUse, StoredEvent
from broker.store.sealing import digest, refresh_use, stored_events


class TenantStore(ImpersonationStore, ConsentStore):
    """From `store.of(tenant)` each call commits by itself; from `transaction.of(tenant)` all commit together."""

    def put(self, kind: str, handle: str, payload: str, expires_at: int) -> None:
        """Keep a one-time value. kind: auth_request | arrival | approval | code. StoreError `conflict`."""
        hashed = digest(handle)
        row = {
            "kind": kind,
            "handle": hashed,
            "tenant": self._tenant,
            "payload": self._sealing.close(payload, f"one_time/{kind}", self._tenant, hashed),
            "expires_at": expires_at,
        }
        with self._connections.one() as link:
            link.run(statements.PUT, row)

    def take(self, kind: str, handle: str) -> str | None:
        """The value, once: read and deleted in one statement. None: unknown, taken before, or expired."""
        hashed = digest(handle)
        wanted = {"kind": kind, "handle": hashed, "now": self._now(), "this_tenant": self._tenant}
        with self._connections.one() as link:
            payload = link.value(statements.TAKE, wanted)
        return None if payload is None else self._sealing.open(payload, f"one_time/{kind}", self._tenant, hashed)

    def remember_once(self, key: str, expires_at: int) -> bool:
        """False: seen before. Remembered at least until `expires_at`."""
        mark = {"tenant": self._tenant, "key": digest(key), "expires_at": expires_at}
        with self._connections.one() as link:
            return link.row(statements.REMEMBER, mark) is not None

    def person(self, idp: str, upstream: str, subject: str) -> str:
        """The opaque `sub` of a person: made at the first call, the same ever after, never given again."""
        key = self._sealing.person_key(self._tenant, idp, upstream, subject)
        with self._connections.several() as link:
            known = {"this_tenant": self._tenant, "key": key}
            sub: str | None = link.value(statements.SUB_OF, known)
            if sub is not None:
                return sub
            new = {
                "tenant": self._tenant,
                "key": key,
                "idp": idp,
                "who": self._sealing.close(json.dumps([upstream, subject]), "persons", self._tenant, key),
                "sub": secrets.token_hex(16),
                "made_at": self._now(),
            }
            made: str | None = link.value(statements.MAKE_PERSON, new)
            return made or link.value(statements.SUB_OF, known)

    def bind_guest(self, entry: Guest, sub: str) -> str:
        """Whose the entry is: the first one's who asked, in one statement, until it is released."""
        row = {
            "tenant": self._tenant,
            "entry": self._sealing.guest_key(self._tenant, entry),
            "sub": sub,
            "bound_at": self._now(),
        }
        with self._connections.one() as link:
            return str(link.value(guest_statements.BIND_GUEST, row))

    def guest_holder(self, entry: Guest) -> str | None:
        """Whose the entry is; None: nobody's yet."""
        wanted = {"this_tenant": self._tenant, "this_entry": self._sealing.guest_key(self._tenant, entry)}
        with self._connections.one() as link:
            holder: str | None = link.value(guest_statements.GUEST_HOLDER, wanted)
        return holder

    def release_guests(self, standing: Collection[Guest], at: int) -> int:
        """Every entry but these is nobody's again; sessions and grants of whoever held it end. How many there were."""
        kept = {self._sealing.guest_key(self._tenant, entry) for entry in standing}
        here = {"this_tenant": self._tenant}
        with self._connections.several() as link:
            gone = [row.entry for row in link.rows(guest_statements.BOUND_GUESTS, here) if row.entry not in kept]
            for entry in gone:
                held = {**here, "this_sub": link.value(guest_statements.RELEASE_GUEST, {**here, "this_entry": entry})}
                link.run(statements.END_SESSIONS_OF, held)
                link.run(statements.REVOKE_GRANTS_OF, {**held, "at": at})
        return len(gone)

    def open_session(self, session: Session, browser: str) -> None:
        """Keep a session behind a browser's cookie; one with the same `sid` is replaced."""
        self._own(session.tenant)
        with self._connections.one() as link:
            link.run(statements.OPEN_SESSION, self._sealing.session_row(session, browser))

    def session(self, sid: str) -> Session | None:
        """None: unknown, ended or past `expires_at`."""
        with self._connections.one() as link:
            row = link.row(statements.SESSION, {**self._sid(sid), "now": self._now()})
        return None if row is None else self._sealing.session(row)

    def touch_session(self, sid: str, at: int) -> None:
        with self._connections.one() as link:
            link.run(statements.TOUCH_SESSION, {**self._sid(sid), "at": at})

    def end_session(self, sid: str) -> None:
        """Its clients are forgotten with it: ask `clients_of` before."""
        with self._connections.one() as link:
            link.run(statements.END_SESSION, self._sid(sid))

    def sessions_of(self, idp: str, sub: str) -> tuple[Session, ...]:
        """A person's unexpired sessions, in every browser."""
        wanted = {"this_tenant": self._tenant, "idp": idp, "sub": sub, "now": self._now()}
        with self._connections.one() as link:
            return tuple(self._sealing.session(row) for row in link.rows(statements.SESSIONS_OF, wanted))

    def note_client(self, sid: str, client_id: str) -> None:
        """Remember that a client has seen the session; nothing happens when the session is gone."""
        with self._connections.one() as link:
            link.run(statements.NOTE_CLIENT, {"tenant": self._tenant, "sid": sid, "client_id": client_id})

    def clients_of(self, sid: str) -> tuple[str, ...]:
        with self._connections.one() as link:
            return tuple(row.client_id for row in link.rows(statements.CLIENTS_OF, self._sid(sid)))

    def open_grant(self, grant: Grant) -> None:
        self._own(grant.tenant)
        with self._connections.one() as link:
            link.run(statements.OPEN_GRANT, self._sealing.grant_row(grant))

    def grant(self, grant_id: str) -> Grant | None:
        """A revoked grant has `revoked_at`. None: unknown or past `expires_at`."""
        with self._connections.one() as link:
            row = link.row(statements.GRANT, {**self._grant(grant_id), "now": self._now()})
        return None if row is None else self._sealing.grant(row)

    def revoke_grant(self, grant_id: str, at: int) -> None:
        with self._connections.one() as link:
            link.run(statements.REVOKE_GRANT, {**self._grant(grant_id), "at": at})

    def revoke_session_grants(self, sid: str, at: int) -> None:
        """All but the offline ones (contract section 2, Logout)."""
        with self._connections.one() as link:
            link.run(statements.REVOKE_SESSION_GRANTS, {**self._sid(sid), "at": at})

    def grants_of(self, sub: str) -> tuple[Grant, ...]:
        """What stands of all that a person has given to applications, the oldest first."""
        wanted = {"this_tenant": self._tenant, "this_sub": sub, "now": self._now()}
        with self._connections.one() as link:
            return tuple(self._sealing.grant(row) for row in link.rows(person_statements.GRANTS_OF, wanted))

    def revoke_grants_to(self, client_id: str, sub: str, at: int) -> tuple[str, ...]:
        """Everything that a person has given to one application. Of which sessions, each named once."""
        wanted = {"this_tenant": self._tenant, "this_sub": sub, "this_client": client_id, "at": at}
        with self._connections.one() as link:
            return tuple(sorted({row.sid for row in link.rows(person_statements.REVOKE_GRANTS_TO, wanted)}))

    def end_everything(self, at: int) -> None:
        """The tenant was removed: sessions and consents end, grants are revoked, what is in flight is gone."""
        wanted = {"this_tenant": self._tenant}
        with self._connections.several() as link:
            link.run(statements.END_SESSIONS, wanted)
            link.run(statements.REVOKE_GRANTS, {**wanted, "at": at})
            link.run(statements.END_ONE_TIME, wanted)
            link.run(statements.END_UPSTREAM_TOKENS, wanted)
            link.run(consent_statements.END_CONSENTS, wanted)

    def add_refresh(self, token: str, grant_id: str, expires_at: int) -> None:
        """StoreError `conflict`: this tenant has no such grant."""
        row = {
            "handle": digest(token),
            "tenant": self._tenant,
            "grant_id": grant_id,
            "expires_at": expires_at,
            "uses": 0,
        }
        with self._connections.one() as link:
            link.run(statements.ADD_REFRESH, row)

    def use_refresh(self, token: str, at: int) -> RefreshUse | None:
        """Redeem it, in one statement. None: unknown."""
        with self._connections.one() as link:
            row = link.row(statements.USE_REFRESH, {**self._token(token), "at": at})
        return refresh_use(row, at, redeemed=1)

    def peek_refresh(self, token: str) -> RefreshUse | None:
        """What `use_refresh` would answer, without using it up."""
        with self._connections.one() as link:
            row = link.row(statements.PEEK_REFRESH, self._token(token))
        return refresh_use(row, self._now(), redeemed=0)

    def load_document(self, idp: str, kind: str) -> tuple[bytes, int] | None:
        """The document and when it was fetched."""
        wanted = {"this_tenant": self._tenant, "idp": idp, "kind": kind}
        with self._connections.one() as link:
            row = link.row(statements.LOAD_DOCUMENT, wanted)
        return None if row is None else (row.body, row.fetched_at)

    def save_document(self, idp: str, kind: str, body: bytes, fetched_at: int) -> None:
        """A newer one that is there already stays."""
        row = {"tenant": self._tenant, "idp": idp, "kind": kind, "body": body, "fetched_at": fetched_at}
        with self._connections.one() as link:
            link.run(statements.SAVE_DOCUMENT, row)

    def events(self, reference: str | None = None, limit: int = 100) -> tuple[StoredEvent, ...]:
        """The newest `limit` audit events of this tenant, oldest first."""
        wanted = {"this_tenant": self._tenant, "at_most": limit}
        with self._connections.one() as link:
            if reference is None:
                return stored_events(link.rows(statements.TENANT_EVENTS, wanted))
            wanted = {**wanted, "this_reference": reference}
            return stored_events(link.rows(statements.TENANT_EVENTS_OF_REFERENCE, wanted))

    def _own(self, tenant: str) -> None:
        if tenant != self._tenant:
            raise StoreError("foreign_tenant")

    def _sid(self, sid: str) -> dict[str, object]:
        return {"this_tenant": self._tenant, "this_sid": sid}

    def _grant(self, grant_id: str) -> dict[str, object]:
        return {"this_tenant": self._tenant, "this_grant": grant_id}

    def _token(self, token: str) -> dict[str, object]:
        return {"this_tenant": self._tenant, "this_handle": digest(token)}
