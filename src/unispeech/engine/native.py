"""The native strategy: the library's own long-form algorithm in the place of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from unispeech.annotate.annotation import Annotation
from unispeech.audio.recording import Recording
from unispeech.backends.base import Backend
from unispeech.call import Call
from unispeech.engine.source import Reading
from unispeech.errors import Cancelled, UnispeechError
from unispeech.options import TranscribeOptions
from unispeech.types import End, Gap, Segment

if TYPE_CHECKING:
    from unispeech.audio.recording import Source


def events(
    backend: Backend,
    sources: Iterable[tuple[Source, int | None]],
    options: TranscribeOptions,
    call: Call,
    notes: Annotation,
    readings: dict[int, Reading],
    own_alignment: bool,
) -> Iterator[Segment | Gap | End]:
    """The segments of each source as the library gives them, then its end.

    A library wants the whole recording at once, so memory grows with its length. Words that are to
    be aligned are the library's own business where it can (`own_alignment`).

    Raises:
        Cancelled: the call was.
    """
    for number, (source, sample_rate) in enumerate(sources):
        keep = options.annotate.speakers_wanted
        reading = readings[number] = Reading(Recording(source, sample_rate, keep=keep))
        error: UnispeechError | None = None
        try:
            samples = reading.recording.read()
            run = backend.transcribe_native(samples, options)
            reading.language, reading.probability = run.language, run.language_probability
            own = backend.align_native if own_alignment else None
            said = notes.native(run.segments, samples, run.language, reading.recording, own)
            for segment in said:
                if call.cancelled():
                    raise Cancelled()
                yield segment
                call.on_progress(reading.progress(segment.end))
        except Cancelled:
            raise
        except UnispeechError as problem:
            error = problem
        yield reading.end(number, error)
        del readings[number]
