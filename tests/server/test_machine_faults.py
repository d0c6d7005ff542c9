"""Jobs outlast faults of the machine: errors of disk and database, killed decoders and workers."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
import sqlalchemy as sa
from starlette.requests import HTTPConnection

from support.samples import SAMPLES, reference, words
from unispeech.errors import AudioError, BackendError, ModelDamaged
from unispeech.server import settings
from unispeech.server.http.error_responses import answer
from unispeech.server.jobs import runner as runner_module
from unispeech.server.jobs.lifecycle import Jobs
from unispeech.server.jobs.publication import Publication
from unispeech.server.jobs.runner import HandedBack, Runner
from unispeech.server.observe.logs import BURST, WINDOW, Repeats
from unispeech.server.speech.decoders import DecodeRange, DecoderDied, Decoders
from unispeech.server.speech.speech import Speech
from unispeech.server.storage.database import Database, Job, State
from unispeech.server.storage.machine_faults import machine_fault

ENGLISH = SAMPLES / "english.wav"
ERRNOS = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE, errno.EROFS]
FAULTS: list[Exception] = [
    *(OSError(number, os.strerror(number)) for number in (*ERRNOS, errno.ENOSPC)),
    MemoryError(),
    sa.exc.OperationalError("", {}, Exception("database is locked")),
    sa.exc.OperationalError("", {}, Exception("attempt to write a readonly database")),
]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    folder = tmp_path_factory.mktemp("faults")
    speech = Speech(settings.read(data_dir=folder, model="tiny.en", decoders=1))
    database = Database(f"sqlite:///{folder / 'jobs.sqlite'}")
    yield Runner(Jobs(database, folder / "jobs", 1000), speech, retry_interval=0.01)
    speech.close()
    database.close()


def accept(runner: Runner, source: Path = ENGLISH) -> Job:
    id, files = runner.jobs.new_folder()
    files.upload.write_bytes(source.read_bytes())
    return runner.jobs.accept(
        Job(id=id, owner="", dialect="native", filename=source.name, backend="faster",
            model="tiny.en", options={"chunk_length": 5.0, "batch_size": 1})
    )  # fmt: skip


def state(runner: Runner, job: Job) -> tuple[State, str | None]:
    stored = runner.database.job(job.id)
    assert stored is not None
    return stored.state, stored.error


def failing(work: Callable[..., Any], faults: list[Exception]) -> Callable[..., Any]:
    """`work`, raising the faults one by one before it succeeds."""

    def call(*arguments: Any, **named: Any) -> Any:
        if faults:
            raise faults.pop()
        return work(*arguments, **named)

    return call


@pytest.mark.parametrize("number", ERRNOS)
def test_faults_of_the_machine_are_told_from_those_of_files(number: int) -> None:
    fault = OSError(number, os.strerror(number))
    assert machine_fault(fault)
    wrapped = AudioError("a.wav: cannot be read")
    wrapped.__cause__ = fault
    assert machine_fault(wrapped)
    assert machine_fault(av.error.FFmpegError(number, os.strerror(number))) is None
    assert machine_fault(OSError(errno.ENOENT, "no such file")) is None


@pytest.mark.parametrize(
    ("error", "is_fault"),
    [
        (ModelDamaged("faster cannot read the model: mkl_malloc: failed to allocate memory"), True),
        (BackendError("faster: node.cpp:823: [CPU] node 'Add_112' can't allocate memory"), True),
        (RuntimeError("std::bad_alloc"), True),
        (ImportError("stream.abi3.so: failed to map segment from shared object"), True),
        (ImportError("no module named 'av'"), False),
        (
            RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"),
            True,
        ),
        (RuntimeError("CUDA failed with error: cannot allocate memory"), False),
        (AudioError("cannot allocate.wav: not audio that can be read"), False),
        (BackendError("faster: the shape is wrong"), False),
    ],
)
def test_libraries_without_memory_are_the_fault_of_the_machine(
    error: Exception, is_fault: bool
) -> None:
    assert (machine_fault(error) == "out of memory") is is_fault


@pytest.mark.parametrize("number", [*ERRNOS, errno.EACCES, errno.EPERM])
def test_requests_that_meet_a_fault_of_the_machine_are_told_to_wait(number: int) -> None:
    request = HTTPConnection({"type": "http", "path": "/api/jobs", "headers": []})
    response = answer(request, OSError(number, os.strerror(number)))
    assert response.status_code == 503 and response.headers["retry-after"]
    assert json.loads(bytes(response.body))["error"]["code"] == "server_fault"


def test_connections_that_cannot_write_are_replaced(tmp_path: Path) -> None:
    """SQLite keeps a connection read-only that it opened while the file was."""
    database = Database(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(sa.exc.OperationalError) as error:
        database.remove_events("a")
    assert "readonly database" in str(error.value) and error.value.connection_invalidated
    database.remove_events("a")
    database.close()


def test_a_job_waits_while_the_machine_is_at_fault(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoders = runner.speech.decoders
    faults = list(FAULTS)
    monkeypatch.setattr(decoders, "decode", failing(decoders.decode, faults))
    job = accept(runner)
    runner.run(job.id, "worker")
    assert state(runner, job) == (State.DONE, None) and not faults


@pytest.mark.parametrize("runs", [2, pytest.param(100, marks=pytest.mark.soak)])
def test_jobs_outlast_faults_at_random_calls(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, runs: int
) -> None:
    dice = random.Random(runs)

    def unreliable(work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if dice.random() < 0.1:
                raise dice.choice(FAULTS)
            return work(*arguments, **named)

        return call

    jobs = [accept(runner) for _ in range(runs)]
    names = ("job", "change", "add_event", "events", "results", "save_results", "remove_results")
    for name in names:
        monkeypatch.setattr(runner.database, name, unreliable(getattr(runner.database, name)))
    for owner, name in (
        (runner.speech.decoders, "decode"),
        (runner.jobs.revisions, "finish"),
        (Publication, "_write"),
    ):
        monkeypatch.setattr(owner, name, unreliable(getattr(owner, name)))
    for job in jobs:
        runner.run(job.id, "worker")
    monkeypatch.undo()
    for job in jobs:
        assert state(runner, job) == (State.DONE, None)
        transcript = runner.jobs.revisions.transcript(job.id, 1)
        assert transcript is not None and words(transcript.text) == words(reference("english"))
        published = runner.database.events(job.id, kind="segment")
        assert [event.body["text"] for event in published] == [s.text for s in transcript.segments]


def test_chunks_decoded_while_memory_ran_out_are_decoded_again(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcribe, recorded = runner.speech.transcribe, []

    def without_memory(*arguments: Any) -> Any:
        recorded.append(runner.database.count_results(job.id, 0))
        transcript = transcribe(*arguments)
        if len(recorded) == 1:
            assert runner.database.count_results(job.id, 0)
            raise MemoryError
        return transcript

    monkeypatch.setattr(runner.speech, "transcribe", without_memory)
    job = accept(runner)
    runner.run(job.id, "worker")
    assert state(runner, job) == (State.DONE, None) and recorded == [0, 0]


def test_a_job_fails_with_the_reason_when_the_fault_stays(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "FAULTS", 3)
    fault = OSError(errno.EIO, os.strerror(errno.EIO))
    monkeypatch.setattr(runner.speech.decoders, "decode", failing(print, [fault] * 10))
    job = accept(runner)
    runner.run(job.id, "worker")
    ended, error = state(runner, job)
    assert ended is State.FAILED and "the disk reports an error" in str(error)


def test_a_file_that_always_kills_the_decoder_fails(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths: list[Exception] = [DecoderDied("a.wav: the decoder crashed") for _ in range(100)]
    monkeypatch.setattr(runner.speech.decoders, "decode", failing(print, deaths))
    job = accept(runner)
    runner.run(job.id, "worker")
    assert state(runner, job)[0] is State.FAILED and len(deaths) == 100 - runner_module.DEATHS


@pytest.mark.parametrize(
    "change", [{"state": State.DONE, "ended": 1.0}, {"run": 1, "worker": "other"}]
)
def test_an_error_says_nothing_once_another_worker_has_the_job(
    runner: Runner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, Any],
) -> None:
    def superseded(*_: object) -> None:
        runner.database.change(job.id, **change)
        raise BackendError("the sound is missing")

    monkeypatch.setattr(runner.speech.decoders, "decode", superseded)
    job = accept(runner)
    runner.run(job.id, "worker")
    assert state(runner, job) == (change.get("state", State.RUNNING), None)
    events = [event.body for event in runner.database.events(job.id)]
    assert events == [{"state": "queued"}, {"state": "running"}]
    assert "another worker has ended the job" in caplog.text


def test_no_job_fails_while_the_process_stops(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        runner.stopping.set()
        raise BackendError("the engine is closed")

    monkeypatch.setattr(runner.speech.decoders, "decode", stopped)
    job = accept(runner)
    try:
        with pytest.raises(HandedBack):
            runner.run(job.id, "worker")
        assert state(runner, job) == (State.RUNNING, None)
    finally:
        runner.stopping.clear()
    monkeypatch.undo()
    runner.run(job.id, "worker")
    assert state(runner, job) == (State.DONE, None)


@pytest.mark.parametrize("kills", [2, pytest.param(30, marks=pytest.mark.soak)])
def test_jobs_outlast_killed_decoders(runner: Runner, tmp_path: Path, kills: int) -> None:
    """Processes are killed while they decode and while they are idle."""
    decoders = runner.speech.decoders
    long = tmp_path / "long.flac"
    soundfile.write(long, np.zeros(44_100 * 600, np.int16), 44_100)  # about a second of decoding
    for kill in range(kills):
        job = accept(runner, long)
        thread = threading.Thread(target=runner.run, args=(job.id, "worker"))
        if kill % 2:
            thread.start()
            time.sleep(0.3)
        for pid in decoders.processes():
            os.kill(pid, signal.SIGKILL)
        if not kill % 2:
            time.sleep(1.0)  # two looks of the pool at its processes
            thread.start()
        thread.join(600)  # without end if a job hangs
        assert not thread.is_alive() and state(runner, job) == (State.DONE, None)


def test_a_task_that_a_failing_pool_forgets_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool that fails between its check and the scheduling never completes the task."""
    decoders = Decoders(1, 1 << 30, timeout=60)
    try:
        decoders.decode(ENGLISH, tmp_path / "a.wav", "a", DecodeRange())
        (pid,) = decoders.processes()
        os.kill(pid, signal.SIGKILL)
        while decoders._pool.active:
            time.sleep(0.1)
        monkeypatch.setattr(decoders._pool, "_check_pool_status", lambda: None)
        with pytest.raises(DecoderDied):
            decoders.decode(ENGLISH, tmp_path / "a.wav", "a", DecodeRange())
        with pytest.raises(DecoderDied):
            asyncio.run(decoders.decode_async(ENGLISH, tmp_path / "a.wav", "a", DecodeRange()))
        monkeypatch.undo()
        assert decoders.decode(ENGLISH, tmp_path / "a.wav", "a", DecodeRange()).duration > 1
    finally:
        decoders.close()


