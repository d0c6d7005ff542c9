"""Connections to SQLite and PostgreSQL: one-line errors, and the text that both can store."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from unispeech.errors import OptionError, UnispeechError

CONNECT_TIMEOUT = 10
"""Seconds to wait for a PostgreSQL server to accept a connection."""
BUSY_TIMEOUT = 30_000
"""Milliseconds to wait for others that write to SQLite."""
UNAVAILABLE = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,
    sa.exc.TimeoutError,
)
"""Errors that are worth a retry: the database is unreachable, locked, read-only or out of space.
PostgreSQL reports a read-only transaction, as on a standby, as an internal error."""
_UNWRITABLE = re.compile(
    r"readonly database|disk I/O error|unable to open database file|disk is full|"
    r"read-only transaction"
)
"""Messages of databases that cannot be written to for now."""


def create_engine(url: str) -> sa.Engine:
    """Return an engine for a database URL, without connecting.

    Raises:
        OptionError: the URL is not one of a supported database.
    """
    try:
        parsed = sa.make_url(with_driver(url))
        is_postgres = parsed.get_backend_name() == "postgresql"
        arguments: dict[str, Any] = {}
        if is_postgres:
            # A pooler gives each transaction another session, which has not prepared the statement.
            arguments["prepare_threshold"] = None
            if "connect_timeout" not in parsed.query:
                arguments["connect_timeout"] = CONNECT_TIMEOUT
        engine = sa.create_engine(parsed, pool_pre_ping=True, pool_size=20, connect_args=arguments)
    except (sa.exc.ArgumentError, ImportError, ValueError):
        raise OptionError(
            "UNISPEECH_DATABASE_URL is not the URL of a supported database",
            "use postgresql://user:password@host/name",
        ) from None
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _pragmas)
    renew_unwritable(engine)
    return engine


def renew_unwritable(engine: sa.Engine) -> None:
    """Replace the connections of an engine when one of them cannot write.

    SQLite opens a file that cannot be written to read-only, and such a connection stays read-only
    after the cause has ended. DBOS retries what fails on a replaced connection, and nothing else.
    """
    sa.event.listen(engine, "handle_error", _mark_unwritable)


def _mark_unwritable(context: sa.engine.ExceptionContext) -> None:
    if _UNWRITABLE.search(str(context.original_exception)):
        context.is_disconnect = True


@contextmanager
def first_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open the first transaction on a database, with connection errors as one line.

    Raises:
        UnispeechError: the server does not answer, or the file is not a database.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        raise UnispeechError(
            f"the database at {engine.url.host or engine.url.database} cannot be used: "
            + error_line(error),
            "see UNISPEECH_DATABASE_URL" if engine.url.host else "see UNISPEECH_DATA_DIR",
        ) from None


def is_pooled(engine: sa.Engine) -> bool:
    """True if a pooler is between us and PostgreSQL: it numbers its clients' sessions itself."""
    if engine.dialect.name != "postgresql":
        return False
    with first_transaction(engine) as connection:
        driver: Any = connection.connection.driver_connection
        return bool(
            driver.info.backend_pid != connection.scalar(sa.text("SELECT pg_backend_pid()"))
        )


def check_sqlite(
    python: tuple[int, ...] = sys.version_info[:2],
    sqlite: tuple[int, ...] = sqlite3.sqlite_version_info,
) -> None:
    """Check that DBOS can use the SQLite of this Python.

    From Python 3.12 on, its tables need `unixepoch('subsec')` of SQLite 3.42.

    Raises:
        UnispeechError: it is too old.
    """
    if python >= (3, 12) and sqlite < (3, 42):
        raise UnispeechError(
            f"SQLite {'.'.join(map(str, sqlite))} is too old for the service with Python 3.12 or "
            "newer: 3.42 is the first that works",
            "use Python 3.11, or PostgreSQL in UNISPEECH_DATABASE_URL",
        )


def with_driver(url: str) -> str:
    """Return the URL with the PostgreSQL driver that the `server` extra installs."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def error_line(error: BaseException) -> str:
    """Return the first line of a database error."""
    text = str(getattr(error, "orig", None) or error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def is_storable(text: str) -> bool:
    """Return whether both databases can store a text: no NUL (PostgreSQL), no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _pragmas(connection: Any, _: object) -> None:
    """Use WAL, so that readers never wait; NORMAL loses nothing if the process is killed."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    cursor.execute("PRAGMA secure_delete=ON")  # overwrite deleted rows
    cursor.close()
