"""An object in a worker process: started on first use, called, ended when idle or closed."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unispeech.environments.worker_process import WorkerProcess
from unispeech.errors import BackendError


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds without an answer after which a worker is taken for hung, and killed."""

    load: float = 900.0
    """To start and load the weights."""
    call: float = 120.0
    """Of any call, or between two items of a stream."""
    per_second: float = 20.0
    """More for each second of audio it was given."""
    idle: float = 600.0
    """Without a call, after which it is ended; the next call starts it again."""


class RemoteObject:
    """One object in a process of another interpreter, made there from `target` and `arguments`.

    Safe to call from several threads. A worker that died is started again by the next call.

    Raises (all methods but `close`):
        BackendError: the worker could not start, died or hung; and whatever the object raised.
    """

    def __init__(
        self,
        label: str,
        python: Path,
        target: str,
        arguments: tuple[Any, ...],
        timeouts: Timeouts | None = None,
    ) -> None:
        self.label = label
        self._python = python
        self._load = (target, arguments)
        self._timeouts = timeouts or Timeouts()
        self._lock = threading.Lock()
        self._life: WorkerProcess | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the running worker; None when there is none."""
        life = self._life
        return life.pid if life and not life.over else None

    def call(self, method: str, *arguments: Any, audio: float = 0.0) -> Any:
        """What `object.method(*arguments)` returns. `audio` is how many seconds it is about."""
        with self._living() as life:
            return next(life.ask("call", (method, arguments), self._limit(audio)))

    def stream(self, method: str, *arguments: Any, audio: float = 0.0) -> Iterator[Any]:
        """The items of a generator method, as they come. Closing it stops the worker's."""
        with self._living() as life:
            yield from life.ask("stream", (method, arguments), self._limit(audio))

    def start(self) -> None:
        """Start it and load, if that has not happened yet."""
        with self._living():
            pass

    def close(self) -> None:
        """End the worker, which gives its memory back. May be called twice."""
        with self._lock:
            self._closed = True
            if self._life:
                self._life.close()

    def _limit(self, audio: float) -> float:
        return self._timeouts.call + self._timeouts.per_second * audio

    @contextlib.contextmanager
    def _living(self) -> Iterator[WorkerProcess]:
        """The running worker, which will not be ended as idle meanwhile."""
        with self._lock:
            if self._closed:
                raise BackendError(f"{self.label}: closed")
            if self._life is None or self._life.over:
                self._life = self._begin()
            life = self._life
            life.users += 1
        try:
            yield life
        finally:
            with self._lock:
                life.users -= 1
                life.used = time.monotonic()

    def _begin(self) -> WorkerProcess:
        life = WorkerProcess(self.label, self._python)
        try:
            next(life.ask("load", self._load, self._timeouts.load))
        except BaseException:
            life.close()
            raise
        weakref.finalize(self, life.close)
        threading.Thread(
            target=_end_when_idle, args=(life, self._lock, self._timeouts.idle), daemon=True
        ).start()
        return life


def _end_when_idle(life: WorkerProcess, lock: threading.Lock, idle: float) -> None:
    """Runs beside a worker for as long as it lives."""
    while not life.ended.wait(min(idle, 10.0)):
        with lock:
            due = not life.users and time.monotonic() >= life.used + idle
            life.over = life.over or due
        if due:
            life.close()
