"""Loaded by the processes that run under libfaketime. With a real monotonic clock, libfaketime
0.9.10 breaks `clock_nanosleep`, which `time.sleep` calls: wait for an event instead."""

from __future__ import annotations

import threading
import time
from typing import SupportsFloat, SupportsIndex


def _sleep(seconds: SupportsFloat | SupportsIndex, /) -> None:
    threading.Event().wait(float(seconds))


time.sleep = _sleep
