"""In-place upgrade of the database to the tables of this version, by Alembic.

A change of `tables.py` needs a revision in `versions`, named `rNNNN_subject.py`. It runs on SQLite
and Postgres in one transaction, and imports no `tables.py`, which may have changed since.
"""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from unispeech.errors import UnispeechError
from unispeech.server.storage.connection import first_transaction

log = logging.getLogger("unispeech.server")

TABLE = "unispeech_version"
"""Alembic's version table; not its default name, as other Alembic users may share the database."""
LOCKS = {
    "postgresql": "SELECT pg_advisory_xact_lock(7261834)",
    "sqlite": "BEGIN IMMEDIATE",
}
"""Statements that make processes which start at the same time upgrade one after the other."""


def upgrade(engine: sa.Engine) -> None:
    """Run the missing revisions, all or none of them.

    Raises:
        UnispeechError: the database does not answer, is read-only, or a newer version has upgraded
            it.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head()
    with first_transaction(engine) as connection:
        connection.exec_driver_sql(LOCKS[engine.dialect.name])
        context = MigrationContext.configure(connection, opts={"version_table": TABLE})
        current = context.get_current_revision()
        if current == newest:
            # A write, so that a read-only database is an error now and not in the first request.
            connection.execute(sa.text(f"UPDATE {TABLE} SET version_num = version_num"))
            return
        if current not in (None, *(script.revision for script in scripts.walk_revisions())):
            raise UnispeechError(
                f"a newer version of UniSpeech has upgraded the database (to {current})",
                "upgrade UniSpeech, or restore the backup from before",
            )
        is_new = not sa.inspect(connection).has_table("unispeech_jobs")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if is_new:
            log.debug("database created", extra={"to": newest})
        else:
            log.info("database upgraded", extra={"from": current, "to": newest})
