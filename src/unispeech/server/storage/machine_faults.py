"""Errors for which the machine is to blame, not the recording or the request.

Work that meets one of them waits and is tried again: the operator frees space, another process
closes files, a network drive comes back.
"""

from __future__ import annotations

import errno
import re

from unispeech.server.service_errors import StoreUnavailable
from unispeech.server.storage.connection import UNAVAILABLE, error_line
from unispeech.server.storage.disk import is_full

OUT_OF_MEMORY = "out of memory"
_REASONS = {
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files on this machine",
    errno.ENOMEM: OUT_OF_MEMORY,
    errno.EAGAIN: "too many processes or threads",
    errno.EACCES: "a file of the server may not be read or written",
    errno.EPERM: "a file of the server may not be written",
    errno.EIO: "the disk reports an error",
    errno.EROFS: "the disk is read-only",
    errno.ESTALE: "the network drive is stale",
}
_NO_MEMORY = re.compile(
    r"failed to allocate|cannot allocate|can't alloc|bad_alloc|bad allocation|not enough memory|"
    r"memory allocation|can't start new thread|failed to map segment",
    re.IGNORECASE,
)
"""Messages of MKL, OpenVINO, PyTorch, C++, Python and the dynamic linker without memory."""


def machine_fault(error: BaseException) -> str | None:
    """Return the fault of the machine that caused an error, in a few words; None if there is none.

    Causes (`raise ... from`) count. FFmpeg's own errors do not: it reports "Input/output error" and
    "Cannot allocate memory" for damaged files.
    """
    seen: BaseException | None = error
    while seen is not None:
        if is_full(seen):
            return "the disk is full"
        if isinstance(seen, UNAVAILABLE):
            return error_line(seen)
        if isinstance(seen, StoreUnavailable):
            return f"the store of recordings: {seen.reason}"
        if not type(seen).__module__.startswith("av."):
            if isinstance(seen, MemoryError) or _lacks_memory(seen):
                return OUT_OF_MEMORY
            if isinstance(seen, OSError) and seen.errno in _REASONS:
                return _REASONS[seen.errno]
        seen = seen.__cause__
    return None


def _lacks_memory(error: BaseException) -> bool:
    """Return whether a library lacks memory of the system; that of a GPU is the model's to fit."""
    text = str(error)
    is_system = isinstance(error, (RuntimeError, ImportError)) and "CUDA" not in text
    return is_system and bool(_NO_MEMORY.search(text))


def is_patient(error: BaseException) -> bool:
    """Return whether to wait without a limit: the disk is full or read-only, or the database or the
    store is away."""
    is_read_only = isinstance(error, OSError) and error.errno == errno.EROFS
    is_away = isinstance(error, UNAVAILABLE) or (
        # One recording that may not be read is not a store that is away.
        isinstance(error, StoreUnavailable) and not isinstance(error.__cause__, PermissionError)
    )
    return is_full(error) or is_read_only or is_away
