"""Jobs outlast what the machine does to the service: signals to its group, jumps of the clock, too
little memory, a database that is locked or read-only."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import numpy as np
import psycopg
import pytest
import soundfile

from support import postgres
from support.samples import SAMPLES, reference, words
from support.serving import Receiver, Server, running, submit, until_ended

pytestmark = pytest.mark.slow

ENGLISH = SAMPLES / "english.wav"
PAUSE = SAMPLES / "pause.wav"
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
SHIM = Path(__file__).parents[2] / "support" / "faketime"
YEAR = 365 * 86_400


def until(condition: Callable[[], object], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_correct(http: httpx.Client, job: str, text: str) -> bool:
    ended = until_ended(http, job)
    assert ended["state"] == "done", ended
    found = http.get(f"/api/jobs/{job}/transcript?format=txt").text
    return words(found) == words(text)


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
        with server.client() as http:
            slow = submit(http, slow_file(tmp_path))
            short = submit(http, PAUSE, chunk_length="5", batch_size="1")
        for stop in range(stops):
            before = server.log.read_text().count("job started") if stop else 0
            until(lambda before=before: server.log.read_text().count("job started") > before)
            time.sleep(0.3 + 0.2 * (stop % 8))  # the decoding takes a second
            server.signal_group(signal.SIGTERM)
            assert server.process is not None and server.process.wait(90) in (0, -signal.SIGTERM)
            server.start()
        with server.client() as http:
            assert is_correct(http, slow, reference("english"))
            assert is_correct(http, short, reference("pause"))
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
                until(lambda job=job: http.get(f"/api/jobs/{job}").json()["done"])
                clock.jump(YEAR if is_ahead else 0)
                assert is_correct(http, job, reference("pause"))
                expected = 404 if is_ahead else 200  # the ticket's twelve hours are over
                until(lambda status=expected: http.get(shared).status_code == status)
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
            until(lambda: http.get(f"/api/jobs/{old}").status_code == 404)
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
        until(lambda: http.get(f"/api/jobs/{job}").json()["done"])
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


@postgres.NEEDED
def test_jobs_wait_for_a_read_only_database(tmp_path: Path) -> None:
    """As after a failover, when the address leads to a standby for a while."""
    with (
        postgres.postgres(tmp_path) as database,
        running(tmp_path, database_url=database.url) as server,
        server.client() as http,
    ):
        job = submit(http, PAUSE, chunk_length="5", batch_size="1")
        until(lambda: http.get(f"/api/jobs/{job}").json()["done"])
        with closing(psycopg.connect(database.url, autocommit=True)) as operator:
            set_read_only = "ALTER SYSTEM SET default_transaction_read_only = {}"
            for is_read_only in ("on", "off"):
                operator.execute("SET default_transaction_read_only = off")
                operator.execute(set_read_only.format(is_read_only))
                operator.execute("SELECT pg_reload_conf()")
                if is_read_only == "on":
                    until(lambda: "the job waits" in server.log.read_text())
                    with SAMPLES.joinpath("english.wav").open("rb") as file:
                        refused = http.post("/api/jobs", files={"file": file})
                    assert refused.status_code == 503 and refused.headers["retry-after"]
                    assert refused.json()["error"]["code"] == "database_unavailable"
                    assert http.get(f"/api/jobs/{job}").json()["state"] == "running"
        assert is_correct(http, job, reference("pause"))
        assert is_correct(http, submit(http, ENGLISH), reference("english"))
    assert "Traceback" not in server.log.read_text()
