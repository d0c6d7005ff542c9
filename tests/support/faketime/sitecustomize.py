"""Loaded by the processes that run under libfaketime. With a real monotonic clock, libfaketime
0.9.10 breaks `clock_nanosleep`, which `time.sleep` calls: wait for an event instead."""

from __future__ import annotations

import threading
import time


def _sleep(seconds: float, /) -> None:
    threading.Event().wait(seconds)


time.sleep = _sleep
