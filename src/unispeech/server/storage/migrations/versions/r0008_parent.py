"""Index of the jobs that belong to another: its ranges and translations."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("ix_unispeech_jobs_parent", "unispeech_jobs", ["parent"], if_not_exists=True)
