"""The native strategy: the long-form algorithm of the library instead of the engine's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from unispeech.annotate.annotation import Annotator
from unispeech.backends.base import Backend
from unispeech.call import Call
from unispeech.engine import sound
from unispeech.engine.language import UNKNOWN, Spoken
from unispeech.engine.outcome import Outcome
from unispeech.engine.sound import Input
from unispeech.engine.source import ended
from unispeech.errors import Cancelled, UnispeechError
from unispeech.options import TranscribeOptions
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
    for source in sources:
        recording = sound.opened(source, options.sound, keep=options.annotate.needs_speakers)
        outcome = Outcome(recording, annotator, call.on_progress)
        spoken: Spoken = UNKNOWN
        error: UnispeechError | None = None
        try:
            samples = recording.read()
            run = backend.transcribe_native(samples, options)
            spoken = run.language, run.language_probability
            for segment in annotator.native(run.segments, samples, run.language, outcome.warn, own):
                if call.cancelled():
                    raise Cancelled()
                yield from outcome.add([segment])
                outcome.report(segment.end)
        except Cancelled:
            raise
        except UnispeechError as failure:
            error = failure
        yield from outcome.finish(ended(recording, spoken, error))
