"""Thread pools for work that would block the event loop."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor


def started_executor(count: int, name: str) -> ThreadPoolExecutor:
    """Return an executor whose threads are running, so that `submit` never waits for a start."""
    threads = ThreadPoolExecutor(count, name)
    gate = threading.Barrier(count + 1)
    for _ in range(count):
        threads.submit(gate.wait)
    gate.wait()
    return threads
