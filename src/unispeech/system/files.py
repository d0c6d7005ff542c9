"""Files that are whole or not there, and locks among processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write all of a file or nothing: a full disk or a kill never leaves half of it.

    Raises:
        OSError: it cannot be written; `filename` is the path.
    """
    draft = path.with_name(f".unispeech-{os.urandom(8).hex()}")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)
        raise


def acquire(path: Path, waiting: Callable[[], None]) -> AbstractContextManager[object]:
    """Lock a file among all processes, and return what releases it; `waiting` is called if another
    process holds it.

    Raises:
        OSError: the file cannot be written.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        waiting()
        return lock.acquire()
