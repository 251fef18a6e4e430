"""Impersonations that wait for a second person."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "impersonations",
        Column("tenant", Text, nullable=False),
        Column("handle", String(64), nullable=False),
        Column("client_id", Text, nullable=False),
        Column("operator", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("reference", Text, nullable=False),
        Column("sealed", Text, nullable=False),
        Column("approver", Text, nullable=True),
        Column("expires_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant", "handle", name="pk_impersonations"),
    )
    op.create_index("ix_impersonations_expires_at", "impersonations", ["expires_at"])
