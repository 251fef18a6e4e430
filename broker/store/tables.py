"""The tables. What is secret or personal is sealed text; opaque handles are SHA-256 in hex; times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)


def _digest(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, String(64), primary_key=primary_key, nullable=nullable)


def _name(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=primary_key, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


# Sign-ins in flight, parked answers, codes: read and deleted in one statement.
one_time = Table(
    "one_time",
    metadata,
    _name("kind", primary_key=True),
    _digest("handle", primary_key=True),
    _name("tenant"),
    _name("payload"),
    _time("expires_at"),
    Index("ix_one_time_expires_at", "expires_at"),
)

# Assertion ids and the like, remembered until they could not be accepted anyway.
seen = Table(
    "seen",
    metadata,
    _name("tenant", primary_key=True),
    _digest("key", primary_key=True),
    _time("expires_at"),
    Index("ix_seen_expires_at", "expires_at"),
)

# `key` is a keyed hash of (tenant, idp, upstream, subject): found without being readable.
persons = Table(
    "persons",
    metadata,
    _name("tenant", primary_key=True),
    _digest("key", primary_key=True),
    _name("idp"),
    _name("who"),  # sealed: upstream and subject
    Column("sub", Text, nullable=False, unique=True),
    _time("made_at"),
)

# Further names of a person: another IdP's after a migration, or a proven address (idp empty;
# `made_at`: when it was last proven).
person_aliases = Table(
    "person_aliases",
    metadata,
    _name("tenant", primary_key=True),
    _digest("key", primary_key=True),
    _name("idp"),
    _name("who"),  # sealed: upstream and subject
    _name("sub"),
    _time("made_at"),
)

# What an operator wrote into a person's record, for rules to read.
person_attributes = Table(
    "person_attributes",
    metadata,
    _name("tenant", primary_key=True),
    _name("sub", primary_key=True),
    _name("sealed"),
    _time("changed_at"),
)

# Whose a guest's entry is: the first person's who came with it. `entry` is a keyed hash of all that the entry says.
guest_bindings = Table(
    "guest_bindings",
    metadata,
    _name("tenant", primary_key=True),
    _digest("entry", primary_key=True),
    _name("sub"),
    _time("bound_at"),
)

sessions = Table(
    "sessions",
    metadata,
    _name("tenant", primary_key=True),
    _name("sid", primary_key=True),
    _digest("browser"),
    _name("idp"),
    _name("sub"),
    _time("last_seen"),
    _time("expires_at"),
    _name("sealed"),  # the Session
    _digest("upstream_sid", nullable=True),  # keyed hashes of what the IdP calls session and person when it ends them
    _digest("upstream_sub", nullable=True),
    Index("ix_sessions_upstream_sid", "tenant", "upstream_sid"),
    Index("ix_sessions_upstream_sub", "tenant", "upstream_sub"),
    Index("ix_sessions_browser", "browser"),
    Index("ix_sessions_person", "tenant", "idp", "sub"),
    Index("ix_sessions_expires_at", "expires_at"),
    Index("ix_sessions_of_upstream_sid", "upstream_sid"),
    Index("ix_sessions_of_upstream_sub", "upstream_sub"),
)

# What an IdP gave to ask again whether the person is still welcome there; offline grants may outlive the session.
upstream_tokens = Table(
    "upstream_tokens",
    metadata,
    _name("tenant", primary_key=True),
    _name("sid", primary_key=True),
    _name("sealed"),  # the IdP's refresh token; empty where it gave none
    _time("checked_at"),
    _time("busy_until"),
    _time("expires_at"),
    Index("ix_upstream_tokens_expires_at", "expires_at"),
)

# The last group list that was known to be whole, for IdPs with `groups: {overage: keep_last}`.
group_lists = Table(
    "group_lists",
    metadata,
    _name("tenant", primary_key=True),
    _name("idp", primary_key=True),
    _name("sub", primary_key=True),
    _name("sealed"),
    _time("expires_at"),
    Index("ix_group_lists_expires_at", "expires_at"),
)

session_clients = Table(
    "session_clients",
    metadata,
    _name("tenant", primary_key=True),
    _name("sid", primary_key=True),
    _name("client_id", primary_key=True),
    ForeignKeyConstraint(["tenant", "sid"], ["sessions.tenant", "sessions.sid"], ondelete="CASCADE"),
)

grants = Table(
    "grants",
    metadata,
    _name("tenant", primary_key=True),
    _name("id", primary_key=True),
    _name("client_id"),
    _name("sid"),
    _name("sub"),
    _name("scope"),
    Column("offline", Boolean, nullable=False),
    _name("sealed"),  # the Session's snapshot and the nonce
    _time("created_at"),
    _time("expires_at"),
    _time("revoked_at", nullable=True),
    _digest("code", nullable=True),
    Index("ix_grants_session", "tenant", "sid"),
    Index("ix_grants_person", "tenant", "sub"),
    Index("ix_grants_code", "code", unique=True),
    Index("ix_grants_expires_at", "expires_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    _digest("handle", primary_key=True),
    _name("tenant"),
    _name("grant_id"),
    _time("expires_at"),
    Column("uses", Integer, nullable=False),
    ForeignKeyConstraint(["tenant", "grant_id"], ["grants.tenant", "grants.id"], ondelete="CASCADE"),
    Index("ix_refresh_tokens_grant", "tenant", "grant_id"),
)

# RFC 8628. state: pending | approved | denied; `tenant` and `answer` (sealed) are those of an approved one.
device_codes = Table(
    "device_codes",
    metadata,
    _digest("handle", primary_key=True),
    _digest("user_code"),  # a keyed hash: it is short
    _name("client_id"),
    _name("asked"),  # sealed
    _name("state"),
    _name("tenant", nullable=True),
    _name("answer", nullable=True),
    Column("wait", Integer, nullable=False),  # seconds between two polls
    _time("next_at"),
    Column("hasty", Integer, nullable=False),  # 1: the last poll came too soon
    _time("ends_at"),
    _time("expires_at"),  # of the row
    Index("ix_device_codes_user_code", "user_code", unique=True),
    Index("ix_device_codes_expires_at", "expires_at"),
)

# How many user codes were typed from a network, until `expires_at`.
guesses = Table(
    "guesses",
    metadata,
    _digest("key", primary_key=True),
    Column("many", Integer, nullable=False),
    _time("expires_at"),
    Index("ix_guesses_expires_at", "expires_at"),
)

# What a person let a client do: JSON of `Consent`.
consents = Table(
    "consents",
    metadata,
    _name("tenant", primary_key=True),
    _name("sub", primary_key=True),
    _name("client_id", primary_key=True),
    _name("allowed"),
    _time("given_at"),
)

documents = Table(
    "documents",
    metadata,
    _name("tenant", primary_key=True),
    _name("idp", primary_key=True),
    _name("kind", primary_key=True),
    Column("body", LargeBinary, nullable=False),
    _time("fetched_at"),
)

keys = Table(
    "keys",
    metadata,
    _name("kid", primary_key=True),
    _name("purpose"),
    _name("alg"),
    _name("state"),
    _name("private"),  # sealed; empty once the key has expired
    _name("public"),
    _time("created_at"),
    _time("published_at"),
    _time("activated_at", nullable=True),
    _time("retired_at", nullable=True),
    _time("expires_at", nullable=True),
    Index("ix_keys_purpose", "purpose"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _time("at"),
    _name("by"),
    _name("summary"),
    _digest("digest"),
    _name("files"),  # sealed
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
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
    _name("detail"),  # JSON object of text
    Index("ix_audit_events_reference", "reference"),
    Index("ix_audit_events_tenant", "tenant", "number"),
    sqlite_autoincrement=True,
)
