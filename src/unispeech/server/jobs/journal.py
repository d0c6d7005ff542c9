"""The journal of a job: the results of decoded chunks, as JSON that is checked on reading."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from unispeech.server.storage.database import Database
from unispeech.types import Chunk, ChunkResult, Emissions, Segment

log = logging.getLogger("unispeech.server")


@dataclass(frozen=True, slots=True)
class _Emissions:
    """What a CTC backend said of each frame; the scores as base64 of a compressed NumPy file."""

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


_RESULT = TypeAdapter(_Result)


class JobJournal:
    """The `Journal` of one run of one job: each result is in the database once it is final."""

    def __init__(self, database: Database, job: str, run: int) -> None:
        self._database = database
        self._job = job
        self._run = run
        self._kept = database.results(job, run)

    def recorded(self, chunk: Chunk) -> ChunkResult | None:
        data = self._kept.get(chunk.index)
        if data is None:
            log.debug("decoding", extra=self._place(chunk))
            return None
        return _unpacked(data)

    def record(self, chunks: Sequence[Chunk], results: Sequence[ChunkResult]) -> None:
        pairs = zip(chunks, results, strict=True)
        fresh = {chunk.index: _packed(result) for chunk, result in pairs if not result.error}
        if fresh:
            self._database.keep(self._job, self._run, fresh)
        for chunk in chunks:
            log.debug("recorded", extra=self._place(chunk))

    def _place(self, chunk: Chunk) -> dict[str, Any]:
        return {"job": self._job, "run": self._run, "chunk": chunk.index}


def _packed(result: ChunkResult) -> bytes:
    return _RESULT.dump_json(_Result(result.segments, result.suspicion, _text(result.emissions)))


def _unpacked(data: bytes) -> ChunkResult:
    kept = _RESULT.validate_json(data)
    return ChunkResult(kept.segments, kept.suspicion, emissions=_emissions(kept.emissions))


def _text(said: Emissions | None) -> _Emissions | None:
    if said is None:
        return None
    import base64

    import numpy as np

    file = io.BytesIO()
    np.savez_compressed(file, scores=said.scores)
    scores = base64.b64encode(file.getvalue()).decode()
    return _Emissions(scores, said.tokens, said.blank, said.step, said.start)


def _emissions(kept: _Emissions | None) -> Emissions | None:
    if kept is None:
        return None
    import base64

    import numpy as np

    file = io.BytesIO(base64.b64decode(kept.scores))
    scores = np.load(file, allow_pickle=False)["scores"]
    return Emissions(scores, kept.tokens, kept.blank, kept.step, kept.start)
