"""Tables of version 0.1, which had no revisions. Existing tables are left unchanged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _create_jobs()
    _create_results()
    _create_access()
    indexed = {"jobs": ("owner", "state"), "events": ("job",), "uploads": ("owner",),
               "shares": ("job",)}  # fmt: skip
    for table, columns in indexed.items():
        for column in columns:
            name = f"ix_unispeech_{table}_{column}"
            op.create_index(name, f"unispeech_{table}", [column], if_not_exists=True)


def _create_jobs() -> None:
    op.create_table(
        "unispeech_jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("dialect", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("webhook_id", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("url", sa.Text),
        sa.Column("parent", sa.String(36)),
        sa.Column("range_start", sa.Float),
        sa.Column("range_end", sa.Float),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("started", sa.Float),
        sa.Column("ended", sa.Float),
        sa.Column("duration", sa.Float),
        sa.Column("done", sa.Float, nullable=False),
        sa.Column("worker", sa.String(64)),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("interruptions", sa.Integer, nullable=False),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text),
        if_not_exists=True,
    )
    op.create_table(
        "unispeech_workers",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("beat", sa.Float, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "unispeech_uploads",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        if_not_exists=True,
    )


def _create_results() -> None:
    op.create_table(
        "unispeech_chunks",
        sa.Column("job", sa.String(36), primary_key=True),
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("result", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "unispeech_events",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("job", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "unispeech_revisions",
        sa.Column("job", sa.String(36), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("author", sa.Text),
        sa.Column("source", sa.String(36)),
        sa.Column("segments", sa.Integer, nullable=False),
        sa.Column("transcript", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )


def _create_access() -> None:
    op.create_table(
        "unispeech_keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("rate_limit", sa.Text),
        sa.Column("max_upload", sa.BigInteger),
        sa.Column("max_duration", sa.Float),
        if_not_exists=True,
    )
    op.create_table(
        "unispeech_shares",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("job", sa.String(36), nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("expires", sa.Float),
        if_not_exists=True,
    )
    op.create_table(
        "unispeech_secrets",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("value", sa.String(64), nullable=False),
        if_not_exists=True,
    )
