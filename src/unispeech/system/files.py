"""Atomic writes, and locks between processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file atomically, text in UTF-8: a full disk or a kill never leaves a partial file.

    Raises:
        OSError: the file cannot be written; `filename` is the path.
    """
    draft = path.with_name(f".unispeech-{os.urandom(8).hex()}")
    try:
        draft.write_bytes(content if isinstance(content, bytes) else content.encode())
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)
        raise


def acquire(path: Path, on_wait: Callable[[], None]) -> AbstractContextManager[object]:
    """Lock a file between processes. Closing the returned context releases the lock.

    Calls `on_wait` if another process holds the lock.

    Raises:
        OSError: the file cannot be written.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        on_wait()
        return lock.acquire()
