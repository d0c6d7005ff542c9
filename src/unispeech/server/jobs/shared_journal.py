"""Journal of a job whose chunks several workers decode (decision 0119)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from unispeech.errors import Cancelled
from unispeech.server.jobs.journal import JobJournal, chunk_number, pack
from unispeech.server.storage.database import Database
from unispeech.server.storage.parts import Parts
from unispeech.stages.seams import FIRST_INDEX
from unispeech.types import Chunk, ChunkResult, Span

log = logging.getLogger("unispeech.server")

FEWEST = 4
"""Chunks that a worker takes at least, if there are as many."""


@dataclass(frozen=True, slots=True)
class _Planned:
    """A chunk without its samples."""

    start: float
    end: float
    speech: tuple[Span, ...]
    window: float
    language: str | None
    source: int
    index: int
    before: float
    after: float


_PLANNED = TypeAdapter(_Planned)
_NAMES = [field.name for field in fields(_Planned)]


class SharedJournal(JobJournal):
    """`Spread` of one run of a job, for the worker that runs it or for one that assists.

    `is_owner` is true for the worker that runs the job. `announce` is called when other workers
    may have something to take. `sound` is the decoded recording on this machine.
    """

    def __init__(
        self,
        database: Database,
        job: str,
        run: int,
        *,
        worker: str,
        sound: Path,
        is_owner: bool = False,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(database, job, run)
        if not is_owner:
            self._stored = {}  # results may be withdrawn
        self.sound = sound
        self._worker = worker
        self._is_owner = is_owner
        self._announce = announce
        self._parts = Parts(database, job, run)
        self.release()  # after a fault, this process starts again

    def offer(self, chunks: Sequence[Chunk]) -> None:
        planned = {chunk_number(chunk): _described(chunk) for chunk in chunks}
        if planned:
            for number in self._parts.add(planned):
                self._stored.pop(number, None)
            self._announce()

    def open(self, most: int) -> list[Chunk]:
        """Prefer chunks right after those that the worker of the job has read ahead, so that its
        progress is the whole progress; near the end, the last ones."""
        open_parts = self._parts.open()
        numbers = sorted(open_parts, key=_position)
        numbers = [*numbers[most:], *reversed(numbers[:most])]
        return [_chunk(open_parts[number]) for number in numbers[:most]]

    def take(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        numbers = {chunk_number(chunk): chunk for chunk in chunks}
        if self._is_owner:
            new = [number for number in numbers if number not in self._stored]
            self._stored |= self._database.results(self._job, self._run, new)
        missing = [number for number in numbers if number not in self._stored]
        if not missing:
            return []
        fair = missing[: self._fair_share()]
        taken = self._parts.take(fair, self._worker, with_lost=self._is_owner)
        for number in taken:
            log.debug("decoding", extra=self._fields(numbers[number]))
        return [numbers[number] for number in fair if number in taken]

    def recorded(self, chunk: Chunk) -> ChunkResult | None:
        return self._result(chunk)

    def record(self, chunks: Sequence[Chunk], results: Sequence[ChunkResult]) -> None:
        pairs = zip(chunks, results, strict=True)
        new = {chunk_number(chunk): pack(result) for chunk, result in pairs if not result.error}
        if new and not self._database.add_results(self._job, self._run, new):
            raise Cancelled()
        for chunk in chunks:
            log.debug("recorded", extra=self._fields(chunk))

    def release(self) -> None:
        """Open the chunks again that this process has taken and not recorded."""
        self._parts.release(self._worker)

    def discard(self) -> None:
        """Remove what this process has recorded."""
        self._parts.discard(self._worker)

    def _fair_share(self) -> int:
        """The most chunks to take at once. Half of a worker's share of what is open, if several
        work on the job, so that none waits long for the last."""
        taken = self._parts.taken()
        open_count = len(taken.pop("", ()))
        workers = len(taken.keys() | {self._worker})
        return open_count + FEWEST if workers == 1 else max(FEWEST, open_count // (2 * workers))


def _position(number: int) -> float:
    """Place of a chunk or seam in the recording."""
    index = number % 1_000_000
    return index - FIRST_INDEX + 0.5 if index >= FIRST_INDEX else index


def _described(chunk: Chunk) -> bytes:
    return _PLANNED.dump_json(_Planned(**{name: getattr(chunk, name) for name in _NAMES}))


def _chunk(described: bytes) -> Chunk:
    planned = _PLANNED.validate_json(described)
    values = {name: getattr(planned, name) for name in _NAMES}
    return Chunk(samples=np.zeros(0, np.float32), **values)
