"""The reading side of a run: each source as its opening, its chunks and its end.

All of this runs wherever sources are read ahead. What other threads learn of a source travels in
immutable events; its `Recording` is written here alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace

from unispeech.audio.recording import Recording, Source
from unispeech.engine.language import UNKNOWN, Detection, Spoken
from unispeech.errors import UnispeechError
from unispeech.options import TranscribeOptions
from unispeech.stages import chunking, vad
from unispeech.stages.windows import fit
from unispeech.types import Chunk, End

LATE = 1.0
"""Seconds after speech in which a CTC model may still emit its last letters."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A source whose chunks come next."""

    recording: Recording


def ended(recording: Recording, spoken: Spoken, error: UnispeechError | None) -> End:
    """The end of a recording, as far as reading it has shown."""
    language, probability = spoken
    return End(
        duration=recording.duration or 0.0,
        language=language,
        language_probability=probability,
        warnings=tuple(recording.warnings),
        complete=recording.complete,
        error=error,
        name=recording.name,
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads sources and cuts them into chunks for one model."""

    detection: Detection
    options: TranscribeOptions
    windows: tuple[float, ...]
    """Seconds the model can be shown, rising."""
    longest: float
    """Seconds of the longest chunk."""
    context: float
    """Seconds of sound the model wants on either side of a chunk."""

    def items(
        self, sources: Iterable[tuple[Source, int | None]], failed: Container[int] = ()
    ) -> Iterator[Opened | Chunk | End]:
        """Each source in turn. Reading of a source stops as soon as its number is in `failed`."""
        keep = self.options.annotate.needs_speakers
        for number, (source, sample_rate) in enumerate(sources):
            recording = Recording(source, sample_rate, keep=keep)
            spoken: Spoken = UNKNOWN
            error: UnispeechError | None = None
            yield Opened(recording)
            try:
                planned = self.plan(recording, number)
                wanted = itertools.takewhile(lambda chunk: chunk.source not in failed, planned)
                spoken = yield from self.detection.spoken(wanted)
            except UnispeechError as problem:
                error = problem
            yield ended(recording, spoken, error)

    def plan(self, recording: Recording, number: int = 0) -> Iterator[Chunk]:
        """The chunks of one recording, cut as they are asked for; their language is left open."""
        frames = vad.detect(recording.blocks(), self.options.vad)
        pad = self.options.vad.pad
        speech = replace(self.options.vad, pad=max(pad, LATE) if self.context else pad)
        for chunk in chunking.plan(frames, speech, self.longest, number, self.context):
            yield fit(chunk, self.windows)
