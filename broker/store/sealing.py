"""How values become rows and rows become values again: hashed handles, sealed payloads, bound to their place."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from broker.model import AuditEvent, Guest, Session, Terms, serial
from broker.seal import Seal
from broker.store.link import Row
from broker.store.records import Grant, RefreshUse, Revision, StoredEvent, StoredKey
from broker.telemetry import clean

MEMBERS = 32  # of an audit event's detail


def digest(handle: str) -> str:
    """SHA-256 in hex: all that the store knows of a code, a token or a cookie."""
    return hashlib.sha256(handle.encode("utf-8", "surrogatepass")).hexdigest()


class Sealing:
    """A sealed value opens only in its own table, tenant and row."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def close(self, text: str, table: str, tenant: str, key: str) -> str:
        return self._seal.seal(text.encode("utf-8", "surrogatepass"), f"{table}/{tenant}/{key}")

    def open(self, sealed: str, table: str, tenant: str, key: str) -> str:
        """Raises SealBroken."""
        return self._seal.open(sealed, f"{table}/{tenant}/{key}").decode("utf-8", "surrogatepass")

    def person_key(self, tenant: str, idp: str, upstream: str, subject: str) -> str:
        """Found by those who know the key only: a subject may be an e-mail address."""
        return self._seal.mac("person", json.dumps([tenant, idp, upstream, subject]).encode()).hex()

    def user_code_key(self, user_code: str) -> str:
        """A user code has 34 bits: whoever reads the database without the key cannot try them all."""
        return self._seal.mac("user code", user_code.encode()).hex()

    def network_key(self, network: str) -> str:
        """An address is personal: counted without being readable."""
        return self._seal.mac("network", network.encode()).hex()

    def guest_key(self, tenant: str, entry: Guest) -> str:
        """An entry names somebody by an address: found by those who know all that it says."""
        return self._seal.mac("guest", json.dumps([tenant, serial.dumps(entry)]).encode()).hex()

    def session_row(self, session: Session, browser: str) -> dict[str, object]:
        return {
            "tenant": session.tenant,
            "sid": session.sid,
            "browser": digest(browser),
            "idp": session.idp,
            "sub": session.sub,
            "last_seen": session.last_seen,
            "expires_at": session.expires_at,
            "sealed": self.close(serial.dumps(session), "sessions", session.tenant, session.sid),
            "upstream_sid": self.upstream_name(session, "sid", session.upstream_sid),
            "upstream_sub": self.upstream_name(session, "sub", session.upstream_sub),
        }

    def upstream_name(self, session: Session, kind: str, name: str | None) -> str | None:
        return name and self.name_key(session.home_tenant, session.idp, session.upstream, kind, name)

    def name_key(self, tenant: str, idp: str, upstream: str, kind: str, name: str) -> str:
        """What an upstream calls a session or a person, found by those who know it only. kind: sid | sub."""
        return self._seal.mac("upstream name", json.dumps([tenant, idp, upstream, kind, name]).encode()).hex()

    def session(self, row: Row) -> Session:
        """`last_seen` lives in its column, so that touching a session seals nothing again."""
        text = self.open(row.sealed, "sessions", row.tenant, row.sid)
        return replace(serial.loads(Session, text), last_seen=row.last_seen)

    def grant_row(self, grant: Grant) -> dict[str, object]:
        kept = json.dumps(
            {"session": serial.dumps(grant.session), "nonce": grant.nonce, "terms": serial.dumps(grant.terms)}
        )
        return {
            "tenant": grant.tenant,
            "id": grant.id,
            "client_id": grant.client_id,
            "sid": grant.sid,
            "sub": grant.sub,
            "scope": " ".join(grant.scope),
            "offline": grant.offline,
            "sealed": self.close(kept, "grants", grant.tenant, grant.id),
            "created_at": grant.created_at,
            "expires_at": grant.expires_at,
            "revoked_at": grant.revoked_at,
            "code": None if grant.code is None else digest(grant.code),
        }

    def grant(self, row: Row) -> Grant:
        kept = json.loads(self.open(row.sealed, "grants", row.tenant, row.id))
        return Grant(
            id=row.id,
            tenant=row.tenant,
            client_id=row.client_id,
            sid=row.sid,
            sub=row.sub,
            scope=tuple(row.scope.split()),
            offline=bool(row.offline),
            session=serial.loads(Session, kept["session"]),
            created_at=row.created_at,
            expires_at=row.expires_at,
            nonce=kept["nonce"],
            terms=serial.loads(Terms, kept.get("terms", "{}")),  # older grants agreed on nothing
            revoked_at=row.revoked_at,
        )

    def key_row(self, key: StoredKey) -> dict[str, object]:
        private = self.close(base64.b64encode(key.private).decode(), "keys", key.purpose, key.kid)
        return {
            "kid": key.kid,
            "purpose": key.purpose,
            "alg": key.alg,
            "state": key.state,
            "private": private,
            "public": key.public,
            "created_at": key.created_at,
            "published_at": key.published_at,
            "activated_at": key.activated_at,
            "retired_at": key.retired_at,
            "expires_at": key.expires_at,
        }

    def key(self, row: Row) -> StoredKey:
        private = base64.b64decode(self.open(row.private, "keys", row.purpose, row.kid))
        return StoredKey(**{**row._asdict(), "private": private})

    def revision_row(self, revision: Revision) -> dict[str, object]:
        files = {path: base64.b64encode(body).decode() for path, body in revision.files.items()}
        return {
            "number": revision.number,
            "at": revision.at,
            "by": revision.by,
            "summary": revision.summary,
            "digest": revision.digest,
            "files": self.close(json.dumps(files), "revisions", "", str(revision.number)),
        }

    def revision(self, row: Row) -> Revision:
        files = json.loads(self.open(row.files, "revisions", "", str(row.number)))
        opened = {path: base64.b64decode(body) for path, body in files.items()}
        return Revision(row.number, row.at, row.by, row.summary, row.digest, opened)


def refresh_use(row: Row | None, at: int, *, redeemed: int) -> RefreshUse | None:
    """`redeemed`: how many uses the row counts when this one is the first."""
    if row is None:
        return None
    expired = row.expires_at <= at
    used = row.uses > (0 if expired else redeemed)
    return RefreshUse(row.grant_id, row.expires_at, "used" if used else "expired" if expired else "fresh")


def revision_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over paths and contents, each with its length: two different folders never look alike."""
    parts = (part for path, body in sorted(files.items()) for part in (path.encode(), body))
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()


def event_row(event: AuditEvent, at: int) -> dict[str, object]:
    """Values that came from outside are cleaned and cut here, at the last door, so that no caller can forget it."""
    detail = {clean(name): clean(value) for name, value in list(event.detail.items())[:MEMBERS]}
    members = ("reference", "event", "outcome", "tenant", "client_id", "idp", "reason", "sub", "sid")
    cleaned = {name: None if (value := getattr(event, name)) is None else clean(value) for name in members}
    return {"at": at, **cleaned, "detail": json.dumps(detail)}


def stored_events(rows: Iterable[Row]) -> tuple[StoredEvent, ...]:
    """Oldest first, from rows that come newest first."""
    return tuple(reversed([_stored_event(row) for row in rows]))


def _stored_event(row: Row) -> StoredEvent:
    event = AuditEvent(
        event=row.event,
        outcome=row.outcome,
        reference=row.reference,
        tenant=row.tenant,
        client_id=row.client_id,
        idp=row.idp,
        reason=row.reason,
        sub=row.sub,
        sid=row.sid,
        detail=json.loads(row.detail),
    )
    return StoredEvent(row.number, row.at, event)
