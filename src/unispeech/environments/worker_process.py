"""A worker process, to which requests are sent and from which replies are received.

Messages are pickles (protocol 5) on the worker's stdin and stdout. Arrays are sent as raw memory.
There is no socket, shared memory or file that a killed process could leave behind, and when either
process ends, the other sees an end of file.
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
from unispeech.errors import WORKER_DIED, BackendError

log = logging.getLogger(__name__)

LAST_LINES = 4
"""Number of lines of a dead worker's stderr that go into the error."""
GRACE = 2.0
"""Seconds that a closed worker has to exit before it is killed."""

# Only the package is made importable, not its parent folder, which may hold the host's libraries.
# The environment must not see those.
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
    """A worker process. `is_over` is True once it accepts no more requests."""

    def __init__(self, label: str, python: Path) -> None:
        self.label = label
        self.is_over = False
        self.users = 0
        self.last_used = time.monotonic()
        self.ended = threading.Event()
        self._python = python
        self._numbers = itertools.count(1)
        self._waiting: dict[int, SimpleQueue[tuple[str, Any]]] = {}
        self._state = threading.Lock()
        self._writing = threading.Lock()
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._reason = ""
        self._process: subprocess.Popen[bytes]
        started: Future[None] = Future()
        threading.Thread(target=self._run, args=(started,), daemon=True, name=label).start()
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

    def request(self, kind: str, body: tuple[Any, ...], limit: float) -> Iterator[Any]:
        """Send a request, and yield the items of its reply: one, unless it is a stream."""
        number = next(self._numbers)
        replies: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        with self._state:
            if self.is_over:
                raise self._error()
            self._waiting[number] = replies
        try:
            with self._time_limit(limit):
                self._send((number, kind, *body))
                status, value = replies.get()
            while status == "item":
                yield value
                with self._time_limit(limit):
                    status, value = replies.get()
            if status == "error":
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
        """Close the worker's stdin, which makes it exit; kill it if it does not."""
        if self.ended.is_set():
            return
        self.is_over = True
        self._reason = self._reason or "was closed"
        if self._writing.acquire(timeout=GRACE):
            with contextlib.suppress(OSError):
                _stdin(self._process).close()
            self._writing.release()
            self.ended.wait(GRACE)
        if not self.ended.is_set():
            self._process.kill()
            self.ended.wait(GRACE)

    @contextlib.contextmanager
    def _time_limit(self, limit: float) -> Iterator[None]:
        """Kill the worker if the block takes longer: a hung worker reads no messages."""
        timer = threading.Timer(limit, self._kill, [f"did not reply within {limit:.0f} s"])
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
            # If the worker is dead, the reading thread reports the cause.
            pickle.dump(message, _stdin(self._process), PICKLE)
            _stdin(self._process).flush()

    def _run(self, started: Future[None]) -> None:
        """Start the process, dispatch its replies until it ends, and fail all waiting requests.

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
        except Exception as error:  # unpickling needs the same classes on both sides
            self._kill(f"sent a reply that cannot be read ({type(error).__name__}: {error})")
        with self._state:
            self.is_over = True
        self._reap(process, listener)
        for waiter in list(self._waiting.values()):
            waiter.put(("error", self._error()))
        self.ended.set()

    def _reap(self, process: subprocess.Popen[bytes], listener: threading.Thread) -> None:
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        listener.join(GRACE)
        with self._writing, contextlib.suppress(OSError):
            _stdin(process).close()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Log the worker's stderr, and keep the last lines for the error."""
        with contextlib.suppress(OSError, ValueError):
            for line in process.stderr or ():
                text = line.decode(errors="replace").strip()
                if text:
                    self._last_lines.append(text)
                    log.debug("%s: %s", self.label, text)

    def _error(self) -> BackendError:
        cause = self._reason or _cause(self._process.returncode)
        output = f"; last output: {' / '.join(self._last_lines)}" if self._last_lines else ""
        return BackendError(f"{self.label}: the worker process {cause}{output}", code=WORKER_DIED)


def _cause(code: int) -> str:
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
    """Return the environment variables, without those that expose this process's libraries."""
    if str(python) == sys.executable:
        return dict(os.environ)
    hidden = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    inherited = {name: value for name, value in os.environ.items() if name not in hidden}
    # pyannote.audio sends usage metrics by default.
    return {"PYANNOTE_METRICS_ENABLED": "0", **inherited, "PYTHONNOUSERSITE": "1"}


def _stdin(process: subprocess.Popen[bytes]) -> Any:
    return process.stdin
