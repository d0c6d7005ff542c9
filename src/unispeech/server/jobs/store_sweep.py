"""Removal of what an object store holds and no job needs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from itertools import groupby

from unispeech.server.storage.database import Database
from unispeech.server.storage.recording_store import Store, Stored
from unispeech.server.storage.signing import signer

log = logging.getLogger("unispeech.server")

INTERVAL = 3600.0
"""Seconds between two lists of the whole store, which S3 charges for."""
MARK = "database"
"""Name of the file that tells of which database a store has the recordings."""


class StoreSweep:
    """Removes the files of jobs that do not exist, expired playable copies, and the remains of
    transfers."""

    def __init__(
        self, store: Store, database: Database, abandoned: float, copies: Sequence[str]
    ) -> None:
        self._store = store
        self._database = database
        self._abandoned = abandoned
        self._copies = copies
        self._last = float("-inf")

    def __call__(self, is_stopping: Callable[[], bool] = lambda: False) -> None:
        """Sweep, unless this process did so a short while ago. Ends early if `is_stopping`."""
        if time.monotonic() - self._last < INTERVAL:
            return
        if not self._is_ours():
            log.warning("the store belongs to another database: nothing is removed from it")
            self._last = time.monotonic()
            return
        before = time.time() - self._abandoned
        grouped = groupby(self._store.list("jobs"), lambda file: file.key.split("/")[1])
        folders = {id: list(files) for id, files in grouped}
        old = [id for id, files in folders.items() if all(f.modified < before for f in files)]
        for id in set(old) - self._database.existing(old):
            if is_stopping():
                return
            self._store.remove(f"jobs/{id}")
            del folders[id]
        for files in folders.values():
            if is_stopping():
                return
            self._remove_expired(files, before)
        self._last = time.monotonic()
        self._store.remove_unfinished(before)  # last: not all keys may

    def _is_ours(self) -> bool:
        """Return whether the store's jobs are those of our database: with another one, every
        recording would seem to have no job."""
        own = str(signer(self._database, "store").dumps("recordings")).encode()
        there = self._store.get(MARK)
        if there is None:
            self._store.put(MARK, own)
        return there in (None, own)

    def _remove_expired(self, files: Sequence[Stored], before: float) -> None:
        copies_before = time.time() - self._store.copy_lifetime
        for file in files:
            name = file.key.rpartition("/")[2]
            if (name in self._copies and file.modified < copies_before) or (
                name.endswith(".part") and file.modified < before
            ):
                self._store.remove(file.key)
