"""Tags, and the full-text index over names and texts. A worker indexes the
recordings that exist."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "unispeech_tags",
        sa.Column("job", sa.String(36), primary_key=True),
        sa.Column("tag", sa.String(50), primary_key=True),
    )
    op.create_index("ix_unispeech_tags_tag", "unispeech_tags", ["tag"])
    op.create_table(
        "unispeech_passages",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("job", sa.String(36), nullable=False),
        sa.Column("start", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("times", sa.Text, nullable=False),
    )
    op.create_index("ix_unispeech_passages_job", "unispeech_passages", ["job"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE unispeech_words USING fts5("
            "words, tokenize = \"unicode61 remove_diacritics 0 categories 'L* N* M*'\", "
            "prefix = '2 3 4')"
        )
    else:
        op.execute(
            "CREATE TABLE unispeech_words ("
            "id BIGINT PRIMARY KEY REFERENCES unispeech_passages (id), words tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_unispeech_words ON unispeech_words USING gin (words)")
