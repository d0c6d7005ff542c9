"""Which processes of the service are alive: each says so in the database, and looks at the others.

Clocks of several machines differ, and one may be put back. So nothing is read off the time in a
beat but whether it is another one than before; how long it has been the same is measured here.
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

from unispeech.server.storage.connection import AWAY, reason
from unispeech.server.storage.database import Database
from unispeech.server.storage.tables import workers

log = logging.getLogger("unispeech.server")

BEAT = 5.0
"""Seconds between two beats."""
DEAD = 20.0
"""Seconds without a beat after which a process is taken for dead."""


class Heartbeat:
    """This process's own, and what it knows of the others'."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self.id = f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._database = database
        self._clock = clock
        self._machine = machine()
        self._seen: dict[str, tuple[float, float]] = {}
        self._looked = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="unispeech-beat", daemon=True)

    def start(self) -> None:
        self._say()
        self._thread.start()

    def stop(self) -> None:
        """Leave: whatever this process still had is anybody's."""
        self._stop.set()
        self._thread.join(timeout=30)
        with contextlib.suppress(*AWAY):  # then silence says it
            self.bury([self.id])

    def bury(self, ids: Sequence[str]) -> None:
        """Forget these processes."""
        with self._database.engine.begin() as c:
            c.execute(workers.delete().where(workers.c.id.in_(ids)))

    def look(self) -> tuple[set[str], list[str]]:
        """The ids of the processes that live, and of those that do not."""
        now = self._clock()
        if now - self._looked > DEAD:
            self._seen.clear()  # the database was away, or this machine asleep: nobody is to blame
        with self._database.engine.connect() as c:
            rows = c.execute(sa.select(workers)).all()
        self._looked = now
        before, self._seen = self._seen, {}
        live, gone = {self.id}, []
        for row in rows:
            known = before.get(row.id)
            self._seen[row.id] = known if known and known[0] == row.beat else (row.beat, now)
            silent = now - self._seen[row.id][1] > DEAD
            here = row.host == self._machine
            if row.id == self.id or not (silent or (here and not _running(row.pid))):
                live.add(row.id)
            else:
                gone.append(row.id)
        return live, gone

    def _say(self) -> None:
        with self._database.engine.begin() as c:
            mine = workers.update().where(workers.c.id == self.id).values(beat=time.time())
            if not c.execute(mine).rowcount:
                row = {"id": self.id, "host": self._machine, "pid": os.getpid()}
                c.execute(workers.insert().values(**row, beat=time.time()))

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            try:
                self._say()
            except AWAY as error:
                log.warning("no heartbeat: %s", reason(error))
            except Exception:
                log.exception("the heartbeat failed")


def machine() -> str:
    """Where a process id means something: containers of one name each have numbers of their own."""
    try:
        return f"{platform.node()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return platform.node()


def _running(pid: int) -> bool:
    """Whether there is a process of this number, and it is not this one (which has another id)."""
    if os.name != "posix":
        return True  # `os.kill` asks nothing there, it kills
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
