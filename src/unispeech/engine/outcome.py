"""The consuming side of a run: the segments, gaps and end of a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from unispeech.annotate import speakers
from unispeech.annotate.annotation import Annotator
from unispeech.audio.recording import Recording
from unispeech.call import OnProgress
from unispeech.engine.language import SpokenTime
from unispeech.errors import Cancelled, UnispeechError
from unispeech.stages import stitch
from unispeech.types import Chunk, ChunkResult, End, Gap, Progress, Segment, Turn


class Outcome:
    """Results of one source so far. Owned by the thread that consumes the run.

    Speakers are known only at the end of a recording, so diarization holds back its segments.
    An annotation that fails never discards text: it ends with a warning, and the transcript is
    marked incomplete.
    """

    def __init__(self, recording: Recording, annotator: Annotator, on_progress: OnProgress) -> None:
        self.error: Exception | None = None
        """The error that prevents a transcript."""
        self._recording = recording
        self._annotator = annotator
        self._on_progress = on_progress
        self._count = 0
        self._held: list[Segment] = []
        self._spoken = SpokenTime()
        self._warnings: list[str] = []
        self._annotation_error: UnispeechError | None = None

    def warn(self, line: str) -> None:
        self._warnings.append(f"{self._recording.name}: {line}")

    def place(self, chunk: Chunk, result: ChunkResult) -> Iterator[Segment | Gap]:
        """Add a decoded chunk. Chunks after a failed chunk are dropped."""
        self.error = self.error or result.error
        if self.error is None:
            for part, decoded in stitch.by_language(chunk, result):
                timed = self._with_word_times(part, decoded)
                segments = stitch.place(part, timed, self._count)
                self._count += len(segments)
                self._spoken.add(segments, result.languages)
                yield from self.add(segments)
                yield from stitch.gaps(part, timed)
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
                self.fail_annotation("the speakers are unknown", failure)
        yield from speakers.assigned(self._held, turns)
        if not end.language:
            language, probability = self._spoken.main()
            end = replace(end, language=language, language_probability=probability)
        yield replace(
            end,
            warnings=(*end.warnings, *self._warnings),
            complete=end.complete and self._annotation_error is None,
            error=error,
            turns=turns,
            annotation_error=self._annotation_error,
        )

    def fail_annotation(self, consequence: str, error: UnispeechError) -> None:
        """Record that an annotation failed. The text is kept without it."""
        self._annotation_error = self._annotation_error or error
        self.warn(f"{consequence} ({error})")

    def _with_word_times(self, chunk: Chunk, result: ChunkResult) -> ChunkResult:
        """Align a decoded chunk. After a failure the rest of the recording is not aligned, so that
        a broken model costs one attempt and one warning."""
        if self._annotation_error is not None:
            return result
        annotated = self._annotator.decoded(chunk, result, self.warn)
        error = annotated.error
        if error is None:
            return annotated
        if isinstance(error, Cancelled) or not isinstance(error, UnispeechError):
            raise error
        self.fail_annotation(f"no aligned word times from {chunk.start:.1f} s on", error)
        return result
