"""The worker side of `environments.worker_process`: holds one object and answers calls on it.

It runs under another environment's interpreter, so it imports only the standard library and
`unispeech` before the first request.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import pickle
import signal
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, BinaryIO

from unispeech.errors import BackendError, UnispeechError
from unispeech.system import address_space, allocator

PICKLE = 5
"""Pickle protocol that writes arrays as raw memory."""
CALLS = 256
"""Largest number of concurrent calls; more calls wait. Threads are created on demand."""
PR_SET_PDEATHSIG = 1


def main(label: str, host: int) -> None:
    """Serve the process `host` on stdin and stdout until it ends."""
    allocator.tune()
    # Ctrl-C, and SIGTERM to the process group, are for the host, which closes the worker.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    faulthandler.enable()
    end_with(host)
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    # Output of a library must not corrupt the replies, so stdout becomes stderr.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    Worker(label, requests, replies).serve()


def end_with(host: int) -> None:
    """Die with the host, even inside a library call. Linux only; others see the end of stdin.

    The kernel sends the signal when the *thread* that started the worker ends, so that thread
    outlives the worker.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != host:
            os._exit(0)


class Worker:
    """An object, and threads for the calls on it.

    Only the thread of `serve` registers and sets the stop events of streams. An event disappears
    with the last reference to it, which the thread of its stream holds.
    """

    def __init__(self, label: str, requests: BinaryIO, replies: BinaryIO) -> None:
        self.label = label
        self._requests = requests
        self._replies = replies
        self._threads = ThreadPoolExecutor(CALLS)
        self._writing = threading.Lock()
        self._object: Any = None
        self._stops: weakref.WeakValueDictionary[int, threading.Event] = (
            weakref.WeakValueDictionary()
        )

    def serve(self) -> None:
        """Answer requests until the end of stdin, then exit the process."""
        while True:
            try:
                number, kind, *rest = pickle.load(self._requests)
            except (EOFError, OSError):
                # Threads may be inside a library, so exit without joining them.
                os._exit(0)
            if kind == "load":
                self._reply(number, self._load, rest)
            elif kind == "stop":
                if stop := self._stops.get(number):
                    stop.set()
            elif kind == "stream":
                stop = self._stops[number] = threading.Event()
                self._threads.submit(self._reply, number, self._stream, [stop, *rest])
            else:
                self._threads.submit(self._reply, number, self._call, rest)

    def _reply(self, number: int, work: Any, arguments: list[Any]) -> None:
        try:
            result = work(number, *arguments)
        except UnispeechError as error:
            self._send(number, "error", error)
        except BaseException as error:
            message = f"{self.label}: {type(error).__name__}: {error}"
            self._send(number, "error", BackendError(message))
        else:
            self._send(number, "done", result)

    def _load(self, number: int, target: str, arguments: tuple[Any, ...]) -> None:
        module, _, name = target.partition(":")
        self._object = getattr(import_module(module), name)(*arguments)

    def _call(self, number: int, method: str, arguments: tuple[Any, ...]) -> Any:
        result = getattr(self._object, method)(*arguments)
        if problem := address_space.shortage():
            raise BackendError(f"{self.label}: {problem}", address_space.HINT)
        return result

    def _stream(
        self, number: int, stop: threading.Event, method: str, arguments: tuple[Any, ...]
    ) -> None:
        items: Iterator[Any] = getattr(self._object, method)(*arguments)
        for item in items:
            if stop.is_set():
                return
            self._send(number, "item", item)

    def _send(self, number: int, kind: str, value: Any) -> None:
        try:
            body = pickle.dumps((number, kind, value), PICKLE)
        except Exception as error:
            problem = BackendError(f"{self.label}: the result cannot be sent: {error}")
            body = pickle.dumps((number, "error", problem), PICKLE)
        try:
            with self._writing:
                self._replies.write(body)
                self._replies.flush()
        except OSError:
            os._exit(0)
