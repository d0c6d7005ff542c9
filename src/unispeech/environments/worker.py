"""The worker side of `environments.worker_process`: holds one object and answers calls on it.

This runs under another environment's interpreter, so it imports nothing but the standard library
until it is told what to load.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, BinaryIO

from unispeech.errors import BackendError, UnispeechError
from unispeech.system import allocator

PICKLE = 5
"""The protocol whose arrays are written as they lie in memory."""
CALLS = 256
"""Calls at once; further ones wait. Threads are made as they are needed and kept."""
PR_SET_PDEATHSIG = 1


def main(label: str, host: int) -> None:
    """Serve the process `host` on stdin and stdout until it goes away."""
    allocator.tune()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the host, which then closes us
    faulthandler.enable()
    end_with(host)
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    # What a library prints must not come between our answers: it goes where its warnings go.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    Worker(label, requests, replies).serve()


def end_with(host: int) -> None:
    """Die when the host does, whatever we are doing then; end of file on stdin says it elsewhere.

    The signal comes when the *thread* that started us ends, which is why that thread waits for us.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != host:
            os._exit(0)


class Worker:
    """One object, and threads for the calls on it."""

    def __init__(self, label: str, requests: BinaryIO, replies: BinaryIO) -> None:
        self.label = label
        self._requests = requests
        self._replies = replies
        self._threads = ThreadPoolExecutor(CALLS)
        self._writing = threading.Lock()
        self._object: Any = None
        self._stopped: set[int] = set()

    def serve(self) -> None:
        while True:
            try:
                number, kind, *rest = pickle.load(self._requests)
            except (EOFError, OSError):
                # Threads may be deep in a library: leave without asking them.
                os._exit(0)
            if kind == "load":
                self._answer(number, self._load, rest)
            elif kind == "stop":
                self._stopped.add(number)
            else:
                work = self._call if kind == "call" else self._stream
                self._threads.submit(self._answer, number, work, rest)

    def _answer(self, number: int, work: Any, arguments: list[Any]) -> None:
        try:
            answer = work(number, *arguments)
        except UnispeechError as error:
            self._send(number, "error", error)
        except BaseException as error:
            what = f"{type(error).__name__}: {error}"
            self._send(number, "error", BackendError(f"{self.label}: {what}"))
        else:
            self._send(number, "done", answer)

    def _load(self, number: int, target: str, arguments: tuple[Any, ...]) -> None:
        module, _, name = target.partition(":")
        self._object = getattr(import_module(module), name)(*arguments)

    def _call(self, number: int, method: str, arguments: tuple[Any, ...]) -> Any:
        return getattr(self._object, method)(*arguments)

    def _stream(self, number: int, method: str, arguments: tuple[Any, ...]) -> None:
        items: Iterator[Any] = getattr(self._object, method)(*arguments)
        for item in items:
            if number in self._stopped:
                self._stopped.discard(number)
                return
            self._send(number, "item", item)

    def _send(self, number: int, kind: str, value: Any) -> None:
        try:
            body = pickle.dumps((number, kind, value), PICKLE)
        except Exception as error:
            problem = BackendError(f"{self.label}: cannot send its answer: {error}")
            body = pickle.dumps((number, "error", problem), PICKLE)
        try:
            with self._writing:
                self._replies.write(body)
                self._replies.flush()
        except OSError:
            os._exit(0)
