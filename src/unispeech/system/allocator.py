"""Settings of glibc's malloc for processes that this package starts."""

from __future__ import annotations

import os

TRIM_THRESHOLD, MMAP_MAX, ARENA_MAX = -1, -4, -8
"""M_TRIM_THRESHOLD, M_MMAP_MAX and M_ARENA_MAX of malloc.h."""
MAX_FREE = 1 << 29
"""Free bytes at the end of the heap from which malloc returns memory to the system."""


def tune() -> None:
    """Use one heap for all threads, which keeps freed memory for the next tensor of its size.

    By default malloc asks the kernel for every block over 32 MB and returns it at once, and the
    kernel clears it again: a third of the encoder's time on long windows. It also creates eight
    arenas per processor, each of which keeps the most that its threads ever used, so a process
    whose short-lived threads decode grows for hours (decision 0027). The settings apply to the
    whole process, so a library must not make them: call this at the start of our own processes
    only. `MALLOC_ARENA_MAX` and `GLIBC_TUNABLES` in the environment take precedence.
    """
    import ctypes

    if os.name != "posix" or {"MALLOC_ARENA_MAX", "GLIBC_TUNABLES"} & set(os.environ):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        for setting, value in ((ARENA_MAX, 1), (MMAP_MAX, 0), (TRIM_THRESHOLD, MAX_FREE)):
            library.mallopt(setting, value)


def trim() -> None:
    """Return free memory inside the heap to the system: after loading, which frees the weights that
    were converted to another type. Without glibc, do nothing."""
    import ctypes

    if os.name == "posix" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)
