"""The consuming side of a run: the segments, gaps and end of a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from unispeech.annotate import speakers
from unispeech.annotate.annotation import Annotator
from unispeech.audio.recording import Recording
from unispeech.call import OnProgress
from unispeech.errors import Cancelled, UnispeechError
from unispeech.stages import stitch
from unispeech.types import Chunk, ChunkResult, End, Gap, Progress, Segment, Turn


class Outcome:
    """Results of one source so far. Owned by the thread that consumes the run.

    Speakers are known only at the end of a recording, so diarization holds back its segments.
    """

    def __init__(self, recording: Recording, annotator: Annotator, on_progress: OnProgress) -> None:
        self.error: Exception | None = None
        """The error that prevents a transcript."""
        self._recording = recording
        self._annotator = annotator
        self._on_progress = on_progress
        self._count = 0
        self._held: list[Segment] = []
        self._warnings: list[str] = []

    def warn(self, line: str) -> None:
        self._warnings.append(f"{self._recording.name}: {line}")

    def place(self, chunk: Chunk, result: ChunkResult) -> Iterator[Segment | Gap]:
        """Add a decoded chunk. Chunks after a failed chunk are dropped."""
        if self.error is None:
            result = self._annotator.decoded(chunk, result, self.warn)
            self.error = result.error
        if self.error is None:
            segments = stitch.place(chunk, result, self._count)
            self._count += len(segments)
            yield from self.add(segments)
            yield from stitch.gaps(chunk, result)
        self.report(chunk.end)

    def add(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        """Add segments with file times."""
        if self._annotator.options.needs_speakers:
            self._held.extend(segments)
        else:
            yield from segments

    def report(self, done: float) -> None:
        self._on_progress(Progress(done, self._recording.duration, self._recording.name))

    def finish(self, end: End) -> Iterator[Segment | End]:
        """Held-back segments with their speakers, then the end of the source."""
        error = end.error or self.error
        turns: tuple[Turn, ...] = ()
        if error is None and self._annotator.options.needs_speakers:
            try:
                turns = self._annotator.turns(self._recording.sound(), end.name)
            except Cancelled:
                raise
            except UnispeechError as failure:
                error = failure
        yield from speakers.assigned(self._held, turns)
        yield replace(end, warnings=(*end.warnings, *self._warnings), error=error, turns=turns)
