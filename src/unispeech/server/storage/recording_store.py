"""Storage of recordings under keys such as `jobs/ID/upload`: files in the data folder.

`object_store` has the other form. What a store holds is read through it alone, so that servers and
workers need no common folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

T = TypeVar("T")

PIECE = 1 << 20
"""Bytes that `read` yields at once."""


@dataclass(frozen=True, slots=True)
class Stored:
    """File in a store. `modified` is a Unix time."""

    key: str
    size: int
    modified: float


class Store(ABC):
    """Files under keys. A file appears whole or not at all. Safe to use from several threads.

    Raises, also from every method:
        StoreUnavailable: the store does not answer, or refuses.
    """

    threads: Executor | None = None
    """Threads for `run`; None: those of the event loop."""
    copy_lifetime = 3600.0
    """Seconds after which a playable copy is removed: from its last use, where `touch` can note it,
    else from its making."""

    @abstractmethod
    def check(self) -> None:
        """Check that files can be written, read and removed."""

    @abstractmethod
    def close(self) -> None:
        """End the threads."""

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run blocking work on the store in one of its threads."""
        call = partial(contextvars.copy_context().run, work, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self.threads, call)

    @abstractmethod
    def path(self, key: str) -> Path | None:
        """Return the path of a key, if the store is a folder of this machine."""

    @abstractmethod
    def add(self, source: Path, key: str) -> None:
        """Store a file, which may be moved from `source`."""

    @abstractmethod
    def put(self, key: str, data: bytes) -> None:
        """Store some bytes."""

    @abstractmethod
    def find(self, key: str) -> Stored | None:
        """Return the file of a key; None: there is none."""

    @abstractmethod
    def list(self, folder: str) -> Sequence[Stored]:
        """Return the files below a folder, in order of their keys."""

    @abstractmethod
    def open(self, key: str) -> BinaryIO:
        """Open a file for reading at any position.

        Raises:
            FileNotFoundError: there is no such file.
        """

    @abstractmethod
    def copy(self, key: str, target: Path) -> None:
        """Write a file of the store to `target`, whole or not at all. Raises as `open` does."""

    @abstractmethod
    def remove(self, key: str) -> None:
        """Remove a file, or a folder with all that is below it. A missing one is no error."""

    def get(self, key: str) -> bytes | None:
        """Return a small file; None: there is none."""
        try:
            with self.open(key) as file:
                return file.read()
        except FileNotFoundError:
            return None

    def read(self, key: str, first: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `first` to before `end` in pieces. Raises as `open` does."""
        with self.open(key) as file:
            file.seek(first)
            while first < end and (piece := file.read(min(PIECE, end - first))):
                yield piece
                first += len(piece)

    @abstractmethod
    def touch(self, key: str) -> None:
        """Note that a file is in use, if the store can."""

    def remove_unfinished(self, before: float) -> int:
        """Remove what transfers that began before this Unix time have left, and return the number
        of them."""
        return 0


class LocalStore(Store):
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self) -> None:
        """Do nothing: `Settings.folder` checks the folder."""

    def close(self) -> None:
        """Do nothing: the threads are those of the event loop."""

    def path(self, key: str) -> Path:
        return self._folder / key

    def add(self, source: Path, key: str) -> None:
        target = self.path(key)
        if source != target:
            source.replace(target)

    def put(self, key: str, data: bytes) -> None:
        target = self.path(key)
        part = target.with_name(f"{target.name}-{uuid.uuid4().hex}.part")
        try:
            part.write_bytes(data)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def find(self, key: str) -> Stored | None:
        try:
            status = self.path(key).stat()
        except FileNotFoundError:
            return None
        return Stored(key, status.st_size, status.st_mtime)

    def list(self, folder: str) -> Sequence[Stored]:
        names = sorted(p for p in self.path(folder).rglob("*") if p.is_file())
        found = (self.find(p.relative_to(self._folder).as_posix()) for p in names)
        return [stored for stored in found if stored is not None]

    def open(self, key: str) -> BinaryIO:
        return self.path(key).open("rb")

    def copy(self, key: str, target: Path) -> None:
        shutil.copyfile(self.path(key), target)

    def remove(self, key: str) -> None:
        path = self.path(key)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def touch(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError):  # its job has just been deleted
            os.utime(self.path(key))
