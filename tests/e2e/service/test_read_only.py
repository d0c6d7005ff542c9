"""Jobs, notices and requests while the database or the disk is read-only."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from support import postgres
from support.samples import SAMPLES, reference
from support.serving import (
    Receiver,
    Server,
    free_port,
    is_correct,
    running,
    submit,
    until,
    until_decoding,
)
from unispeech.server import settings
from unispeech.server.storage.database import Database

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs capabilities and chattr of Linux"),
]

ENGLISH = SAMPLES / "english.wav"
PAUSE = SAMPLES / "pause.wav"
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2
"""Linux capabilities to ignore file modes."""
PR_CAPBSET_DROP = 24
LIBC = ctypes.CDLL(None, use_errno=True)


def obey_file_modes() -> None:
    """Give up the right of root to ignore file modes. Runs in the child before it executes, where
    it must not load anything: a thread of the parent may have held a lock."""
    if os.geteuid() == 0:
        for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
            if LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "prctl")


def everything(folder: Path) -> list[Path]:
    return [folder, *folder.rglob("*")]


def set_modes(folder: Path, is_read_only: bool) -> None:
    """Change file modes, which stops what is opened from now on."""
    for path in everything(folder):
        full = 0o700 if path.is_dir() else 0o600
        path.chmod(full & 0o577 if is_read_only else full)


def set_immutable(folder: Path, is_read_only: bool) -> None:
    """Change the immutable attribute, which stops open files too, as a read-only mount does."""
    flag = "+i" if is_read_only else "-i"
    subprocess.run(["chattr", "-f", flag, *map(str, everything(folder))], check=is_read_only)


def has_immutable_files(folder: Path) -> bool:
    """Return whether files can be made immutable: by root, on most file systems."""
    if os.geteuid() or not shutil.which("chattr"):
        return False
    try:
        set_immutable(folder, True)
    except subprocess.CalledProcessError:
        return False
    finally:
        set_immutable(folder, False)
    return True


def in_parallel(work: Callable[[int], int]) -> set[int]:
    """Call `work` ten times at once, and return its results."""
    with ThreadPoolExecutor(10) as threads:
        return set(threads.map(work, range(10)))


def test_requests_wait_for_a_read_only_data_folder(tmp_path: Path) -> None:
    """Requests that read are answered meanwhile. Ten at once open new connections to the database,
    which must not stay read-only."""
    server = Server(tmp_path)
    server.before_exec = obey_file_modes
    server.start()
    data = tmp_path / "data"
    try:
        with server.client() as http:
            ended = submit(http, ENGLISH)
            assert is_correct(http, ended, reference("english"))
            upload = http.post("/api/uploads", headers={"Upload-Length": "1000"})
            chunk = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            job = submit(http, PAUSE, chunk_length="5", batch_size="1")
            until_decoding(http, job)
            set_modes(data, True)
            assert in_parallel(lambda _: http.get(f"/api/jobs/{ended}").status_code) == {200}
            assert http.get(f"/api/jobs/{ended}/transcript?format=txt").status_code == 200
            with ENGLISH.open("rb") as file:
                refused = [
                    http.post("/api/jobs", files={"file": file}),
                    http.post("/api/uploads", headers={"Upload-Length": "1000"}),
                    http.patch(upload.headers["location"], headers=chunk, content=b"x" * 500),
                ]
            for response in refused:
                assert response.status_code == 503 and response.headers["retry-after"]
                assert response.json()["error"]["code"] == "server_fault"
            set_modes(data, False)
            in_parallel(lambda _: http.post(f"/api/jobs/{ended}/shares", json={}).status_code)
            shares = in_parallel(
                lambda _: http.post(f"/api/jobs/{ended}/shares", json={}).status_code
            )
            assert shares == {201}
            appended = http.patch(upload.headers["location"], headers=chunk, content=b"x" * 500)
            assert appended.status_code == 204 and appended.headers["upload-offset"] == "500"
            assert is_correct(http, job, reference("pause"))
            assert is_correct(http, submit(http, ENGLISH), reference("english"))
    finally:
        set_modes(data, False)
        server.stop()
    assert "Traceback" not in server.log.read_text()


def test_jobs_and_notices_outlast_a_read_only_disk(tmp_path: Path) -> None:
    """The disk becomes read-only during the first attempt to send a notice, so that neither its
    failure nor the next attempt can be recorded. The system may end the process (SIGBUS) for
    SQLite's shared memory, which it then cannot write; so it may after the restart."""
    if not has_immutable_files(tmp_path):
        pytest.skip("this user or file system has no immutable files")
    data = tmp_path / "data"
    receiver = Receiver(failures=1, on_failure=lambda: set_immutable(data, True))
    server = Server(tmp_path, allowed_webhooks_file=receiver.allow(tmp_path), jobs_at_once=1)
    server.start()
    try:
        with server.client() as http:
            first = submit(http, ENGLISH, webhook_id="desk")
            second = submit(http, PAUSE, chunk_length="5", batch_size="1")
            receiver.wait(1)
            log = server.log
            until(lambda: server.has_ended or "not written" in log.read_text())
            set_immutable(data, False)
            if server.has_ended:
                assert server.stop() == -signal.SIGBUS
                server.start()
            receiver.wait(2, seconds=240)
            assert {body["job_id"] for body in receiver.bodies()} == {first}
            assert is_correct(http, first, reference("english"))
            assert is_correct(http, second, reference("pause"))
    finally:
        set_immutable(data, False)
        server.stop()
        receiver.close()
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
        until_decoding(http, job)
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


@pytest.mark.skipif(sys.platform != "linux", reason="drops a capability of Linux")
def test_a_read_only_data_folder_is_one_line_at_the_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    Database(f"sqlite:///{settings.read(data_dir=data).folder() / 'unispeech.sqlite'}").close()
    environment = {**os.environ, "UNISPEECH_DATA_DIR": str(data), "UNISPEECH_MODEL": "tiny.en"}
    files = [data, *data.rglob("*")]
    command = [sys.executable, "-m", "unispeech", "serve", "--port", str(free_port())]
    for read_only in (files, [path for path in files if path.suffix == ".sqlite"]):
        for path in read_only:
            path.chmod(0o500 if path.is_dir() else 0o400)
        done = subprocess.run(
            command, env=environment, preexec_fn=obey_file_modes, capture_output=True, text=True,
            timeout=120,
        )  # fmt: skip
        errors = [line for line in done.stderr.splitlines() if not line.startswith("{")]
        assert done.returncode in (1, 2) and len(errors) == 1, done.stderr
        assert str(data) in errors[0] and "UNISPEECH_DATA_DIR" in errors[0]
        assert "Traceback" not in done.stderr
        for path in files:
            path.chmod(0o700 if path.is_dir() else 0o600)
