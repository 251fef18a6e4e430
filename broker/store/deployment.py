"""What belongs to no tenant, as a short closed list: look-up by an unguessable handle, keys, revisions, housekeeping.

A look-up by handle answers the tenant with it; the caller compares.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from broker.errors import StoreError
from broker.model import Session
from broker.store import person_statements, statements
from broker.store.engine import Connections
from broker.store.link import Link
from broker.store.records import Revision, StoredEvent, StoredKey
from broker.store.sealing import Sealing, digest, revision_digest, stored_events

NOBODY = ""  # in the column of a tenant, where no tenant is meant: no id is empty
SIGN_INS = frozenset({"auth_request", "arrival", "portal"})  # kinds whose end somebody wants to hear of


class DeploymentStore:
    """From `store.deployment` each call commits by itself; from `transaction.deployment` all commit together."""

    def __init__(self, connections: Connections, sealing: Sealing, clock: Callable[[], float]) -> None:
        self._connections = connections
        self._sealing = sealing
        self._clock = clock

    def put(self, kind: str, handle: str, payload: str, expires_at: int) -> None:
        """Keep a one-time value of a client that speaks for no tenant yet. kind: par. StoreError `conflict`."""
        hashed = digest(handle)
        row = {
            "kind": kind,
            "handle": hashed,
            "tenant": NOBODY,
            "payload": self._sealing.close(payload, f"one_time/{kind}", NOBODY, hashed),
            "expires_at": expires_at,
        }
        with self._connections.one() as link:
            link.run(statements.PUT, row)

    def peek(self, kind: str, handle: str) -> str | None:
        """What `put` kept, still there afterwards. None: unknown, taken before, or expired."""
        hashed = digest(handle)
        with self._connections.one() as link:
            wanted = {"kind": kind, "handle": hashed, "now": self._now(), "this_tenant": NOBODY}
            payload = link.value(statements.PEEK, wanted)
        return None if payload is None else self._sealing.open(payload, f"one_time/{kind}", NOBODY, hashed)

    def look(self, kind: str, handle: str) -> tuple[str, str] | None:
        """What `take` would answer, still there afterwards."""
        hashed = digest(handle)
        with self._connections.one() as link:
            row = link.row(statements.PEEK_OF_ANY, {"kind": kind, "handle": hashed, "now": self._now()})
        if row is None:
            return None
        return row.tenant, self._sealing.open(row.payload, f"one_time/{kind}", row.tenant, hashed)

    def remember_once(self, key: str, expires_at: int) -> bool:
        """What a client may use once. False: seen before. Remembered at least until `expires_at`."""
        mark = {"tenant": NOBODY, "key": digest(key), "expires_at": expires_at}
        with self._connections.one() as link:
            return link.row(statements.REMEMBER, mark) is not None

    def remembers(self, key: str) -> bool:
        """Whether `remember_once` has seen it, and its time is not over."""
        wanted = {"this_tenant": NOBODY, "this_key": digest(key), "now": self._now()}
        with self._connections.one() as link:
            return link.row(statements.REMEMBERED, wanted) is not None

    def take(self, kind: str, handle: str) -> tuple[str, str] | None:
        """(tenant, value), once, in one statement. None: unknown, taken before, or expired."""
        hashed = digest(handle)
        with self._connections.one() as link:
            wanted = {"kind": kind, "handle": hashed, "now": self._now()}
            row = link.row(statements.TAKE_OF_ANY, wanted)
        if row is None:
            return None
        return row.tenant, self._sealing.open(row.payload, f"one_time/{kind}", row.tenant, hashed)

    def owner_of_refresh(self, token: str) -> str | None:
        with self._connections.one() as link:
            wanted = {"this_handle": digest(token)}
            owner: str | None = link.value(statements.OWNER_OF_REFRESH, wanted)
        return owner

    def grant_of_code(self, code: str) -> tuple[str, str] | None:
        """(tenant, grant id) of what a code that was redeemed before has given (RFC 6749 §4.1.2: revoke it)."""
        with self._connections.one() as link:
            row = link.row(statements.GRANT_OF_CODE, {"this_code": digest(code)})
        return None if row is None else (row.tenant, row.id)

    def home_of(self, sub: str) -> str | None:
        """The tenant whose person it is."""
        with self._connections.one() as link:
            home: str | None = link.value(person_statements.HOME_OF, {"this_sub": sub})
        return home

    def browser_sessions(self, browser: str) -> tuple[Session, ...]:
        """The unexpired sessions behind a session cookie, last seen first."""
        wanted = {"this_browser": digest(browser), "now": self._now()}
        with self._connections.one() as link:
            return tuple(self._sealing.session(row) for row in link.rows(statements.BROWSER_SESSIONS, wanted))

    def move_browser(self, old: str, new: str) -> None:
        """The session cookie was replaced: its sessions follow."""
        with self._connections.one() as link:
            link.run(statements.MOVE_BROWSER, {"old": digest(old), "new": digest(new)})

    def lock(self, name: str) -> None:
        """Be alone with this name until the transaction ends. Raises StoreError outside a transaction."""
        if not self._connections.together:
            raise StoreError("lock_without_transaction")
        with self._connections.several() as link:
            hold(link, name)

    def keys(self, purpose: str) -> tuple[StoredKey, ...]:
        """The unexpired keys of a purpose, oldest first."""
        with self._connections.one() as link:
            rows = link.rows(statements.KEYS, {"this_purpose": purpose, "now": self._now()})
            return tuple(self._sealing.key(row) for row in rows)

    def add_key(self, key: StoredKey) -> None:
        """StoreError `conflict`: the kid was used before, however long ago."""
        with self._connections.one() as link:
            link.run(statements.ADD_KEY, self._sealing.key_row(key))

    def change_key(self, kid: str, state: str, at: int, expires_at: int | None = None) -> None:
        """To `active` or `retired` at that moment; from `expires_at` on the key is not there any more."""
        change = {
            "this_kid": kid,
            "to_state": state,
            "activated": at if state == "active" else None,
            "retired": at if state == "retired" else None,
            "expires": expires_at,
        }
        with self._connections.one() as link:
            link.run(statements.CHANGE_KEY, change)

    def live_number(self) -> int:
        """The live revision's number, cheap enough for every request; 0: none yet."""
        with self._connections.one() as link:
            number: int = link.value(statements.LIVE_NUMBER)
        return number

    def live_revision(self) -> Revision | None:
        with self._connections.one() as link:
            row = link.row(statements.LIVE_REVISION)
        return None if row is None else self._sealing.revision(row)

    def add_revision(self, files: Mapping[str, bytes], by: str, summary: str, at: int) -> Revision:
        """Make these files the live revision."""
        with self._connections.several() as link:
            hold(link, "revisions")
            number = link.value(statements.LIVE_NUMBER) + 1
            revision = Revision(number, at, by, summary, revision_digest(files), dict(files))
            link.run(statements.ADD_REVISION, self._sealing.revision_row(revision))
        return revision

    def revisions(self) -> tuple[Revision, ...]:
        """All of them, oldest first."""
        with self._connections.one() as link:
            return tuple(self._sealing.revision(row) for row in link.rows(statements.REVISIONS))

    def expire(self, now: int) -> tuple[tuple[str, str], ...]:
        """Delete what has expired. Answers the sign-ins that nobody finished as (kind, value): once, whoever calls."""
        with self._connections.several() as link:
            gone = link.rows(statements.EXPIRE_ONE_TIME, {"now": now})
            for statement in statements.EXPIRE:
                link.run(statement, {"now": now})
            return tuple(
                (row.kind, self._sealing.open(row.payload, f"one_time/{row.kind}", row.tenant, row.handle))
                for row in gone
                if row.kind in SIGN_INS
            )

    def events(self, reference: str | None = None, limit: int = 100) -> tuple[StoredEvent, ...]:
        """The newest `limit` audit events of all tenants and of none, oldest first."""
        wanted: dict[str, object] = {"at_most": limit}
        with self._connections.one() as link:
            if reference is None:
                return stored_events(link.rows(statements.EVENTS, wanted))
            wanted["this_reference"] = reference
            return stored_events(link.rows(statements.EVENTS_OF_REFERENCE, wanted))

    def _now(self) -> int:
        return int(self._clock())


def hold(link: Link, name: str) -> None:
    """PostgreSQL: an advisory lock until the transaction ends. SQLite: BEGIN IMMEDIATE holds everything already."""
    if link.backend == "postgresql":
        key = int.from_bytes(hashlib.sha256(f"broker {name}".encode()).digest()[:8], "big", signed=True)
        link.run(statements.LOCK, {"key": key})
