"""Table of the chunks that several workers may decode."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "unispeech_parts",
        sa.Column("job", sa.String(36), primary_key=True),
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("chunk", sa.LargeBinary, nullable=False),
        sa.Column("worker", sa.String(64)),
    )