def test_decoders_ignore_signals_to_the_process_group(tmp_path: Path) -> None:
    decoders = Decoders(1, 1 << 30, timeout=60)
    try:
        first = decoders.decode(ENGLISH, tmp_path / "a.wav", "a", DecodeRange())
        (pid,) = decoders.processes()
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        again = decoders.decode(ENGLISH, tmp_path / "b.wav", "a", DecodeRange())
        assert again.duration == first.duration and decoders.processes() == [pid]
    finally:
        decoders.close()


def test_a_starting_decoder_survives_ctrl_c() -> None:
    """In a new process, as the first start of a child process there changes the signal mask."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_START], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")


INTERRUPTED_START = """
import os, signal
from unispeech.server.speech.decoders import Decoders

decoders = Decoders(1, 1 << 30, timeout=60)
decoders.start()
(pid,) = decoders.processes()
os.kill(pid, signal.SIGINT)
decoders._schedule(str)[0].result()
assert decoders.processes() == [pid]
decoders.close()
"""


def test_repeated_warnings_of_libraries_are_dropped_and_counted() -> None:
    now = [0.0]
    repeats = Repeats(lambda: now[0])

    def logged(name: str) -> int:
        record = logging.LogRecord(name, logging.ERROR, "", 1, "accept: out of files", (), None)
        passed = repeats.filter(record)
        assert not passed or getattr(record, "dropped", 0) in (0, 1000 - BURST)
        return passed + getattr(record, "dropped", 0)

    assert sum(logged("asyncio") for _ in range(1000)) == BURST
    assert sum(logged("unispeech.server") for _ in range(1000)) == 1000
    now[0] = WINDOW + 1
    assert logged("asyncio") == 1 + 1000 - BURST


def test_decoders_print_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    decoders = Decoders(1, 1 << 30, timeout=60)
    try:
        decoders._schedule(os.write, 2, b"from a library")[0].result(60)
        decoders._schedule(os.write, 1, b"from a library")[0].result(60)
    finally:
        decoders.close()
    assert capfd.readouterr() == ("", "")
