"""A recording into chunks that fit the model: where each is cut, and how wide it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unispeech.audio.recording import Recording
from unispeech.options import TranscribeOptions
from unispeech.stages import chunking, vad
from unispeech.stages.windows import fit
from unispeech.types import Chunk

LATE = 1.0
"""Seconds after speech in which a CTC model may still say its last letters (it hears them late)."""


def plan(
    recording: Recording,
    options: TranscribeOptions,
    number: int,
    windows: tuple[float, ...],
    longest: float,
    context: float,
) -> Iterator[Chunk]:
    """The chunks of one recording, read and cut as they are asked for.

    `number` is the recording's place in the run, `windows` are those the model may be shown
    (rising), `longest` the most seconds of a chunk, `context` the seconds of sound the model wants
    on either side of it. The language of the chunks is left open.
    """
    frames = vad.detect(recording.blocks(), options.vad.enabled)
    pad = max(options.vad.pad, LATE) if context else options.vad.pad
    speech = replace(options.vad, pad=pad)
    for chunk in chunking.plan(frames, speech, longest, number, context):
        yield fit(chunk, windows)
