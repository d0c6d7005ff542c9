"""Accepted jobs survive the loss of the database, of disk space and of the process.

`test_under_load.py` kills at random moments; here one failure happens at a time.
"""

from __future__ import annotations

import signal
import time
import wave
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from support import postgres
from support.samples import SAMPLES, reference, words
from support.serving import Receiver, Server, running, submit, until_ended

ENGLISH = SAMPLES / "english.wav"
PAUSE = SAMPLES / "pause.wav"


def until(condition: Callable[[], object], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_correct(http: httpx.Client, job: str, times: int = 1) -> bool:
    """Wait for the job, and compare its text with that of the sample, repeated `times`."""
    ended = until_ended(http, job)
    assert ended["state"] == "done", ended
    text = http.get(f"/api/jobs/{job}/transcript?format=txt").text
    return words(text) == words(reference("pause")) * times


def repeated(path: Path, times: int) -> Path:
    """Write the sample `times` times in a row."""
    with wave.open(str(PAUSE)) as source, wave.open(str(path), "wb") as file:
        file.setparams(source.getparams())
        file.writeframes(source.readframes(source.getnframes()) * times)
    return path


@pytest.mark.slow
@postgres.NEEDED
def test_jobs_wait_for_an_unreachable_database_and_none_is_lost(tmp_path: Path) -> None:
    receiver = Receiver()
    hooks = receiver.allow(tmp_path)
    with (
        postgres.postgres(tmp_path) as database,
        running(tmp_path, database_url=database.url, allowed_webhooks_file=hooks) as server,
        server.client() as http,
    ):
        jobs = [
            submit(http, PAUSE, webhook_id="desk", chunk_length="5", batch_size="1")
            for _ in range(3)
        ]
        until(lambda: any(http.get(f"/api/jobs/{job}").json()["done"] for job in jobs))
        database.stop()
        away = http.get("/api/jobs")
        assert away.status_code == 503 and away.headers["retry-after"]
        assert away.json()["error"]["code"] == "database_unavailable"
        assert http.get("/readyz").status_code == 503 and http.get("/healthz").status_code == 200
        assert "unispeech_jobs_queued NaN" in http.get("/metrics").text
        until(lambda: "the job waits" in server.log.read_text())
        database.start()
        assert all(is_correct(http, job) for job in jobs)
        receiver.wait(3)
        assert {body["job_id"] for body in receiver.bodies()} == set(jobs)
        assert "Traceback" not in server.log.read_text()
    receiver.close()


@pytest.mark.slow
def test_a_job_waits_while_the_disk_is_full(tmp_path: Path) -> None:
    """The job's WAV is a link to a device that is always full."""
    with running(tmp_path, jobs_at_once=0) as server, server.client() as http:
        job = submit(http, PAUSE)
        (tmp_path / "data" / "jobs" / job / "sound-0.wav").symlink_to("/dev/full")
        worker = Server(tmp_path, command="worker").start()
        try:
            assert is_correct(http, job)
        finally:
            worker.stop()
        log = worker.log.read_text()
        assert "the job waits: the disk is full" in log and "Traceback" not in log


@pytest.mark.slow
def test_a_server_stopped_while_working_resumes_after_the_restart(tmp_path: Path) -> None:
    options = {"chunk_length": "5", "batch_size": "1"}
    with running(tmp_path, jobs_at_once=1, log_level="debug") as server, server.client() as http:
        long = submit(http, repeated(tmp_path / "long.wav", 6), **options)
        short = submit(http, PAUSE)
        until(lambda: "recorded" in server.log.read_text())
        with http.stream("GET", "/api/events") as events:
            lines = events.iter_lines()
            assert next(lines) == "event: jobs"
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            for _ in lines:
                pass  # the stream ends
        server.process.wait(60)
        log = server.log.read_text()
        assert "job handed back" in log and "Traceback" not in log
        assert "Cancel" not in log  # no request was cut off
        server.start()
        assert is_correct(http, long, 6) and is_correct(http, short)
        log = server.log.read_text().partition("job handed back")[2]
        assert '"resumed": true' in log


@pytest.mark.slow
def test_two_servers_share_a_folder(tmp_path: Path) -> None:
    """One of them takes over the jobs of the other when it dies."""
    with running(tmp_path) as stays, stays.client() as http, running(tmp_path) as dies:
        with dies.client() as other:
            jobs = [submit(client, PAUSE, chunk_length="5") for client in (http, other) * 3]
        until(lambda: "job started" in dies.log.read_text())
        dies.kill()
        assert all(is_correct(http, job) for job in jobs)
        both = stays.log.read_text() + dies.log.read_text()
        assert "Traceback" not in both
