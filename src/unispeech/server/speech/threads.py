"""Thread pools for work that would block the event loop."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any

IDLE = 30.0
"""Seconds without work after which a thread of `ChainedThreads` ends."""


def started_executor(count: int, name: str) -> ThreadPoolExecutor:
    """Return an executor whose threads are running, so that `submit` never waits for a start."""
    threads = ThreadPoolExecutor(count, name)
    gate = threading.Barrier(count + 1)
    for _ in range(count):
        threads.submit(gate.wait)
    gate.wait()
    return threads


class ChainedThreads(Executor):
    """Executor whose threads start each other and end when idle.

    `ThreadPoolExecutor.submit` starts threads and waits for each, for tenths of a second while
    others hold the interpreter lock (decision 0053). Here the event loop starts only the first
    thread; a thread that takes work starts the next one, so that a spare thread is waiting.
    """

    def __init__(self, count: int, name: str, idle: float = IDLE) -> None:
        self._count = count
        self._name = name
        self._idle_limit = idle
        self._changed = threading.Condition()
        self._work: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads = 0
        self._idle = 0
        """Threads that wait for work, or are starting."""
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("the threads are closed")
            self._work.append((future, partial(fn, *args, **kwargs)))
            is_first = self._threads == 0
            self._threads += is_first
            self._idle += is_first
            self._changed.notify()
        if is_first:
            self._start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._changed:
            self._closed = True
            if cancel_futures:
                for future, _ in self._work:
                    future.cancel()
                self._work.clear()
            self._changed.notify_all()
            if wait:
                self._changed.wait_for(lambda: self._threads == 0)

    def _start(self) -> None:
        threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            future, work, starts_next = taken
            if starts_next:
                self._start()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:
                    future.set_exception(error)
            del future, work, taken  # the result may be large, and the next work far away
            with self._changed:
                self._idle += 1

    def _take(self) -> tuple[Future[Any], Callable[[], Any], bool] | None:
        """Wait for work. None: there was none, and this thread ends."""
        with self._changed:
            while not self._work and not self._closed:
                woken = self._changed.wait(self._idle_limit)
                is_spare = self._idle == 1 and self._threads > 1
                if not woken and not self._work and not is_spare:
                    break
            self._idle -= 1
            if not self._work:
                self._threads -= 1
                self._changed.notify_all()
                return None
            future, work = self._work.popleft()
            starts_next = self._idle < max(1, len(self._work)) and self._threads < self._count
            self._threads += starts_next
            self._idle += starts_next
            return future, work, starts_next
