"""Journal of a job: chunk results as JSON in the database, validated on reading."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from unispeech.server.storage.database import Database
from unispeech.types import Chunk, ChunkResult, Emissions, LanguageScore, Segment

log = logging.getLogger("unispeech.server")


@dataclass(frozen=True, slots=True)
class _Emissions:
    """Frame scores of a CTC backend; `scores` is a compressed NumPy file in base64."""

    scores: str
    tokens: tuple[str, ...]
    blank: int
    step: float
    start: float


@dataclass(frozen=True, slots=True)
class _Result:
    segments: tuple[Segment, ...]
    suspicion: str
    emissions: _Emissions | None = None
    languages: tuple[LanguageScore, ...] = ()


_RESULT = TypeAdapter(_Result)


class JobJournal:
    """`Journal` of one run of a job, which stores each final chunk result in the database."""

    def __init__(self, database: Database, job: str, run: int) -> None:
        self._database = database
        self._job = job
        self._run = run
        self._stored = database.results(job, run)

    def recorded(self, chunk: Chunk) -> ChunkResult | None:
        result = self._result(chunk)
        if result is None:
            log.debug("decoding", extra=self._fields(chunk))
        return result

    def record(self, chunks: Sequence[Chunk], results: Sequence[ChunkResult]) -> None:
        pairs = zip(chunks, results, strict=True)
        new = {chunk_number(chunk): pack(result) for chunk, result in pairs if not result.error}
        if new:
            self._database.save_results(self._job, self._run, new)
        for chunk in chunks:
            log.debug("recorded", extra=self._fields(chunk))

    def _result(self, chunk: Chunk) -> ChunkResult | None:
        data = self._stored.get(chunk_number(chunk))
        return None if data is None else unpack(data)

    def _fields(self, chunk: Chunk) -> dict[str, Any]:
        return {"job": self._job, "run": self._run, "chunk": chunk_number(chunk)}


def chunk_number(chunk: Chunk) -> int:
    """The number of a chunk in its job; each lane of a recording counts its own chunks."""
    return chunk.source * 1_000_000 + chunk.index


def pack(result: ChunkResult) -> bytes:
    emissions = _encode(result.emissions)
    stored = _Result(result.segments, result.suspicion, emissions, result.languages)
    return _RESULT.dump_json(stored)


def unpack(data: bytes) -> ChunkResult:
    result = _RESULT.validate_json(data)
    emissions = _decode(result.emissions)
    return ChunkResult(
        result.segments, result.suspicion, emissions=emissions, languages=result.languages
    )


def _encode(emissions: Emissions | None) -> _Emissions | None:
    if emissions is None:
        return None
    import base64

    import numpy as np

    file = io.BytesIO()
    np.savez_compressed(file, scores=emissions.scores)
    scores = base64.b64encode(file.getvalue()).decode()
    return _Emissions(scores, emissions.tokens, emissions.blank, emissions.step, emissions.start)


def _decode(stored: _Emissions | None) -> Emissions | None:
    if stored is None:
        return None
    import base64

    import numpy as np

    file = io.BytesIO(base64.b64decode(stored.scores))
    scores = np.load(file, allow_pickle=False)["scores"]
    return Emissions(scores, stored.tokens, stored.blank, stored.step, stored.start)
