"""The first schema."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    _one_time()
    _persons()
    _sessions()
    _grants()
    _documents()
    _keys()
    _revisions()
    _audit_events()


def _digest(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, String(64), nullable=nullable)


def _name(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _one_time() -> None:
    op.create_table(
        "one_time",
        _name("kind"),
        _digest("handle"),
        _name("tenant"),
        _name("payload"),
        _time("expires_at"),
        PrimaryKeyConstraint("kind", "handle", name="pk_one_time"),
    )
    op.create_index("ix_one_time_expires_at", "one_time", ["expires_at"])
    op.create_table(
        "seen",
        _name("tenant"),
        _digest("key"),
        _time("expires_at"),
        PrimaryKeyConstraint("tenant", "key", name="pk_seen"),
    )
    op.create_index("ix_seen_expires_at", "seen", ["expires_at"])


def _persons() -> None:
    op.create_table(
        "persons",
        _name("tenant"),
        _digest("key"),
        _name("idp"),
        _name("who"),
        _name("sub"),
        _time("made_at"),
        PrimaryKeyConstraint("tenant", "key", name="pk_persons"),
        UniqueConstraint("sub", name="uq_persons_sub"),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        _name("tenant"),
        _name("sid"),
        _digest("browser"),
        _name("idp"),
        _name("sub"),
        _time("last_seen"),
        _time("expires_at"),
        _name("sealed"),
        PrimaryKeyConstraint("tenant", "sid", name="pk_sessions"),
    )
    op.create_index("ix_sessions_browser", "sessions", ["browser"])
    op.create_index("ix_sessions_person", "sessions", ["tenant", "idp", "sub"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "session_clients",
        _name("tenant"),
        _name("sid"),
        _name("client_id"),
        PrimaryKeyConstraint("tenant", "sid", "client_id", name="pk_session_clients"),
        ForeignKeyConstraint(
            ["tenant", "sid"], ["sessions.tenant", "sessions.sid"], name="fk_session_clients", ondelete="CASCADE"
        ),
    )


def _grants() -> None:
    op.create_table(
        "grants",
        _name("tenant"),
        _name("id"),
        _name("client_id"),
        _name("sid"),
        _name("sub"),
        _name("scope"),
        Column("offline", Boolean, nullable=False),
        _name("sealed"),
        _time("created_at"),
        _time("expires_at"),
        _time("revoked_at", nullable=True),
        _digest("code", nullable=True),
        PrimaryKeyConstraint("tenant", "id", name="pk_grants"),
    )
    op.create_index("ix_grants_session", "grants", ["tenant", "sid"])
    op.create_index("ix_grants_code", "grants", ["code"], unique=True)
    op.create_index("ix_grants_expires_at", "grants", ["expires_at"])
    op.create_table(
        "refresh_tokens",
        _digest("handle"),
        _name("tenant"),
        _name("grant_id"),
        _time("expires_at"),
        Column("uses", Integer, nullable=False),
        PrimaryKeyConstraint("handle", name="pk_refresh_tokens"),
        ForeignKeyConstraint(
            ["tenant", "grant_id"], ["grants.tenant", "grants.id"], name="fk_refresh_tokens", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_refresh_tokens_grant", "refresh_tokens", ["tenant", "grant_id"])


def _documents() -> None:
    op.create_table(
        "documents",
        _name("tenant"),
        _name("idp"),
        _name("kind"),
        Column("body", LargeBinary, nullable=False),
        _time("fetched_at"),
        PrimaryKeyConstraint("tenant", "idp", "kind", name="pk_documents"),
    )


def _keys() -> None:
    op.create_table(
        "keys",
        _name("kid"),
        _name("purpose"),
        _name("alg"),
        _name("state"),
        _name("private"),
        _name("public"),
        _time("created_at"),
        _time("published_at"),
        _time("activated_at", nullable=True),
        _time("retired_at", nullable=True),
        _time("expires_at", nullable=True),
        PrimaryKeyConstraint("kid", name="pk_keys"),
    )
    op.create_index("ix_keys_purpose", "keys", ["purpose"])


def _revisions() -> None:
    op.create_table(
        "revisions",
        Column("number", Integer, autoincrement=False, nullable=False),
        _time("at"),
        _name("by"),
        _name("summary"),
        _digest("digest"),
        _name("files"),
        PrimaryKeyConstraint("number", name="pk_revisions"),
    )


def _audit_events() -> None:
    op.create_table(
        "audit_events",
        Column("number", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
        _time("at"),
        _name("reference"),
        _name("event"),
        _name("outcome"),
        _name("tenant", nullable=True),
        _name("client_id", nullable=True),
        _name("idp", nullable=True),
        _name("reason", nullable=True),
        _name("sub", nullable=True),
        _name("sid", nullable=True),
        _name("detail"),
        PrimaryKeyConstraint("number", name="pk_audit_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_events_reference", "audit_events", ["reference"])
    op.create_index("ix_audit_events_tenant", "audit_events", ["tenant", "number"])
