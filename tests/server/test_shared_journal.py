"""Journal of a job whose chunks several workers decode, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from support import postgres
from unispeech.errors import Cancelled
from unispeech.server.jobs.shared_journal import FEWEST, SharedJournal
from unispeech.server.storage.database import Database, Job, State
from unispeech.server.storage.parts import Parts, longest, release_lost
from unispeech.stages.seams import FIRST_INDEX
from unispeech.types import Chunk, ChunkResult, LanguageScore, Segment, Span

pytestmark = postgres.NEEDED

SCORE = LanguageScore(0.0, 1.0, (("en", 0.875),))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with postgres.postgres(tmp_path_factory.mktemp("shared")) as server:
        database = Database(server.url)
        yield database
        database.close()


@pytest.fixture
def job(database: Database) -> Job:
    job = Job(
        id=str(uuid4()), owner="", dialect="native", filename="a.wav", backend="faster",
        model="tiny.en", options={}, state=State.RUNNING, worker="owner",
    )  # fmt: skip
    database.add(job)
    return job


def journal(database: Database, job: Job, worker: str) -> SharedJournal:
    return SharedJournal(
        database, job.id, job.run, worker=worker, sound=Path("a.wav"), is_owner=worker == "owner"
    )


def planned(count: int) -> list[Chunk]:
    """Chunks with a seam after the first."""
    chunk = Chunk(
        np.zeros(0, np.float32), 0.1, 5.3, speech=(Span(0.2, 5.0),), window=7.5, language="en",
        before=0.025, after=0.05,
    )  # fmt: skip
    numbers = [0, FIRST_INDEX, *range(1, count)]
    return [replace(chunk, index=number) for number in numbers]


def result(text: str = "Hello.") -> ChunkResult:
    return ChunkResult((Segment(0, 0.1, 1 / 3, text, language="en"),), languages=(SCORE,))


def indices(chunks: list[Chunk]) -> list[int]:
    return [chunk.index for chunk in chunks]


def test_each_chunk_is_taken_once_and_its_result_reaches_the_others(
    database: Database, job: Job
) -> None:
    owner, other = (journal(database, job, worker) for worker in ("owner", "other"))
    chunks = planned(12)
    owner.offer(chunks)
    owner.offer(chunks)  # again after a restart
    assert indices(owner.take(chunks[:4])) == [0, FIRST_INDEX, 1, 2]
    waiting = other.open(4)
    assert indices(waiting) == [7, 8, 9, 10], "after those that the owner has read ahead"
    assert replace(chunks[8], samples=waiting[0].samples) == waiting[0]
    taken = other.take(waiting)
    assert indices(taken) == indices(waiting)
    assert not owner.take(taken)
    assert owner.recorded(taken[0]) is None
    other.record(taken, [result()] * len(taken))
    assert not owner.take(taken)
    assert owner.recorded(taken[0]) == result()
    owner.record(taken, [result("Something else.")] * len(taken))
    assert journal(database, job, "owner").recorded(taken[0]) == result(), "the first one stays"


def test_a_chunk_that_is_planned_otherwise_is_decoded_again(database: Database, job: Job) -> None:
    """Another processor, or another version, may cut elsewhere after a restart."""
    owner, other = (journal(database, job, worker) for worker in ("owner", "other"))
    chunks = planned(4)
    owner.offer(chunks)
    owner.record(owner.take(chunks), [result()] * len(chunks))
    again = journal(database, job, "owner")
    moved = [chunks[0], replace(chunks[2], end=6.0), chunks[3]]
    again.offer(moved)
    assert again.recorded(moved[0]) == result()
    assert again.recorded(moved[1]) is None and again.recorded(moved[2]) == result()
    assert [chunk.end for chunk in other.open(9)] == [6.0]
    assert again.take(moved) == moved[1:2]


def test_workers_take_less_when_little_is_left(database: Database, job: Job) -> None:
    owner, other = (journal(database, job, worker) for worker in ("owner", "other"))
    chunks = planned(40)
    owner.offer(chunks)
    assert len(owner.take(chunks[:16])) == 16
    assert len(other.take(chunks[16:])) == 25 // 4
    assert len(owner.take(chunks[22:])) == max(19 // 4, FEWEST)
    other.release()
    assert len(other.open(40)) == 41 - 16 - FEWEST


def test_only_the_worker_of_the_job_takes_what_killed_another(database: Database, job: Job) -> None:
    owner, other = (journal(database, job, worker) for worker in ("owner", "other"))
    chunks = planned(8)
    owner.offer(chunks)
    taken = other.take(other.open(2))
    other.record(taken[:1], [result()])
    release_lost(database, ["owner", "third"])
    third = journal(database, job, "third")
    assert not third.take(taken)
    assert not set(indices(third.open(99))) & set(indices(taken))
    assert owner.take(taken) == taken[1:], "the recorded one is not decoded again"


def test_results_made_without_enough_memory_are_discarded(database: Database, job: Job) -> None:
    owner, other = (journal(database, job, worker) for worker in ("owner", "other"))
    chunks = planned(8)
    owner.offer(chunks)
    for worker, part in ((owner, chunks[:2]), (other, chunks[2:4])):
        worker.record(worker.take(part), [result()] * 2)
    other.discard()
    assert set(database.results(job.id, job.run)) == {0, FIRST_INDEX}
    assert owner.take(chunks[2:4]) == chunks[2:4]


def test_an_ended_job_takes_nothing_more(database: Database, job: Job) -> None:
    owner, other = (journal(database, job, worker) for worker in ("owner", "other"))
    owner.offer(planned(4))
    taken = other.take(other.open(4))
    database.change(job.id, state=State.CANCELLED)
    database.remove_results(job.id, job.run)
    with pytest.raises(Cancelled):
        other.record(taken, [result()] * len(taken))
    owner.offer(planned(4))
    assert not Parts(database, job.id, job.run).taken()
    assert not database.results(job.id, job.run)


def test_idle_workers_find_the_longest_job_of_another(database: Database, job: Job) -> None:
    shorter = replace(job, id=str(uuid4()))
    database.add(shorter)
    for found, count in ((job, 60), (shorter, 50)):
        journal(database, found, "owner").offer(planned(count))
    assert longest(database, "other", []) == job.id
    assert longest(database, "other", [job.id]) == shorter.id
    assert longest(database, "owner", []) is None
    database.change(job.id, cancel=True)
    assert longest(database, "other", []) == shorter.id
    database.change(shorter.id, state=State.DONE)
