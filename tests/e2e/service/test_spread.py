"""Long jobs that several workers decode together (decision 0119)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import sqlalchemy as sa

from support import postgres
from support.samples import SAMPLES
from support.serving import Server, running, submit, until, until_ended
from unispeech.audio.pcm import WavWriter
from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.server.storage.connection import create_engine
from unispeech.server.storage.tables import chunks, parts
from unispeech.stages.seams import FIRST_INDEX

pytestmark = [pytest.mark.slow, postgres.NEEDED]

OPTIONS: dict[str, Any] = {
    "language": "en", "chunk_length": 5.0, "batch_size": 4, "word_timestamps": True, "vad": False,
}  # fmt: skip
"""Many small chunks. Without the detector every cut is a seam."""


class Shared:
    """A server that runs no jobs, and two workers."""

    def __init__(self, server: Server, http: httpx.Client, workers: list[Server], url: str) -> None:
        self.server, self.http, self.workers = server, http, workers
        self.database = create_engine(url)

    def submit(self, recording: Path) -> str:
        fields = {name: json.dumps(v) if v is True or v is False else str(v)
                  for name, v in OPTIONS.items()}  # fmt: skip
        return submit(self.http, recording, **fields)

    def lines(self, worker: Server, job: str, message: str) -> list[dict[str, Any]]:
        """The log lines of a worker about a job."""
        lines = [json.loads(x) for x in worker.log.read_text().splitlines() if x.startswith("{")]
        return [x for x in lines if x.get("job") == job and x["message"] == message]

    def numbers(self, worker: Server, job: str, message: str = "recorded") -> set[int]:
        return {line["chunk"] for line in self.lines(worker, job, message)}

    def roles(self, job: str) -> tuple[Server, Server]:
        """The worker that runs a job and the one that assists, once both have recorded chunks."""
        until(lambda: all(self.numbers(worker, job) for worker in self.workers))
        runs = [bool(self.lines(worker, job, "job started")) for worker in self.workers]
        return self.workers[runs.index(True)], self.workers[runs.index(False)]

    def rows(self, job: str) -> int:
        """Rows of the journal and of planned chunks."""
        with self.database.connect() as c:
            count = sa.func.count()
            queries = (sa.select(count).where(table.c.job == job) for table in (chunks, parts))
            return sum(c.scalar(query) or 0 for query in queries)

    def transcript(self, job: str) -> dict[str, Any]:
        assert until_ended(self.http, job, 300)["state"] == "done"
        found: dict[str, Any] = self.http.get(f"/api/jobs/{job}/transcript?format=json").json()
        return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("spread")
    with postgres.postgres(folder) as database:
        common: dict[str, Any] = {
            "database_url": database.url, "compute_type": "float32", "log_level": "debug",
            "spread_minutes": 0.5,
        }  # fmt: skip
        with running(folder, jobs_at_once=0, **common) as server, server.client() as http:
            workers = [Server(folder, command="worker", **common).start() for _ in range(2)]
            shared = Shared(server, http, workers, database.url)
            try:
                yield shared
            finally:
                for worker in workers:
                    worker.stop()
                shared.database.dispose()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 seconds in which no two chunks are alike."""
    chance = random.Random(5)
    pieces = [load(SAMPLES / f"{name}.wav") for name in ("english", "pause")]
    sound = np.concatenate([chance.choice(pieces)[chance.randint(0, 9000) :] for _ in range(12)])
    path = tmp_path_factory.mktemp("long") / "spread.wav"
    with WavWriter(path) as file:
        file.write(sound[: 36 * 16_000])
    return path


@pytest.fixture(scope="module")
def alone(recording: Path, engine: Callable[..., Engine]) -> dict[str, Any]:
    """The transcript that one process makes."""
    model = engine(compute_type="float32", threads=1)
    made: dict[str, Any] = json.loads(model.transcribe(recording, **OPTIONS).to("json"))
    return made


def check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Order, text and times are the same; probabilities are rounded differently in each batch."""
    for name in ("text", "gaps", "language", "duration"):
        assert found.get(name) == expected.get(name), name
    times = [
        [
            (timed["start"], timed["end"], timed.get("text", timed.get("word")))
            for segment in transcript["segments"]
            for timed in (segment, *segment["words"])
        ]
        for transcript in (found, expected)
    ]
    assert times[0] == times[1]


def test_two_workers_write_what_one_writes(
    shared: Shared, recording: Path, alone: dict[str, Any]
) -> None:
    job = shared.submit(recording)
    found = shared.transcript(job)
    check(found, alone)
    first, second = (shared.numbers(worker, job) for worker in shared.workers)
    assert first and second and not first & second
    assert {n for n in first | second if n >= FIRST_INDEX}, "seams are steps of their own"
    assert shared.rows(job) == 0


@pytest.mark.parametrize("victim", [0, 1], ids=["the-one-that-runs-it", "the-one-that-assists"])
def test_a_killed_worker_changes_nothing(
    shared: Shared, recording: Path, alone: dict[str, Any], victim: int
) -> None:
    job = shared.submit(recording)
    killed = shared.roles(job)[victim]
    killed.kill()
    try:
        found = shared.transcript(job)
        check(found, alone)
        decoded = [n for w in shared.workers for n in shared.numbers(w, job, "decoding")]
        again = shared.numbers(killed, job, "decoding") - shared.numbers(killed, job)
        assert len(again) <= OPTIONS["batch_size"], "more than a batch was lost"
        assert len(decoded) <= len(set(decoded)) + len(again)
    finally:
        killed.start()


def test_cancelling_reaches_both_workers(shared: Shared, recording: Path) -> None:
    job = shared.submit(recording)
    shared.roles(job)
    shared.http.post(f"/api/jobs/{job}/cancel").raise_for_status()
    assert until_ended(shared.http, job)["state"] == "cancelled"
    until(lambda: shared.rows(job) == 0)
