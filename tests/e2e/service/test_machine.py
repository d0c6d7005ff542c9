"""Jobs outlast what the machine does to the service: signals to its group, jumps of the clock, too
little memory, a locked database. `test_read_only.py` has read-only databases and disks."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from support.samples import SAMPLES, reference
from support.serving import (
    Receiver,
    Server,
    is_correct,
    running,
    submit,
    until,
    until_decoding,
    until_ended,
)

if sys.platform != "win32":
    import resource

pytestmark = pytest.mark.slow

ENGLISH = SAMPLES / "english.wav"
PAUSE = SAMPLES / "pause.wav"
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
SHIM = Path(__file__).parents[2] / "support" / "faketime"
YEAR = 365 * 86_400


def until_started(server: Server, before: int) -> None:
    """Wait until another job has started."""
    until(lambda: server.log.read_text().count("job started") > before)


def until_status(http: httpx.Client, path: str, status: int) -> None:
    until(lambda: http.get(path).status_code == status)


def slow_file(folder: Path) -> Path:
    """Write a file that takes a second to decode: ten minutes of silence after the words."""
    samples, rate = soundfile.read(ENGLISH, dtype="int16")
    path = folder / "slow.flac"
    soundfile.write(path, np.concatenate([samples, np.zeros(rate * 600, np.int16)]), rate)
    return path


@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX")
@pytest.mark.parametrize("stops", [1, pytest.param(20, marks=pytest.mark.soak)])
def test_a_job_outlasts_sigterm_to_the_process_group(tmp_path: Path, stops: int) -> None:
    """systemd sends it to all processes of a service, the decoders included."""
    server = Server(tmp_path, has_group=True, jobs_at_once=1).start()
    try:
        slow, short = [], []
        for stop in range(stops):
            with server.client() as http:  # more work, as earlier jobs may have ended
                slow.append(submit(http, slow_file(tmp_path)))
                short.append(submit(http, PAUSE, chunk_length="5", batch_size="1"))
            until_started(server, before=server.log.read_text().count("job started") if stop else 0)
            time.sleep(0.3 + 0.2 * (stop % 8))  # the decoding takes a second
            server.signal_group(signal.SIGTERM)
            assert server.process is not None and server.process.wait(90) in (0, -signal.SIGTERM)
            server.start()
        with server.client() as http:
            assert all(is_correct(http, job, reference("english")) for job in slow)
            assert all(is_correct(http, job, reference("pause")) for job in short)
    finally:
        server.stop()
    log = server.log.read_text()
    assert "died" not in log and "crashed" not in log and "Traceback" not in log


class Clock:
    """Wall clock of a server under libfaketime, which can jump. Its monotonic clock is real."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.jump(0)

    def jump(self, seconds: int) -> None:
        """Set the difference to the real time."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.rename(self._file)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(FAKETIME),
            "PYTHONPATH": os.pathsep.join([str(SHIM), os.environ.get("PYTHONPATH", "")]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
@pytest.mark.parametrize("jumps", [2, pytest.param(40, marks=pytest.mark.soak)])
def test_jobs_outlast_jumps_of_the_clock(tmp_path: Path, jumps: int) -> None:
    """The clock jumps by a year, forwards and backwards, while jobs run and notices are tried
    again."""
    receiver, clock = Receiver(failures=2), Clock(tmp_path)
    hooks = receiver.allow(tmp_path)
    server = Server(tmp_path, jobs_at_once=1, allowed_webhooks_file=hooks, retention_days=1)
    server.environment |= clock.environment
    server.start()
    try:
        with server.client() as http:
            old = submit(http, ENGLISH)
            assert is_correct(http, old, reference("english"))
            ticket = http.post(f"/api/jobs/{old}/ticket").json()["token"]
            shared = f"/api/shared/{ticket}/transcript?format=txt"
            jobs = [
                submit(http, PAUSE, webhook_id="desk", chunk_length="5", batch_size="1")
                for _ in range(jumps)
            ]
            for number, job in enumerate(jobs):
                is_ahead = number % 2 == 0
                until_decoding(http, job)
                clock.jump(YEAR if is_ahead else 0)
                assert is_correct(http, job, reference("pause"))
                until_status(http, shared, 404 if is_ahead else 200)  # the ticket's 12 h are over
            # The second attempt of a notice is due in a year; the first search finds it.
            server.kill()
            server.start()
            receiver.wait(jumps + 2)
            arrived = {body["job_id"] for body in receiver.bodies()}
            assert arrived == set(jobs) and len(receiver.arrived) == jumps + 2
            # A sweep at the start: a year later, jobs that have ended are expired.
            waiting = submit(http, PAUSE)
            clock.jump(YEAR)
            server.kill()
            server.start()
            assert is_correct(http, waiting, reference("pause"))
            until_status(http, f"/api/jobs/{old}", 404)
    finally:
        server.stop()
        receiver.close()
    assert "Traceback" not in server.log.read_text()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the write locks of both SQLite databases, as a backup or another program may."""
    with ExitStack() as stack:
        for name in ("unispeech", "workflows"):
            database = sqlite3.connect(folder / f"{name}.sqlite", timeout=30, isolation_level=None)
            stack.callback(database.close)
            database.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("seconds", [2, pytest.param(45, marks=pytest.mark.soak)])
