"""The table of impersonations that wait for a second person."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from broker.store.tables import metadata

impersonations = Table(
    "impersonations",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("handle", String(64), primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("sealed", Text, nullable=False),  # why
    Column("approver", Text, nullable=True),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_impersonations_expires_at", "expires_at"),
)
