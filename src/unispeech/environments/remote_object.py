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
    """Limits in seconds, after which a worker counts as hung and is killed."""

    load: float = 900.0
    """Start of the worker and loading of the weights."""
    call: float = 120.0
    """A call, or the interval between two items of a stream."""
    per_second: float = 20.0
    """Additional time per second of audio in the call."""
    idle: float = 600.0
    """Time without a call, after which the worker is ended; the next call restarts it."""


class RemoteObject:
    """An object in a worker process of another interpreter: `target` called with `arguments`.

    Safe to call from several threads. The next call restarts a worker that died.

    Raises (all methods but `close`):
        BackendError: the worker could not start, died or hung.
        UnispeechError: the object raised it.
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
        self._worker: WorkerProcess | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Process id of the running worker, else None."""
        worker = self._worker
        return worker.pid if worker and not worker.is_over else None

    def call(self, method: str, *arguments: Any, audio: float = 0.0) -> Any:
        """Return `object.method(*arguments)`. `audio` is the length of the audio in seconds."""
        with self._running() as worker:
            return next(worker.request("call", (method, arguments), self._limit(audio)))

    def stream(self, method: str, *arguments: Any, audio: float = 0.0) -> Iterator[Any]:
        """Yield the items of a generator method. Closing the stream stops it in the worker."""
        with self._running() as worker:
            yield from worker.request("stream", (method, arguments), self._limit(audio))

    def start(self) -> None:
        """Start the worker and construct the object, if not done yet."""
        with self._running():
            pass

    def close(self) -> None:
        """End the worker, which releases its memory. May be called twice."""
        with self._lock:
            self._closed = True
            if self._worker:
                self._worker.close()

    def _limit(self, audio: float) -> float:
        return self._timeouts.call + self._timeouts.per_second * audio

    @contextlib.contextmanager
    def _running(self) -> Iterator[WorkerProcess]:
        """Yield the running worker, which does not count as idle while the block runs."""
        with self._lock:
            if self._closed:
                raise BackendError(f"{self.label}: the worker is closed")
            if self._worker is None or self._worker.is_over:
                self._worker = self._start_worker()
            worker = self._worker
            worker.users += 1
        try:
            yield worker
        finally:
            with self._lock:
                worker.users -= 1
                worker.last_used = time.monotonic()

    def _start_worker(self) -> WorkerProcess:
        worker = WorkerProcess(self.label, self._python)
        try:
            next(worker.request("load", self._load, self._timeouts.load))
        except BaseException:
            worker.close()
            raise
        weakref.finalize(self, worker.close)
        threading.Thread(
            target=_end_when_idle, args=(worker, self._lock, self._timeouts.idle), daemon=True
        ).start()
        return worker


def _end_when_idle(worker: WorkerProcess, lock: threading.Lock, idle: float) -> None:
    """End a worker that has been idle too long. Runs in a thread beside it."""
    while not worker.ended.wait(min(idle, 10.0)):
        with lock:
            due = not worker.users and time.monotonic() >= worker.last_used + idle
            worker.is_over = worker.is_over or due
        if due:
            worker.close()
