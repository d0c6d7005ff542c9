"""Deleted jobs leave nothing in the databases, and the space returns to the disk."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from support.samples import SAMPLES
from support.serving import running, submit, until_ended
from unispeech.server.jobs import workflows
from unispeech.server.storage.connection import create_engine
from unispeech.server.storage.vacuum import vacuum


def test_a_database_is_rewritten_when_rows_were_deleted(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as c:
        c.execute(sa.text("CREATE TABLE texts (body TEXT)"))
        c.execute(sa.text("INSERT INTO texts VALUES (:body)"), [{"body": "secret " * 500}] * 300)
    assert not vacuum(engine)
    with engine.begin() as c:
        c.execute(sa.text("DELETE FROM texts"))
    engine.dispose()  # move the write-ahead log into the file
    before = path.stat().st_size
    assert vacuum(engine) and not vacuum(engine)
    assert path.stat().st_size < before / 10
    assert b"secret" not in path.read_bytes()
    log = path.with_name("a.sqlite-wal")
    assert not log.exists() or b"secret" not in log.read_bytes()
    engine.dispose()


def test_a_database_in_use_is_vacuumed_later(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as c:
        c.execute(sa.text("CREATE TABLE texts (body TEXT)"))
        c.execute(sa.text("INSERT INTO texts VALUES (:body)"), [{"body": "x" * 5000}] * 100)
    with engine.begin() as c:
        c.execute(sa.text("DELETE FROM texts"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert not vacuum(engine)
    other.execute("ROLLBACK")
    assert vacuum(engine)
    other.close()
    engine.dispose()


@pytest.mark.slow
def test_the_queue_forgets_the_workflows_of_ended_jobs(tmp_path: Path) -> None:
    """The worker that starts second sweeps at its start."""
    with running(tmp_path) as server, server.client() as http:
        jobs = [submit(http, SAMPLES / "english.wav") for _ in range(3)]
        for job in jobs:
            assert until_ended(http, job)["state"] == "done"
        _until(lambda: set(_workflows(tmp_path).values()) == {"SUCCESS"})
        assert http.delete(f"/api/jobs/{jobs[0]}").status_code == httpx.codes.OK
        assert len(_workflows(tmp_path)) == 3
    with running(tmp_path) as server, server.client() as http:
        for job in jobs[1:]:
            assert http.get(f"/api/jobs/{job}/transcript").status_code == httpx.codes.OK
        _until(lambda: not _workflows(tmp_path))
        again = submit(http, SAMPLES / "english.wav")
        assert until_ended(http, again)["state"] == "done"
    assert _workflows(tmp_path)  # the last connection to close empties the write-ahead log
    assert jobs[0].encode() not in (tmp_path / "data" / "workflows.sqlite").read_bytes()


def _workflows(folder: Path) -> dict[str, str]:
    """The states of the queue's workflows by name."""
    with closing(sqlite3.connect(folder / "data" / "workflows.sqlite")) as c:
        return dict(c.execute("SELECT workflow_uuid, status FROM workflow_status"))


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_every_state_of_a_workflow_is_known() -> None:
    from dbos._sys_db import WorkflowStatusString

    known = {*workflows.ACTIVE, *workflows.ENDED}
    assert known == {status.value for status in WorkflowStatusString}
