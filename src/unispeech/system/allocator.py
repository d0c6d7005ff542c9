"""How the C library's malloc keeps memory in a process of our own, where it is glibc."""

from __future__ import annotations

import os

TRIM_THRESHOLD, MMAP_MAX, ARENA_MAX = -1, -4, -8
"""M_TRIM_THRESHOLD, M_MMAP_MAX and M_ARENA_MAX of malloc.h."""
KEPT = 1 << 29
"""Bytes that are free at the end of the heap before they go back to the system."""


def tune() -> None:
    """One heap for all threads, which keeps what is freed for the next tensor of that size.

    Left alone, malloc asks the kernel for every block over 32 MB and gives it back at once, and
    the kernel clears it anew: a third of the encoder's time on long windows. And it makes eight
    arenas for each processor, of which each holds on to the most that its threads ever used, so
    that a process in which short-lived threads decode grows for hours (decision 0027). For our own
    processes, at their start: these are settings of the whole process,
    which a library has no business to make. What the environment says (`MALLOC_ARENA_MAX`,
    `GLIBC_TUNABLES`) stays.
    """
    import ctypes

    if os.name != "posix" or {"MALLOC_ARENA_MAX", "GLIBC_TUNABLES"} & set(os.environ):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        for setting, value in ((ARENA_MAX, 1), (MMAP_MAX, 0), (TRIM_THRESHOLD, KEPT)):
            library.mallopt(setting, value)
