"""Heartbeats of the service's processes in the database, and the detection of dead ones.

Clocks of different machines are not compared: a beat only counts as changed or unchanged since the
last look. How long it has been unchanged is measured with the local monotonic clock.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import sqlalchemy as sa

from unispeech.server.storage.connection import UNAVAILABLE, error_line
from unispeech.server.storage.database import Database
from unispeech.server.storage.tables import workers

log = logging.getLogger("unispeech.server")

INTERVAL = 5.0
"""Seconds between two beats."""
TIMEOUT = 20.0
"""Seconds without a beat after which a process counts as dead."""


class Heartbeat:
    """This process's heartbeat, and its view of the others'."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self.id = f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._database = database
        self._clock = clock
        self._host = host_id()
        self._seen: dict[str, tuple[float, float]] = {}
        self._last_check = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="unispeech-beat", daemon=True)

    def start(self) -> None:
        self._write()
        self._thread.start()

    def stop(self) -> None:
        """Stop beating, and free this process's jobs for the others."""
        self._stop.set()
        self._thread.join(timeout=30)
        with contextlib.suppress(*UNAVAILABLE):  # the others detect the missing beats
            self.forget([self.id])

    def forget(self, ids: Sequence[str]) -> None:
        """Delete the rows of these processes."""
        with self._database.engine.begin() as c:
            c.execute(workers.delete().where(workers.c.id.in_(ids)))

    def check(self) -> tuple[set[str], list[str]]:
        """Return the IDs of the live processes, and of the dead."""
        now = self._clock()
        if now - self._last_check > TIMEOUT:
            self._seen.clear()  # the database was away or this machine asleep: start over
        with self._database.engine.connect() as c:
            rows = c.execute(sa.select(workers)).all()
        self._last_check = now
        previous, self._seen = self._seen, {}
        live, dead = {self.id}, []
        for row in rows:
            last = previous.get(row.id)
            self._seen[row.id] = last if last and last[0] == row.beat else (row.beat, now)
            is_silent = now - self._seen[row.id][1] > TIMEOUT
            is_local = row.host == self._host
            if row.id == self.id or not (is_silent or (is_local and not _is_running(row.pid))):
                live.add(row.id)
            else:
                dead.append(row.id)
        return live, dead

    def _write(self) -> None:
        with self._database.engine.begin() as c:
            beat = workers.update().where(workers.c.id == self.id).values(beat=time.time())
            if not c.execute(beat).rowcount:
                row = {"id": self.id, "host": self._host, "pid": os.getpid()}
                c.execute(workers.insert().values(**row, beat=time.time()))

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            try:
                self._write()
            except UNAVAILABLE as error:
                log.warning("heartbeat not written: %s", error_line(error))
            except Exception:
                log.exception("heartbeat not written")


def host_id() -> str:
    """Return an ID of the host and PID namespace, within which process IDs are unique."""
    try:
        return f"{platform.node()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return platform.node()


def _is_running(pid: int) -> bool:
    """Return whether another process with this PID exists; ours has a different worker ID."""
    if os.name != "posix":
        return True  # on Windows, `os.kill` with signal 0 kills
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
