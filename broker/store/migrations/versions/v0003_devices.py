"""Devices that wait for an answer (RFC 8628), and how many user codes were typed from a network."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "device_codes",
        Column("handle", String(64), nullable=False),
        Column("user_code", String(64), nullable=False),
        Column("client_id", Text, nullable=False),
        Column("asked", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("tenant", Text, nullable=True),
        Column("answer", Text, nullable=True),
        Column("wait", Integer, nullable=False),
        Column("next_at", BigInteger, nullable=False),
        Column("hasty", Integer, nullable=False),
        Column("ends_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("handle", name="pk_device_codes"),
    )
    op.create_index("ix_device_codes_user_code", "device_codes", ["user_code"], unique=True)
    op.create_index("ix_device_codes_expires_at", "device_codes", ["expires_at"])
    op.create_table(
        "guesses",
        Column("key", String(64), nullable=False),
        Column("many", Integer, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("key", name="pk_guesses"),
    )
    op.create_index("ix_guesses_expires_at", "guesses", ["expires_at"])
