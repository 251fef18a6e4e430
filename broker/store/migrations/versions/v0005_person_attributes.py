"""What operators write into a person's record."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "person_attributes",
        Column("tenant", Text, nullable=False),
        Column("sub", Text, nullable=False),
        Column("sealed", Text, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant", "sub", name="pk_person_attributes"),
    )
