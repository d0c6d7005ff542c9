"""The reading side of a run: the opening, chunks and end of each source.

Runs in the threads that read ahead. Other threads get immutable events; only the code here writes
to a `Recording`.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace

from unispeech.audio.recording import Recording
from unispeech.engine import seams, sound
from unispeech.engine.language import UNKNOWN, Detection, Spoken
from unispeech.engine.sound import Input
from unispeech.errors import UnispeechError
from unispeech.options import TranscribeOptions
from unispeech.stages import chunking, vad
from unispeech.stages.windows import fit
from unispeech.types import Chunk, End

CTC_LATENCY = 1.0
"""Seconds after speech in which a CTC model may still emit its last letters."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Event: the chunks of this recording follow."""

    recording: Recording


def ended(recording: Recording, spoken: Spoken, error: UnispeechError | None) -> End:
    """The end of a recording, from the reader's point of view."""
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
    """Reader of sources that cuts them into chunks for one model."""

    detection: Detection
    options: TranscribeOptions
    windows: tuple[float, ...]
    """Window lengths of the model in seconds, ascending."""
    chunk_length: float
    """Maximum length of a chunk in seconds."""
    context: float
    """Seconds of extra sound that the model needs on either side of a chunk."""
    has_seams: bool = False
    """True if cuts without a pause are decoded again."""

    def items(
        self, sources: Iterable[Input], failed: Container[int] = ()
    ) -> Iterator[Opened | Chunk | End]:
        """The events of each source in turn. Stops reading a source whose number is in `failed`."""
        keep = self.options.annotate.needs_speakers
        for number, source in enumerate(sources):
            recording = sound.opened(source, self.options.sound, keep=keep)
            spoken: Spoken = UNKNOWN
            error: UnispeechError | None = None

            def warn(line: str, recording: Recording = recording) -> None:
                recording.warnings.append(f"{recording.name}: {line}")

            yield Opened(recording)
            try:
                planned = self.plan(recording, number)
                chunks = itertools.takewhile(lambda chunk: chunk.source not in failed, planned)
                detection = replace(self.detection, options=source.options(self.options))
                known = detection.spoken(chunks, warn)
                spoken = yield from seams.planned(known, self.windows) if self.has_seams else known
            except UnispeechError as failure:
                error = failure
            yield ended(recording, spoken, error)

    def plan(self, recording: Recording, number: int = 0) -> Iterator[Chunk]:
        """The chunks of one recording, planned lazily; their language is not set yet."""
        frames = sound.warn_if_speechless(
            recording, vad.detect(recording.blocks(), self.options.vad)
        )
        pad = self.options.vad.pad
        speech = replace(self.options.vad, pad=max(pad, CTC_LATENCY) if self.context else pad)
        for chunk in chunking.plan(frames, speech, self.chunk_length, number, self.context):
            yield fit(chunk, self.windows)
