"""Local files of a process whose recordings are in an object store."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from unispeech.server.storage.recording_store import Store


class PrivateFolder:
    """Folder of one process, removed when it closes. The folders of processes that were killed are
    removed when the next one starts."""

    def __init__(self, parent: Path) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        name = uuid.uuid4().hex
        self.path = parent / name
        with FileLock(parent / "lock"):
            for lock in parent.glob("*.lock"):
                _remove_if_dead(lock)
            self._lock = FileLock(parent / f"{name}.lock", thread_local=False)
            self._lock.acquire()
            self.path.mkdir()

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)


def _remove_if_dead(path: Path) -> None:
    """Remove the folder of a lock that no process holds."""
    with suppress(Timeout), FileLock(path, timeout=0):
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        path.unlink(missing_ok=True)


class LocalCopies:
    """Copies of a store's files, each kept while somebody uses it. A local store lends its own
    files."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._users: dict[str, int] = {}
        self._changed = threading.Lock()
        self._copying: dict[str, threading.Lock] = {}

    @contextmanager
    def lend(self, key: str) -> Iterator[Path]:
        """Yield the path of a local file. It does not exist if the store's does not.

        Raises:
            StoreUnavailable: the store does not answer.
            OSError: the disk is full.
        """
        if (path := self._store.path(key)) is not None:
            yield path
            return
        path = self._folder / key
        with self._changed:
            self._users[key] = self._users.get(key, 0) + 1
            copying = self._copying.setdefault(key, threading.Lock())
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with copying, suppress(FileNotFoundError):
                if not path.exists():
                    self._store.copy(key, path)
            yield path
        finally:
            self._return(key, path)

    def _return(self, key: str, path: Path) -> None:
        with self._changed:
            self._users[key] -= 1
            if self._users[key]:
                return
            del self._users[key], self._copying[key]
            path.unlink(missing_ok=True)
            if not any((self._folder / other).parent == path.parent for other in self._users):
                with suppress(OSError):  # never made
                    path.parent.rmdir()
