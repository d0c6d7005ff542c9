"""Number of processors available to this process."""

from __future__ import annotations

import os


def cores() -> int:
    """Processors that this process may use, or all of the machine if the system does not tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