def test_jobs_wait_for_a_locked_database(tmp_path: Path, seconds: float) -> None:
    """Requests that read are answered meanwhile; those that write wait, up to 30 seconds."""
    with running(tmp_path) as server, server.client() as http:
        job = submit(http, PAUSE, chunk_length="5", batch_size="1")
        until_decoding(http, job)
        with ThreadPoolExecutor() as threads, locked(tmp_path / "data"):
            writing = threads.submit(http.post, f"/api/jobs/{job}/shares", json={})
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                assert http.get(f"/api/jobs/{job}").status_code == 200
                assert http.get("/readyz").status_code == 200
                time.sleep(0.2)
            if seconds > 30:  # the wait for the lock
                refused = writing.result()
                assert refused.status_code == 503 and refused.headers["retry-after"]
                assert refused.json()["error"]["code"] == "database_unavailable"
        if seconds < 30:
            assert writing.result().status_code == 201
        assert is_correct(http, job, reference("pause"))
    assert "Traceback" not in server.log.read_text()


def limit_memory(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS limits nothing elsewhere")
def test_a_worker_without_memory_costs_no_more_than_its_jobs(tmp_path: Path) -> None:
    """Its jobs wait, or fail in one line, depending on which library gets no memory (decision
    0075). The server and the other workers live."""
    with running(tmp_path, jobs_at_once=0) as server, server.client() as http:
        jobs = [submit(http, PAUSE) for _ in range(2)]
        poor = Server(tmp_path, command="worker")
        poor.before_exec = partial(limit_memory, 1 << 30)
        poor.start()
        until(lambda: "job started" in poor.log.read_text() or poor.has_ended)
        time.sleep(5)
        poor.kill()
        assert http.get("/readyz").status_code == 200
        rich = Server(tmp_path, command="worker").start()
        try:
            for job in jobs:
                ended = until_ended(http, job)
                assert ended["state"] == "done" or len(ended["error"].splitlines()) == 1
            assert is_correct(http, submit(http, ENGLISH), reference("english"))
        finally:
            rich.stop()
        assert "Traceback" not in server.log.read_text() + rich.log.read_text()


def test_decoders_live_within_the_limit_of_their_parent(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from unispeech.server.speech.decoders import DecodeRange, Decoders\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "decoders = Decoders(1, 2 << 30, 60)\n"
        "source, target = map(Path, sys.argv[1:])\n"
        "print(decoders.decode(source, target, 'a', DecodeRange()).duration)\n"
        "decoders.close()\n"
    )
    arguments = [sys.executable, "-c", code, str(ENGLISH), str(tmp_path / "a.wav")]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and float(done.stdout) > 1, done.stderr
