"""What one person gave to applications is found without reading the whole tenant's grants."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("ix_grants_person", "grants", ["tenant", "sub"])
