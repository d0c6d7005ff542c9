"""The native strategy: the library's own long-form algorithm in the place of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from unispeech.audio import Recording
from unispeech.backends.base import Backend
from unispeech.calls import Call
from unispeech.errors import Cancelled, UnispeechError
from unispeech.options import TranscribeOptions
from unispeech.reading import Reading
from unispeech.types import End, Segment

if TYPE_CHECKING:
    from unispeech.audio import Source


def events(
    backend: Backend,
    sources: Iterable[tuple[Source, int | None]],
    options: TranscribeOptions,
    call: Call,
) -> Iterator[Segment | End]:
    """The segments of each source as the library gives them, then its end.

    A library wants the whole recording at once, so memory grows with its length.

    Raises:
        Cancelled: the call was.
    """
    for number, (source, sample_rate) in enumerate(sources):
        reading = Reading(Recording(source, sample_rate))
        error: UnispeechError | None = None
        try:
            run = backend.transcribe_native(reading.recording.read(), options)
            reading.language, reading.probability = run.language, run.language_probability
            for segment in run.segments:
                if call.cancelled():
                    raise Cancelled()
                yield segment
                call.on_progress(reading.progress(segment.end))
        except Cancelled:
            raise
        except UnispeechError as problem:
            error = problem
        yield reading.end(number, error)
