"""Threads for work that would block the event loop."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor


def started(count: int, name: str) -> ThreadPoolExecutor:
    """An executor whose threads all run already, so that `submit` never waits for one to start."""
    threads = ThreadPoolExecutor(count, name)
    gate = threading.Barrier(count + 1)
    for _ in range(count):
        threads.submit(gate.wait)
    gate.wait()
    return threads
