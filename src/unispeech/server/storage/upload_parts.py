"""Bytes of unfinished uploads: a file that grows, or objects that follow each other."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from unispeech.server.storage.disk import PIECE
from unispeech.server.storage.recording_store import LocalStore, Store, Stored

PART = 8 << 20
"""Bytes of one object; the page sends as many in one request."""


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes received of an upload, and the Unix time of the last one."""

    size: int
    modified: float


class Parts(ABC):
    """Bytes of unfinished uploads, by the IDs of the uploads."""

    piece = PIECE
    """Bytes of one write."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @abstractmethod
    def create(self, id: str) -> None:
        """Create an empty upload."""

    @abstractmethod
    def received(self, id: str) -> Received | None:
        """Return how much of an upload is there; None: it does not exist."""

    @abstractmethod
    def all(self) -> Mapping[str, Received]:
        """Return `received` of all uploads."""

    @abstractmethod
    def write(self, id: str, offset: int, data: bytes) -> None:
        """Add bytes to an upload. The same bytes may be written twice.

        Raises:
            FileNotFoundError: there is no such upload.
        """

    @abstractmethod
    def take(self, id: str, target: Path) -> None:
        """Link or copy the bytes to a new file."""

    def remove(self, id: str) -> None:
        """Remove an upload. A missing one is no error."""
        self.store.remove(_key(id))


class LocalParts(Parts):
    """One file for each upload."""

    def __init__(self, store: LocalStore) -> None:
        super().__init__(store)
        self._folder = store.path("uploads")
        self._folder.mkdir(parents=True, exist_ok=True)

    def create(self, id: str) -> None:
        self._file(id).touch()

    def received(self, id: str) -> Received | None:
        stored = self.store.find(_key(id))
        return Received(stored.size, stored.modified) if stored else None

    def all(self) -> Mapping[str, Received]:
        found = {path.name: self.received(path.name) for path in self._folder.iterdir()}
        return {id: received for id, received in found.items() if received}

    def write(self, id: str, offset: int, data: bytes) -> None:
        with self._file(id).open("r+b") as file:
            file.seek(offset)
            file.write(data)

    def take(self, id: str, target: Path) -> None:
        try:
            os.link(self._file(id), target)
        except OSError:  # another file system, or one without hard links
            shutil.copyfile(self._file(id), target)

    def _file(self, id: str) -> Path:
        return self._folder / id


class StoredParts(Parts):
    """Objects whose names are the bytes that they have, such as `0-8388608`.

    Requests to two servers may write at the same time. Their objects then overlap, with the same
    bytes where they do.
    """

    piece = PART

    def create(self, id: str) -> None:
        self.store.put(f"{_key(id)}/{_name(0, 0)}", b"")

    def received(self, id: str) -> Received | None:
        return _received(self.store.list(_key(id)))

    def all(self) -> Mapping[str, Received]:
        parts = groupby(self.store.list("uploads"), lambda part: part.key.split("/")[1])
        found = {id: _received(group) for id, group in parts}
        return {id: received for id, received in found.items() if received}

    def write(self, id: str, offset: int, data: bytes) -> None:
        if data:
            self.store.put(f"{_key(id)}/{_name(offset, offset + len(data))}", data)

    def take(self, id: str, target: Path) -> None:
        with target.open("wb") as file:
            for part, first in _joined(self.store.list(_key(id))):
                for piece in self.store.read(part.key, first, part.size):
                    file.write(piece)


def parts_of(store: Store) -> Parts:
    return LocalParts(store) if isinstance(store, LocalStore) else StoredParts(store)


def _key(id: str) -> str:
    return f"uploads/{id}"


def _name(first: int, end: int) -> str:
    """Return the name of a part; names sort in the order of the bytes."""
    return f"{first:018d}-{end:018d}"


def _joined(parts: Iterable[Stored]) -> Iterator[tuple[Stored, int]]:
    """Yield the parts up to the first hole, each with its first byte that no part before it has."""
    end = 0
    for part in parts:
        first = int(part.key.rpartition("/")[2].partition("-")[0])
        if first > end:
            return
        if first + part.size > end:
            yield part, end - first
            end = first + part.size


def _received(parts: Iterable[Stored]) -> Received | None:
    parts = list(parts)
    if not parts:
        return None
    size = sum(part.size - first for part, first in _joined(parts))
    return Received(size, max(part.modified for part in parts))
