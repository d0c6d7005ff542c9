"""Return of the space of deleted rows to the disk. PostgreSQL does so itself."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from unispeech.server.storage.connection import BUSY_TIMEOUT, UNAVAILABLE, error_line

log = logging.getLogger("unispeech.server")

FREE = 0.1
"""Fraction of free pages from which a database is rewritten."""
PATIENCE = 1000
"""Milliseconds to wait for others that use the database; the next sweep tries again."""


def vacuum(engine: sa.Engine) -> bool:
    """Rewrite a SQLite database without its free pages, and return whether that was necessary.

    Deleted text is gone from the write-ahead log afterwards, and from the file if it was rewritten.
    """
    if engine.dialect.name != "sqlite":
        return False
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE}")
        try:
            pages = c.exec_driver_sql("PRAGMA page_count").scalar_one()
            free = c.exec_driver_sql("PRAGMA freelist_count").scalar_one()
            is_due = bool(free) and free >= FREE * pages
            if is_due:
                _rewrite(c)
                log.debug("database vacuumed", extra={"pages": pages, "free": free})
            c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return is_due
        except UNAVAILABLE as error:
            log.debug("database not vacuumed: %s", error_line(error))
            return False
        finally:
            c.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")


def _rewrite(c: sa.Connection) -> None:
    if sa.inspect(c).has_table("unispeech_words"):  # keeps deleted words until it is merged
        c.exec_driver_sql("INSERT INTO unispeech_words (unispeech_words) VALUES ('optimize')")
    c.exec_driver_sql("VACUUM")
