"""Memory that a process of our own gives back, where the C library is glibc."""

from __future__ import annotations

import os

ARENA_MAX = -8
"""M_ARENA_MAX of malloc.h."""


def limit() -> None:
    """Let malloc keep as many arenas as there are processors, where it would keep eight times that.

    Each arena holds on to the most that its threads ever used, so a process in which short-lived
    threads decode grows for hours (docs/decisions.md, "Shares of four"). For our own processes, at
    their start: it is a setting of the whole process, which a library has no business to make. One
    that the environment makes (`MALLOC_ARENA_MAX`) stays.
    """
    import ctypes

    if os.name != "posix" or "MALLOC_ARENA_MAX" in os.environ:
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(ARENA_MAX, max(os.cpu_count() or 1, 2))
