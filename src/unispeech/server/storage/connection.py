"""Reaching a database, SQLite or PostgreSQL: one line where that fails, and what any can hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from unispeech.errors import OptionError, UnispeechError

PATIENCE = 10
"""Seconds in which a PostgreSQL server has to answer a connection."""
AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
"""What is raised where the database cannot be reached, is locked, or has no room: it will pass."""


def connected(url: str) -> sa.Engine:
    """The database at a URL. Nothing is asked of it yet.

    Raises:
        OptionError: it is not the URL of a database.
    """
    try:
        place = sa.make_url(normal(url))
        wait = place.get_backend_name() == "postgresql" and "connect_timeout" not in place.query
        patience = {"connect_timeout": PATIENCE} if wait else {}
        engine = sa.create_engine(place, pool_pre_ping=True, pool_size=20, connect_args=patience)
    except (sa.exc.ArgumentError, ImportError, ValueError):
        raise OptionError(
            "UNISPEECH_DATABASE_URL is not the URL of a database we know",
            "use postgresql://user:password@host/name",
        ) from None
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _pragmas)
    return engine


@contextmanager
def used(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction in which a database is used for the first time.

    Raises:
        UnispeechError: it does not answer, or is none.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        raise UnispeechError(
            f"the database at {engine.url.host or engine.url.database} cannot be used: "
            + reason(error),
            "see UNISPEECH_DATABASE_URL" if engine.url.host else "see UNISPEECH_DATA_DIR",
        ) from None


def normal(url: str) -> str:
    """A URL with the driver we ship."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def reason(error: BaseException) -> str:
    """Why a database cannot be used, in a line."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def keepable(text: str) -> bool:
    """Whether every database can hold it: no NUL (PostgreSQL), no half of a character (UTF-8)."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _pragmas(connection: Any, _: object) -> None:
    """WAL so that readers never wait; NORMAL loses nothing when a process is killed."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()
