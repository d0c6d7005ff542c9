"""In-place upgrade of old databases, and rejection of newer ones."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from support import old_databases, postgres
from support.old_databases import Facts
from unispeech.errors import UnispeechError
from unispeech.server.jobs.revisions import Revisions
from unispeech.server.jobs.share_links import Links
from unispeech.server.storage.connection import create_engine
from unispeech.server.storage.database import Database, State
from unispeech.server.storage.keys import Keys
from unispeech.server.storage.migrations import TABLE
from unispeech.server.storage.tables import metadata

STARTS = 4
"""Processes that start at once."""
START = """
import sys
from unispeech.server.storage.database import Database
Database(sys.argv[1]).close()
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=postgres.NEEDED)])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Facts]]:
    """The URL of a database of version 0.1."""
    if request.param == "sqlite":
        facts = old_databases.restore_sqlite(tmp_path)
        yield f"sqlite:///{tmp_path / 'unispeech.sqlite'}", facts
        return
    with postgres.postgres(tmp_path) as server:
        yield server.url, old_databases.restore_postgres(server.url)


def differences(engine: sa.Engine) -> object:
    """Return the differences between the tables of the database and those of the code."""
    names = {table.name for table in metadata.sorted_tables}
    options = {
        "version_table": TABLE,
        "include_name": lambda name, kind, _: kind != "table" or name in names,
    }
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, metadata)


def test_an_old_database_is_upgraded_in_place(old: tuple[str, Facts]) -> None:
    url, facts = old
    database = Database(url)
    assert not differences(database.engine)
    done, part, queued = (database.job(id) for id in (facts.done, facts.part, facts.queued))
    assert done and part and queued
    assert (done.backend, done.model, done.max_duration) == ("faster", "tiny.en", 6 * 3600.0)
    assert done.options == {"word_timestamps": True} and done.revision == 3
    assert part.range_digest and len(part.range_digest) == 64 and done.range_digest is None
    assert queued.state is State.QUEUED and queued.options["temperature"] == 0.2
    running = database.job(facts.running)
    assert running and running.state is State.RUNNING
    assert len(database.results(facts.running, 0)) == facts.chunks
    revisions = Revisions(database)
    texts = [revisions.transcript(facts.done, number) for number in (1, 2, 3)]
    assert all(texts) and texts[1] and texts[1].text.startswith("Corrected by hand.")
    key = Keys(database).find(facts.secret)
    assert key and key.name == "newsroom" and key.id == done.owner
    link = Links(database).open(facts.share)
    assert link and link.job == facts.done
    Database(url).close()  # nothing left to upgrade
    database.close()


def test_an_empty_database_gets_the_current_tables(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert not differences(database.engine)
    database.close()


def test_processes_that_start_together_upgrade_once(old: tuple[str, Facts]) -> None:
    url, facts = old
    starts = [
        subprocess.Popen([sys.executable, "-c", START, url], stderr=subprocess.PIPE, text=True)
        for _ in range(STARTS)
    ]
    for start in starts:
        _, error = start.communicate(timeout=300)
        assert start.returncode == 0, error
    database = Database(url)
    assert not differences(database.engine) and database.job(facts.done)
    database.close()


def test_a_failed_upgrade_leaves_the_database_as_it_was(old: tuple[str, Facts]) -> None:
    url, facts = old
    engine = create_engine(url)
    spoil = sa.text("UPDATE unispeech_jobs SET options = :text WHERE id = :id")
    with engine.begin() as connection:
        connection.execute(spoil, {"text": "no JSON", "id": facts.queued})
    with pytest.raises(json.JSONDecodeError):
        Database(url)
    columns = {column["name"] for column in sa.inspect(engine).get_columns("unispeech_jobs")}
    assert "backend" not in columns and not sa.inspect(engine).has_table(TABLE)
    with engine.begin() as connection:
        connection.execute(spoil, {"text": "{}", "id": facts.queued})
    engine.dispose()
    Database(url).close()


def test_a_database_of_a_newer_version_is_rejected_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNISPEECH_DATA_DIR", str(tmp_path))
    url = f"sqlite:///{tmp_path / 'unispeech.sqlite'}"
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {TABLE} SET version_num = '9999'"))
    database.close()
    with pytest.raises(UnispeechError, match="newer version"):
        Database(url)
    run = subprocess.run(
        [sys.executable, "-m", "unispeech", "keys", "list"], capture_output=True, text=True
    )
    assert run.returncode == 1 and len(run.stderr.splitlines()) == 1
    assert "newer version" in run.stderr and "upgrade UniSpeech" in run.stderr
