"""How many processors there are for us."""

from __future__ import annotations

import os


def cores() -> int:
    """Those that this process may use, where the system tells; else all of the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
