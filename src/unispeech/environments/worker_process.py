"""One worker process from its start to its end: requests go out, answers come back.

They are pickles (protocol 5) on the worker's own stdin and stdout. Arrays cross as they lie in
memory; there is no listening socket, no shared memory and no file that a killed process could leave
behind; and the end of either process is the end of file of the other.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from unispeech.environments.worker import PICKLE
from unispeech.errors import BackendError

log = logging.getLogger(__name__)

LAST_LINES = 4
"""How much of what a dead worker said goes into the error."""
FAREWELL = 2.0
"""Seconds a closed worker has to leave by itself."""

# Only our package is made visible, not the folder it lies in: that may hold the host's libraries,
# which are the ones the environment must not see.
BOOTSTRAP = """
import sys, importlib.util as util
spec = util.spec_from_file_location(
    "unispeech", sys.argv[1] + "/__init__.py", submodule_search_locations=[sys.argv[1]])
sys.modules["unispeech"] = module = util.module_from_spec(spec)
spec.loader.exec_module(module)
from unispeech.environments.worker import main
main(sys.argv[2], int(sys.argv[3]))
"""


class WorkerProcess:
    """One process, from its start to its end. `over` once it cannot be called any more."""

    def __init__(self, label: str, python: Path) -> None:
        self.label = label
        self.over = False
        self.users = 0
        self.used = time.monotonic()
        self.ended = threading.Event()
        self._python = python
        self._numbers = itertools.count(1)
        self._waiting: dict[int, SimpleQueue[tuple[str, Any]]] = {}
        self._state = threading.Lock()
        self._writing = threading.Lock()
        self._said: deque[str] = deque(maxlen=LAST_LINES)
        self._reason = ""
        self._process: subprocess.Popen[bytes]
        started: Future[None] = Future()
        threading.Thread(target=self._live, args=(started,), daemon=True, name=label).start()
        try:
            started.result()
        except OSError as error:
            raise BackendError(
                f"{label}: cannot start {python}: {error.strerror or error}",
                "run: unispeech backends doctor",
            ) from error

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, kind: str, what: tuple[Any, ...], limit: float) -> Iterator[Any]:
        """Send a request; its items and, unless it was a stream, its one answer."""
        number = next(self._numbers)
        answers: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        with self._state:
            if self.over:
                raise self._error()
            self._waiting[number] = answers
        try:
            with self._watched(limit):
                self._send((number, kind, *what))
                news, value = answers.get()
            while news == "item":
                yield value
                with self._watched(limit):
                    news, value = answers.get()
            if news == "error":
                raise value
            if kind != "stream":
                yield value
        except GeneratorExit:
            if kind == "stream":
                self._send((number, "stop"))
            raise
        finally:
            with self._state:
                self._waiting.pop(number, None)

    def close(self) -> None:
        """End of file is its sign to leave; SIGKILL if it does not."""
        if self.ended.is_set():
            return
        self.over = True
        self._reason = self._reason or "was closed"
        if self._writing.acquire(timeout=FAREWELL):
            with contextlib.suppress(OSError):
                _stdin(self._process).close()
            self._writing.release()
            self.ended.wait(FAREWELL)
        if not self.ended.is_set():
            self._process.kill()
            self.ended.wait(FAREWELL)

    @contextlib.contextmanager
    def _watched(self, limit: float) -> Iterator[None]:
        """Kill the worker if this takes longer: it may hang where no message reaches it."""
        timer = threading.Timer(limit, self._kill, [f"gave no answer in {limit:.0f} s"])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _kill(self, reason: str) -> None:
        self._reason = reason
        self._process.kill()

    def _send(self, message: tuple[Any, ...]) -> None:
        with self._writing, contextlib.suppress(OSError, ValueError):
            # A dead worker is noticed by the reader, which knows more about its death.
            pickle.dump(message, _stdin(self._process), PICKLE)
            _stdin(self._process).flush()

    def _live(self, started: Future[None]) -> None:
        """Start the process, read it to its end, and tell everyone who waits.

        All in one thread: on Linux the worker dies with the thread that started it.
        """
        try:
            self._process = process = _popen(self._python, self.label)
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(None)
        listener = threading.Thread(target=self._listen, args=(process,), daemon=True)
        listener.start()
        try:
            while True:
                number, kind, value = pickle.load(process.stdout)  # type: ignore[arg-type]
                if waiter := self._waiting.get(number):
                    waiter.put((kind, value))
        except (EOFError, OSError, pickle.UnpicklingError):
            pass
        except Exception as error:  # of a class that is not here, or not the same
            self._kill(f"gave an answer that cannot be read ({type(error).__name__}: {error})")
        with self._state:
            self.over = True
        self._reap(process, listener)
        for waiter in list(self._waiting.values()):
            waiter.put(("error", self._error()))
        self.ended.set()

    def _reap(self, process: subprocess.Popen[bytes], listener: threading.Thread) -> None:
        try:
            process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        listener.join(FAREWELL)
        with self._writing, contextlib.suppress(OSError):
            _stdin(process).close()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """What the worker and its libraries print: to the log, and the end of it for the error."""
        with contextlib.suppress(OSError, ValueError):
            for line in process.stderr or ():
                text = line.decode(errors="replace").strip()
                if text:
                    self._said.append(text)
                    log.debug("%s: %s", self.label, text)

    def _error(self) -> BackendError:
        how = self._reason or _how(self._process.returncode)
        said = f"; it last said: {' / '.join(self._said)}" if self._said else ""
        return BackendError(f"{self.label}: its worker process {how}{said}")


def _how(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was killed (SIGKILL), as the system does when memory runs out"
    if code < 0:
        return f"crashed ({signal.Signals(-code).name})"
    return f"ended with exit code {code}"


def _popen(python: Path, label: str) -> subprocess.Popen[bytes]:
    package = str(Path(__file__).parent.parent)
    return subprocess.Popen(
        [str(python), "-P", "-c", BOOTSTRAP, package, label, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ(python),
    )


def environ(python: Path) -> dict[str, str]:
    """Our own variables, without those that would show another interpreter our libraries."""
    if str(python) == sys.executable:
        return dict(os.environ)
    hidden = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    # pyannote.audio would report its use to its makers.
    return {"PYANNOTE_METRICS_ENABLED": "0", **kept, "PYTHONNOUSERSITE": "1"}


def _stdin(process: subprocess.Popen[bytes]) -> Any:
    return process.stdin
