"""The native strategy: the long-form algorithm of the library instead of the engine's."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from unispeech.annotate.annotation import Annotator
from unispeech.backends.base import Backend
from unispeech.backends.failures import trusted
from unispeech.call import Call
from unispeech.engine import sound
from unispeech.engine.language import UNKNOWN, Spoken
from unispeech.engine.outcome import Outcome
from unispeech.engine.sound import Input
from unispeech.engine.source import ended
from unispeech.errors import Cancelled, UnispeechError
from unispeech.options import TranscribeOptions
from unispeech.stages import word_times
from unispeech.types import End, Gap, Segment


def events(
    backend: Backend,
    sources: Iterable[Input],
    options: TranscribeOptions,
    call: Call,
    annotator: Annotator,
    own_alignment: bool,
) -> Iterator[Segment | Gap | End]:
    """The segments of each source as the library returns them, then its end.

    A library takes the whole recording at once, so memory grows with its length. With
    `own_alignment` the library aligns words itself.

    Raises:
        Cancelled: the caller cancelled.
    """
    own = backend.align_native if own_alignment else None
    run_options = options
    for source in sources:
        options = source.options(run_options)
        recording = sound.opened(source, options.sound, keep=options.annotate.needs_speakers)
        outcome = Outcome(recording, annotator, call.on_progress)
        spoken: Spoken = UNKNOWN
        error: UnispeechError | None = None
        try:
            samples = recording.read()
            with trusted(backend.name):
                run = backend.transcribe_native(samples, options)
            spoken = run.language, run.language_probability
            decoded = Decoded(run.segments)
            annotated = annotator.native(decoded, samples, run.language, outcome.warn, own)
            for segment in decoded.kept(annotated, outcome):
                if call.cancelled():
                    raise Cancelled()
                if not options.language_per_chunk:  # else the library detects others, unnamed
                    segment = replace(segment, language=segment.language or run.language)
                segment = word_times.repaired(segment, segment.start, recording.duration or 0.0)
                yield from outcome.add([segment])
                outcome.report(segment.end)
        except Cancelled:
            raise
        except UnispeechError as failure:
            error = failure
        yield from outcome.finish(ended(recording, spoken, error))


class Decoded(Iterator[Segment]):
    """A library's segments, kept until they are annotated, so that a failed annotation loses none.

    One consumer: `kept` pulls the annotated segments, and the annotation pulls these.
    """

    def __init__(self, segments: Iterable[Segment]) -> None:
        self._segments = iter(segments)
        self._waiting: deque[Segment] = deque()
        self._error: UnispeechError | None = None

    def __next__(self) -> Segment:
        try:
            segment = next(self._segments)
        except UnispeechError as error:
            self._error = error
            raise
        self._waiting.append(segment)
        return segment

    def kept(self, annotated: Iterable[Segment], outcome: Outcome) -> Iterator[Segment]:
        """The annotated segments. If the annotation fails, the rest comes without it.

        Raises:
            UnispeechError: the library failed.
        """
        try:
            for segment in annotated:
                if self._waiting:
                    self._waiting.popleft()
                yield segment
        except UnispeechError as error:
            if error is self._error or isinstance(error, Cancelled):
                raise
            outcome.fail_annotation("no aligned word times", error)
            yield from self._waiting
            yield from self._segments
