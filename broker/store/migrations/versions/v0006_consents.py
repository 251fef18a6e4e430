"""What people let clients do."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "consents",
        Column("tenant", Text, nullable=False),
        Column("sub", Text, nullable=False),
        Column("client_id", Text, nullable=False),
        Column("allowed", Text, nullable=False),
        Column("given_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant", "sub", "client_id", name="pk_consents"),
    )
