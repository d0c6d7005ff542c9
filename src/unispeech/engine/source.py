"""One source on its way through a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unispeech.audio.recording import Recording
from unispeech.stages import stitch
from unispeech.types import Chunk, ChunkResult, End, Gap, Progress, Segment


@dataclass(slots=True)
class Reading:
    """A recording being read, and what has been found out about it so far."""

    recording: Recording
    language: str = ""
    probability: float | None = None
    error: Exception | None = None
    count: int = 0

    def placed(self, chunk: Chunk, result: ChunkResult) -> Iterator[Segment | Gap]:
        """What a decoded chunk adds; nothing more once the source has failed."""
        self.error = self.error or result.error
        if self.error:
            return
        segments = stitch.place(chunk, result, self.count)
        self.count += len(segments)
        yield from segments
        yield from stitch.gaps(chunk, result)

    def progress(self, done: float) -> Progress:
        return Progress(done, self.recording.duration, self.recording.name)

    def end(self, number: int, error: Exception | None) -> End:
        return End(
            source=number,
            duration=self.recording.duration or 0.0,
            language=self.language,
            language_probability=self.probability,
            warnings=tuple(self.recording.warnings),
            complete=self.recording.complete,
            error=error,
            name=self.recording.name,
        )
