"""People of one tenant who are guests of another, and their sessions there found by the upstream's names too."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "guest_bindings",
        Column("tenant", Text, nullable=False),
        Column("entry", String(64), nullable=False),
        Column("sub", Text, nullable=False),
        Column("bound_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant", "entry", name="pk_guest_bindings"),
    )
    for name in ("upstream_sid", "upstream_sub"):
        op.create_index(f"ix_sessions_of_{name}", "sessions", [name])
