"""Two halves of a chunk, cut at its longest pause: a second hearing of a text that is doubtful.

A pure function of the chunk (decision 0068).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unispeech.stages import chunking, sentences
from unispeech.stages.windows import fit
from unispeech.types import FRAME_SECONDS, SAMPLE_RATE, Chunk, ChunkResult, shifted

MIDDLE = 0.3
"""Share of a chunk before its first and after its last possible cut."""


def cut(chunk: Chunk, windows: Sequence[float]) -> list[Chunk]:
    """The halves of a chunk, in the same window, so that they can share a batch."""
    at = _pause(chunk)
    pieces = [
        fit(chunk.part(start, end, chunk.language), windows)
        for start, end in ((0.0, at), (at, chunk.duration))
    ]
    window = max(piece.window for piece in pieces)
    return [replace(piece, window=window) for piece in pieces]


def joined(chunk: Chunk, pieces: Sequence[Chunk], results: Sequence[ChunkResult]) -> ChunkResult:
    """The result of a chunk from those of its halves: sentences with times."""
    segments = [
        shifted(sentence, piece.start - chunk.start)
        for piece, result in zip(pieces, results, strict=True)
        for segment in result.segments
        if segment.text.strip()
        for sentence in sentences.cut(piece, segment)
    ]
    return ChunkResult(tuple(segments))


def _pause(chunk: Chunk) -> float:
    """The middle of the longest pause in the middle of a chunk, or its quietest moment."""
    low, high = MIDDLE * chunk.duration, (1 - MIDDLE) * chunk.duration
    pauses = [
        (after.start - before.end, (before.end + after.start) / 2 - chunk.start)
        for before, after in zip(chunk.speech, chunk.speech[1:], strict=False)
    ]
    inside = [pause for pause in pauses if low <= pause[1] <= high]
    if inside:
        return max(inside)[1]
    samples = chunk.samples[round(low * SAMPLE_RATE) : round(high * SAMPLE_RATE)]
    return low + chunking.quietest(samples) * FRAME_SECONDS
