"""Sweeps remove what killed processes leave, and hold nothing else up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support import postgres
from unispeech.server.jobs import workflows
from unispeech.server.jobs.lifecycle import Jobs
from unispeech.server.jobs.retention import Retention
from unispeech.server.jobs.runner import Runner
from unispeech.server.storage.database import Database, Job, State
from unispeech.server.storage.object_store import ObjectStore

JOB = Job("1", "", "api", "a.wav", "faster", "tiny.en", {}, state=State.RUNNING, worker="here")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    yield database
    database.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ended_results_are_removed(database: Database, folder: Path) -> None:
    """As after a kill between the end of a job and the removal of its chunks."""
    states = {"queued": State.QUEUED, "running": State.RUNNING, "done": State.DONE}
    for id, state in states.items():
        database.add(replace(JOB, id=id, state=state, run=1))
        for run in (0, 1):
            database.save_results(id, run, {0: b"{}", 1: b"{}"})
    Jobs(database, folder / "jobs", 10).sweep(0)
    left = {(id, run) for id in states for run in (0, 1) if database.count_results(id, run)}
    assert left == {("queued", 1), ("running", 1)}


def test_chunks_of_ended_runs_are_removed(database: Database, tmp_path: Path) -> None:
    ended_results_are_removed(database, tmp_path)


@pytest.mark.slow
@postgres.NEEDED
def test_chunks_of_ended_runs_are_removed_from_postgres(tmp_path: Path) -> None:
    with postgres.postgres(tmp_path) as server:
        database = Database(server.url)
        ended_results_are_removed(database, tmp_path)
        database.close()


def test_dead_workers_are_found_while_a_sweep_takes_long(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeping, go_on, searches = threading.Event(), threading.Event(), []

    def slow_sweep(*_: object) -> int:
        sweeping.set()
        go_on.wait(30)
        return 0

    jobs = Jobs(database, tmp_path / "jobs", 10)
    nothing: Any = None  # neither speech nor notices are used
    url = f"sqlite:///{tmp_path / 'workflows.sqlite'}"
    worker = workflows.Worker(Runner(jobs, nothing), nothing, url, 1, 0.0)
    monkeypatch.setattr(jobs, "sweep", slow_sweep)
    monkeypatch.setattr(workflows, "WATCH_INTERVAL", 0.01)
    for name in ("_enqueue_lost", "_release_notices", "_forget_workflows"):
        monkeypatch.setattr(worker, name, lambda: None)  # they need DBOS
    monkeypatch.setattr(worker, "_recover", lambda: searches.append(sweeping.is_set()))
    worker._retention.start()
    assert sweeping.wait(30)
    worker._thread.start()
    try:
        until(lambda: sum(searches) > 3)
    finally:
        go_on.set()
        worker._stop.set()
        worker._thread.join(10)
        worker._retention.stop()
        worker._polling._engine.dispose()


def test_a_failed_sweep_is_followed_by_another(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    def sweep() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("broken")

    retention = Retention(sweep, interval=0.01)
    retention.start()
    until(lambda: len(calls) > 2)
    retention.stop()
    assert not retention._thread.is_alive() and "expired jobs not removed" in caplog.text


def test_a_stopping_process_ends_its_sweep(database: Database, tmp_path: Path) -> None:
    store = ObjectStore("memory://sweeps")
    jobs = Jobs(database, tmp_path / "jobs", 10, store=store)
    jobs._sweep_store._abandoned = -60.0
    for name in ("a", "b", "c"):
        store.put(f"jobs/{name}/upload", b"sound")
    removed = iter([False, True])  # after the first one
    jobs.sweep(0, lambda: next(removed))
    assert len(store.list("jobs")) == 2
    database.add(replace(JOB, id="old", state=State.DONE, ended=1.0))
    assert jobs.sweep(1, lambda: True) == 0 and database.job("old")
    store.close()
