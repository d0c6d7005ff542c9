"""Tables of the service. Each change needs a revision in `migrations`."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

jobs = sa.Table(
    "unispeech_jobs",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False, index=True),
    sa.Column("dialect", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("backend", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("options", sa.Text, nullable=False),
    sa.Column("max_duration", sa.Float),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("webhook_id", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("parent", sa.String(36), index=True),
    sa.Column("range_start", sa.Float),
    sa.Column("range_end", sa.Float),
    sa.Column("range_digest", sa.String(64)),
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
    sa.Column("size", sa.BigInteger),
)
chunks = sa.Table(
    "unispeech_chunks",
    metadata,
    sa.Column("job", sa.String(36), primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("result", sa.LargeBinary, nullable=False),
)
parts = sa.Table(
    "unispeech_parts",
    metadata,
    sa.Column("job", sa.String(36), primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("chunk", sa.LargeBinary, nullable=False),
    sa.Column("worker", sa.String(64)),
)
events = sa.Table(
    "unispeech_events",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("job", sa.String(36), nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
keys = sa.Table(
    "unispeech_keys",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("rate_limit", sa.Text),
    sa.Column("max_upload", sa.BigInteger),
    sa.Column("max_duration", sa.Float),
    sa.Column("is_admin", sa.Boolean, nullable=False, server_default=sa.false()),
)
workers = sa.Table(
    "unispeech_workers",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("beat", sa.Float, nullable=False),
)
revisions = sa.Table(
    "unispeech_revisions",
    metadata,
    sa.Column("job", sa.String(36), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("author", sa.Text),
    sa.Column("source", sa.String(36)),
    sa.Column("segments", sa.Integer, nullable=False),
    sa.Column("transcript", sa.LargeBinary, nullable=False),
)
uploads = sa.Table(
    "unispeech_uploads",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False, index=True),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
)
shares = sa.Table(
    "unispeech_shares",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("job", sa.String(36), nullable=False, index=True),
    sa.Column("name", sa.Text),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("expires", sa.Float),
)
tags = sa.Table(
    "unispeech_tags",
    metadata,
    sa.Column("job", sa.String(36), primary_key=True),
    sa.Column("tag", sa.String(50), primary_key=True, index=True),
)
passages = sa.Table(
    "unispeech_passages",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("job", sa.String(36), nullable=False, index=True),
    sa.Column("start", sa.Float, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("times", sa.Text, nullable=False),
)
vocabularies = sa.Table(
    "unispeech_vocabularies",
    metadata,
    sa.Column("owner", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("changed", sa.Float, nullable=False),
)
secrets = sa.Table(
    "unispeech_secrets",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("value", sa.String(64), nullable=False),
)
