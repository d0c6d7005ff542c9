"""Column for the right of a key to load, fetch and delete models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    column = sa.Column("is_admin", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("unispeech_keys", column)
