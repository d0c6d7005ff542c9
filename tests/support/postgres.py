"""A private PostgreSQL server, and a pooler before it, for tests and benchmarks."""

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
from urllib.parse import urlsplit

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
        with (self._place / "log").open("a") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        wait(self._process, self.url, self._place / "log")

    def stop(self) -> None:
        """Stop the server at once, and cut off its clients."""
        pid = int((self._place / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGINT)
        self._process.wait(30)


def wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until a server takes connections."""
    import psycopg

    while process.poll() is None:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise RuntimeError(log.read_text())


@contextmanager
def pooled(server: Postgres, folder: Path) -> Iterator[str]:
    """URL of the server through PgBouncer in transaction mode."""
    port = free_port()
    place = folder / "pgbouncer"
    place.mkdir()
    config = place / "pgbouncer.ini"
    parts = urlsplit(server.url)
    config.write_text(
        f"[databases]\npostgres = host=127.0.0.1 port={parts.port} user=unispeech\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\n"
        "pool_mode = transaction\nmax_client_conn = 200\ndefault_pool_size = 5\nunix_socket_dir =\n"
    )
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "PgBouncer is not installed"
    with (place / "log").open("a") as log:
        process = subprocess.Popen([*user, program, "-q", str(config)], stdout=log, stderr=log)
    try:
        url = f"postgresql://unispeech@127.0.0.1:{port}/postgres"
        wait(process, url, place / "log")
        yield url
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    server = Postgres(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
