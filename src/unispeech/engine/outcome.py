"""The consuming side of a run: one source as segments, gaps and its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from unispeech.annotate import speakers
from unispeech.annotate.annotation import Annotation
from unispeech.audio.recording import Recording
from unispeech.call import OnProgress
from unispeech.errors import Cancelled, UnispeechError
from unispeech.stages import stitch
from unispeech.types import Chunk, ChunkResult, End, Gap, Progress, Segment, Turn


class Outcome:
    """What one source has come to so far. Belongs to the thread that consumes the run.

    Speakers are known when a recording is over: where they are wanted, its segments are held back
    until then.
    """

    def __init__(self, recording: Recording, notes: Annotation, on_progress: OnProgress) -> None:
        self.error: Exception | None = None
        """Why there is no transcript: decoding failed."""
        self._recording = recording
        self._notes = notes
        self._on_progress = on_progress
        self._count = 0
        self._held: list[Segment] = []
        self._warnings: list[str] = []

    def warn(self, line: str) -> None:
        self._warnings.append(f"{self._recording.name}: {line}")

    def place(self, chunk: Chunk, result: ChunkResult) -> Iterator[Segment | Gap]:
        """Add a decoded chunk; after a failed one, nothing."""
        if self.error is None:
            result = self._notes.decoded(chunk, result, self.warn)
            self.error = result.error
        if self.error is None:
            segments = stitch.place(chunk, result, self._count)
            self._count += len(segments)
            yield from self.add(segments)
            yield from stitch.gaps(chunk, result)
        self.report(chunk.end)

    def add(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        """Add segments on the file's clock."""
        if self._notes.options.needs_speakers:
            self._held.extend(segments)
        else:
            yield from segments

    def report(self, done: float) -> None:
        self._on_progress(Progress(done, self._recording.duration, self._recording.name))

    def finish(self, end: End) -> Iterator[Segment | End]:
        """The segments that were held back, with their speakers, and the end of the source."""
        error = end.error or self.error
        turns: tuple[Turn, ...] = ()
        if error is None and self._notes.options.needs_speakers:
            try:
                turns = self._notes.turns(self._recording.sound(), end.name)
            except Cancelled:
                raise
            except UnispeechError as problem:
                error = problem
        yield from speakers.assigned(self._held, turns)
        yield replace(end, warnings=(*end.warnings, *self._warnings), error=error, turns=turns)
