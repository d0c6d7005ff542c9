"""Transcripts and chunk results as what a database keeps: JSON, checked when it is read back."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from unispeech import formats
from unispeech.server.database import Database
from unispeech.types import Chunk, ChunkResult, Segment, Transcript

_TRANSCRIPT = TypeAdapter(Transcript)


@dataclass(frozen=True, slots=True)
class _Result:
    segments: tuple[Segment, ...]
    suspicion: str
    frames: str | None = None
    """A CTC backend's frame scores, as the base64 of a NumPy file."""


_RESULT = TypeAdapter(_Result)


def dump(transcript: Transcript) -> str:
    return _TRANSCRIPT.dump_json(transcript).decode()


def load(text: str) -> Transcript:
    return _TRANSCRIPT.validate_json(text)


class JobJournal:
    """The `Journal` of one run of one job: each result is in the database once it is final."""

    def __init__(self, database: Database, job: str, run: int) -> None:
        self._database = database
        self._job = job
        self._run = run
        self._kept = database.results(job, run)

    def recorded(self, chunk: Chunk) -> ChunkResult | None:
        data = self._kept.get(chunk.index)
        return _unpacked(data) if data is not None else None

    def record(self, chunks: Sequence[Chunk], results: Sequence[ChunkResult]) -> None:
        pairs = zip(chunks, results, strict=True)
        fresh = {chunk.index: _packed(result) for chunk, result in pairs if not result.error}
        if fresh:
            self._database.keep(self._job, self._run, fresh)


def _packed(result: ChunkResult) -> bytes:
    return _RESULT.dump_json(_Result(result.segments, result.suspicion, _text(result.frames)))


def _unpacked(data: bytes) -> ChunkResult:
    kept = _RESULT.validate_json(data)
    return ChunkResult(kept.segments, kept.suspicion, frames=_frames(kept.frames))


def _text(frames: Any) -> str | None:
    if frames is None:
        return None
    import base64

    import numpy as np

    file = io.BytesIO()
    np.save(file, np.asarray(frames), allow_pickle=False)
    return base64.b64encode(file.getvalue()).decode()


def _frames(text: str | None) -> Any:
    if text is None:
        return None
    import base64

    import numpy as np

    return np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False)


def segment(segment: Segment) -> dict[str, Any]:
    """A segment as an event."""
    return formats.segment_dict(segment)
