"""Polling of DBOS's queues: at once when something changes, seldom while the server is idle.

DBOS polls each queue at a fixed interval, with several queries through SQLAlchemy. At 0.25 s an
idle server used 4 % of a core (decision 0100). Here its queue threads wait on a `Bell` instead,
which rings when this process enqueues a job, and when another process changes the database:
SQLite counts changes (`PRAGMA data_version`, microseconds), PostgreSQL notifies.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from dbos import DBOS
from dbos._queue import queue_worker_thread

from unispeech.server.storage.connection import UNAVAILABLE, create_engine
from unispeech.server.storage.vacuum import vacuum

log = logging.getLogger("unispeech.server")

IDLE_INTERVAL = 10.0
"""Seconds between two polls while nothing happens."""
BUSY_INTERVAL = 0.25
"""Seconds between two polls while workflows run, and from a ring to the second poll."""
LOOK_INTERVAL = 0.15
"""Seconds between two looks at SQLite's count of changes."""
RECONNECT_INTERVAL = 5.0
CHANNEL = "unispeech_queue"
"""PostgreSQL's notification channel."""


class Bell:
    """Stop event of a queue thread of DBOS (`wait`, `is_set`) whose wait a ring ends."""

    def __init__(self, is_busy: Callable[[], bool], before_poll: Callable[[], None]) -> None:
        self._is_busy = is_busy
        self._before_poll = before_poll
        self._changed = threading.Condition()
        self._stopped = False
        self._due = float("inf")
        self._was_rung = False

    def ring(self, delay: float = 0.0) -> None:
        """Poll in `delay` seconds, or earlier."""
        with self._changed:
            self._due = min(self._due, time.monotonic() + delay)
            self._changed.notify()

    def set(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def is_set(self) -> bool:
        return self._stopped

    def wait(self, timeout: float) -> bool:
        """Wait for a ring, at most `timeout` seconds; return whether to stop."""
        if self._was_rung or self._is_busy():
            timeout = min(timeout, BUSY_INTERVAL)
        end = time.monotonic() + timeout
        with self._changed:
            while not self._stopped and (left := min(end, self._due) - time.monotonic()) > 0:
                self._changed.wait(left)
            self._was_rung = self._due <= time.monotonic()
            if self._was_rung:
                self._due = float("inf")
        if not self._stopped:
            self._before_poll()
        return self._stopped


class QueuePolling:
    """The threads that poll DBOS's queues in this process, in place of DBOS's own."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self._bells: dict[str, Bell] = {}
        self.on_change: Callable[[], None] = lambda: None
        """Called when another process has changed or announced something."""
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()

    def start(self, dbos: Any, queues: dict[str, Callable[[], bool]]) -> None:
        """Poll these queues; the values say whether workflows of the queue are running."""
        # DBOS's manager of queues, its scheduler and its internal queue have nothing to do here.
        for event in (*dbos.background_thread_stop_events, dbos._background_jobs_stop_event):
            event.set()

        def release_delayed() -> None:
            with contextlib.suppress(*UNAVAILABLE):
                dbos._sys_db.transition_delayed_workflows()

        for name, is_busy in queues.items():
            self._bells[name] = bell = Bell(is_busy, release_delayed)
            queue = DBOS.retrieve_queue(name)
            self._run(queue_worker_thread, bell, dbos, queue, name=f"queue {name}")
        if queues:
            on_sqlite = self._engine.dialect.name == "sqlite"
            self._run(self._watch_sqlite if on_sqlite else self._listen, name="queue watch")

    def announce(self, queue: str, delay: float = 0.0) -> None:
        """Poll a queue in `delay` seconds, in this process and, if now, in the others."""
        if bell := self._bells.get(queue):
            bell.ring(delay)
        if not delay and self._engine.dialect.name == "postgresql":
            with contextlib.suppress(*UNAVAILABLE), self._engine.begin() as connection:
                connection.execute(sa.text(f"NOTIFY {CHANNEL}"))

    def vacuum(self) -> None:
        vacuum(self._engine)

    def stop(self) -> None:
        self._stop.set()
        for bell in self._bells.values():
            bell.set()
        for thread in self._threads:
            thread.join(timeout=10.0)
        self._engine.dispose()

    def _run(self, work: Callable[..., Any], *arguments: Any, name: str) -> None:
        thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _ring_all(self) -> None:
        self.on_change()
        for bell in self._bells.values():
            bell.ring()

    def _own_connection(self) -> Any:
        """Open a connection of the driver that does not belong to SQLAlchemy's pool."""
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        pooled.detach()
        return connection

    def _watch_sqlite(self) -> None:
        """Ring when any other connection has changed the database."""
        while not self._stop.is_set():
            with contextlib.suppress(sa.exc.SQLAlchemyError, OSError):
                connection = self._own_connection()
                try:
                    previous = None
                    while not self._stop.wait(LOOK_INTERVAL):
                        (version,) = connection.execute("PRAGMA data_version").fetchone()
                        if version != previous:
                            previous = version
                            self._ring_all()
                except connection.Error:
                    pass
                finally:
                    connection.close()
            self._stop.wait(RECONNECT_INTERVAL)

    def _listen(self) -> None:
        """Ring when another process has notified."""
        while not self._stop.is_set():
            with contextlib.suppress(*UNAVAILABLE, OSError):
                connection = self._own_connection()
                try:
                    connection.autocommit = True
                    connection.execute(f"LISTEN {CHANNEL}")
                    while not self._stop.is_set():
                        for _ in connection.notifies(timeout=1.0, stop_after=1):
                            self._ring_all()
                except connection.Error:  # the queue is still polled
                    pass
                finally:
                    connection.close()
            self._stop.wait(RECONNECT_INTERVAL)
