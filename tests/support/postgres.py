"""A private PostgreSQL server, for tests and benchmarks."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.serving import free_port

HAS_POSTGRES = bool(shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin")))
NEEDED = pytest.mark.skipif(
    not HAS_POSTGRES and "UNISPEECH_REQUIRE_ALL" not in os.environ,
    reason="PostgreSQL is not installed",
)


class Postgres:
    """PostgreSQL server in a folder, which can be stopped and restarted."""

    def __init__(self, folder: Path) -> None:
        initdb = shutil.which("initdb") or next(
            (str(p) for p in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None
        )
        assert initdb, "PostgreSQL is not installed"
        self._place, port = folder / "postgres", free_port()
        self._place.mkdir()
        user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            owner = pwd.getpwnam("postgres")
            os.chown(self._place, owner.pw_uid, owner.pw_gid)
            for parent in self._place.parents:
                if parent.stat().st_uid == 0 and parent != Path("/") and parent != Path("/tmp"):
                    parent.chmod(parent.stat().st_mode | 0o055)
            user = ["runuser", "-u", "postgres", "--"]
        data = str(self._place / "data")
        subprocess.run(
            [*user, initdb, "-D", data, "-A", "trust", "-U", "unispeech", "-N"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        self._command = [
            *user, str(Path(initdb).parent / "postgres"), "-D", data, "-p", str(port),
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._place}",
            "-c", "max_connections=200",
        ]  # fmt: skip
        self.url = f"postgresql://unispeech@127.0.0.1:{port}/postgres"

    def start(self) -> None:
        import psycopg

        with (self._place / "log").open("a") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        while self._process.poll() is None:
            try:
                psycopg.connect(self.url).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise RuntimeError((self._place / "log").read_text())

    def stop(self) -> None:
        """Stop the server at once, and cut off its clients."""
        pid = int((self._place / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGINT)
        self._process.wait(30)


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    server = Postgres(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
