"""What lives on after a sign-in: sessions found by the upstream's names, its refresh tokens, kept groups, aliases."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for name in ("upstream_sid", "upstream_sub"):
        op.add_column("sessions", Column(name, String(64), nullable=True))
        op.create_index(f"ix_sessions_{name}", "sessions", ["tenant", name])
    _person_aliases()
    _upstream_tokens()
    _group_lists()


def _person_aliases() -> None:
    op.create_table(
        "person_aliases",
        Column("tenant", Text, nullable=False),
        Column("key", String(64), nullable=False),
        Column("idp", Text, nullable=False),
        Column("who", Text, nullable=False),
        Column("sub", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant", "key", name="pk_person_aliases"),
    )


def _upstream_tokens() -> None:
    op.create_table(
        "upstream_tokens",
        Column("tenant", Text, nullable=False),
        Column("sid", Text, nullable=False),
        Column("sealed", Text, nullable=False),
        Column("checked_at", BigInteger, nullable=False),
        Column("busy_until", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant", "sid", name="pk_upstream_tokens"),
    )
    op.create_index("ix_upstream_tokens_expires_at", "upstream_tokens", ["expires_at"])


def _group_lists() -> None:
    op.create_table(
        "group_lists",
        Column("tenant", Text, nullable=False),
        Column("idp", Text, nullable=False),
        Column("sub", Text, nullable=False),
        Column("sealed", Text, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant", "idp", "sub", name="pk_group_lists"),
    )
    op.create_index("ix_group_lists_expires_at", "group_lists", ["expires_at"])
