"""Segments of a running job reach the database together, soon, and each once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from unispeech.server.jobs.publication import DELAY, Publication
from unispeech.server.storage.database import Database, Job, State
from unispeech.types import Segment

JOB = Job(
    "1", "", "api", "a.wav", "faster", "tiny.en", {}, state=State.RUNNING, worker="here"
)  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    database.add(JOB)
    yield database
    database.close()


def segment(number: int) -> Segment:
    return Segment(number, float(number), number + 1.0, f"Text {number}.")


def texts(database: Database) -> list[str]:
    return [event.body["text"] for event in database.events(JOB.id, kind="segment")]


def expected(count: int) -> list[str]:
    return [segment(number).text for number in range(count)]


def test_segments_of_a_moment_share_a_transaction(database: Database) -> None:
    commits: list[object] = []
    with Publication(database, JOB) as publication:
        sa.event.listen(database.engine, "commit", commits.append)
        for number in range(100):
            publication.segment(segment(number))
            publication.progress(float(number))
    assert 1 <= len(commits) <= 3
    assert texts(database) == expected(100)
    job = database.job(JOB.id)
    assert job is not None and job.done == 99.0


def test_a_segment_is_published_while_the_next_one_is_decoded(database: Database) -> None:
    with Publication(database, JOB) as publication:
        publication.segment(segment(0))
        deadline = time.monotonic() + 10 * DELAY  # the machine may be busy
        while not texts(database) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert texts(database) == expected(1)


def test_a_run_that_resumes_publishes_only_what_is_missing(database: Database) -> None:
    with Publication(database, JOB) as publication:
        for number in range(3):
            publication.segment(segment(number))
    killed = Publication(database, JOB)  # never started, so that nothing more is written
    for number in range(5):
        killed.segment(segment(number))
    assert texts(database) == expected(3)
    with Publication(database, JOB) as publication:
        for number in range(7):
            publication.segment(segment(number))
    assert texts(database) == expected(7)


def test_what_was_decoded_before_an_error_is_published(database: Database) -> None:
    with pytest.raises(KeyError), Publication(database, JOB) as publication:
        publication.segment(segment(0))
        raise KeyError
    assert texts(database) == expected(1)


@pytest.mark.parametrize(
    "change", [{"state": State.CANCELLED}, {"run": 1}, {"worker": "elsewhere"}]
)
def test_a_run_that_is_not_ours_any_more_gets_no_segments(
    database: Database, change: dict[str, Any]
) -> None:
    with Publication(database, JOB) as publication:
        database.change(JOB.id, **change)
        publication.segment(segment(0))
        publication.progress(1.0)
    job = database.job(JOB.id)
    assert texts(database) == [] and job is not None and job.done == 0.0


def test_a_deleted_job_leaves_no_events(database: Database) -> None:
    with Publication(database, JOB) as publication:
        database.remove(JOB.id)
        publication.segment(segment(0))
    assert database.events(JOB.id) == []


def test_a_failed_transaction_stops_the_run_and_loses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = sa.exc.OperationalError("", {}, Exception("database is locked"))

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(Publication, "_write", fail)
    publication = Publication(database, replace(JOB))
    with pytest.raises(sa.exc.OperationalError), publication:
        publication.segment(segment(0))
        publication._thread.join(10)
        publication.segment(segment(1))
    with pytest.raises(sa.exc.OperationalError), Publication(database, JOB) as publication:
        publication.segment(segment(0))
    monkeypatch.undo()
    with Publication(database, JOB) as publication:
        for number in range(2):
            publication.segment(segment(number))
    assert texts(database) == expected(2)
