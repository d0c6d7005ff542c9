"""Table of the vocabulary lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "unispeech_vocabularies",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("changed", sa.Float, nullable=False),
    )
