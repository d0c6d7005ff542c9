"""Column for the bytes of a job's upload, which quotas count. `Jobs.sweep` fills it in old rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("unispeech_jobs", sa.Column("size", sa.BigInteger))
