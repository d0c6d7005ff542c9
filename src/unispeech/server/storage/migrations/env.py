"""Alembic's environment script: run the revisions on the connection that `upgrade` opened."""

from __future__ import annotations

from alembic import context

from unispeech.server.storage.migrations import TABLE

context.configure(connection=context.config.attributes["connection"], version_table=TABLE)
context.run_migrations()
