"""Thread that removes what has expired.

It has a thread of its own: with a million objects in a store, one sweep takes minutes, in which the
jobs of dead workers would wait.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from unispeech.server.service_errors import StoreUnavailable
from unispeech.server.storage.connection import UNAVAILABLE, error_line

log = logging.getLogger("unispeech.server")

INTERVAL = 600.0
"""Seconds between two sweeps."""
PATIENCE = 10.0
"""Seconds that a stopping process waits for the sweep in progress."""


class Retention:
    """Calls `sweep` now and then. A sweep that takes long should end soon after `is_stopping`."""

    def __init__(self, sweep: Callable[[], None], interval: float = INTERVAL) -> None:
        self._sweep = sweep
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="unispeech-sweep", daemon=True)

    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Ask the sweep in progress to end, and start no other."""
        self._stop.set()

    def stop(self) -> None:
        """End, and wait for the sweep in progress."""
        self.end()
        self._thread.join(timeout=PATIENCE)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._sweep()
            except UNAVAILABLE as error:
                log.warning("expired jobs not removed: %s", error_line(error))
            except StoreUnavailable as error:
                log.warning("expired recordings not removed: %s", error.reason)
            except Exception:
                if not self._stop.is_set():  # else the database may be closed
                    log.exception("expired jobs not removed")
            self._stop.wait(self._interval)
