"""Columns for the values that a job's `options` held besides the transcription options."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

jobs = sa.table(
    "unispeech_jobs",
    *map(sa.column, ("id", "options", "backend", "model", "max_duration", "range_digest")),
)


def upgrade() -> None:
    op.add_column("unispeech_jobs", sa.Column("backend", sa.Text))
    op.add_column("unispeech_jobs", sa.Column("model", sa.Text))
    op.add_column("unispeech_jobs", sa.Column("max_duration", sa.Float))
    op.add_column("unispeech_jobs", sa.Column("range_digest", sa.String(64)))
    connection = op.get_bind()
    for id, text in connection.execute(sa.select(jobs.c.id, jobs.c.options)).all():
        options = json.loads(text)
        values = {
            "backend": options.pop("backend", ""),
            "model": options.pop("model", ""),
            "max_duration": options.pop("max_duration", None),
            "range_digest": options.pop("seen", None),
        }
        row = jobs.update().where(jobs.c.id == id)
        connection.execute(row.values(**values, options=json.dumps(options)))
    with op.batch_alter_table("unispeech_jobs") as table:
        table.alter_column("backend", nullable=False)
        table.alter_column("model", nullable=False)
