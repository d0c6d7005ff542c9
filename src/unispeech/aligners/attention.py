"""The backend's own word times, from the decoder's attention, without their bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unispeech.aligners.edges import to_pauses
from unispeech.models.attention_bias import Bias
from unispeech.types import SAMPLE_RATE, ChunkResult, Samples, Segment, Word

NAME = "attention"


def unbiased(samples: Samples, result: ChunkResult, bias: Bias) -> ChunkResult:
    """A chunk's words without the bias of the backend's attention, in order and in the chunk.

    Boundaries beside a pause are moved to it.
    """
    if any(word.timed_by for segment in result.segments for word in segment.words):
        return result  # not by attention
    if not any(segment.words for segment in result.segments):
        return result
    length = len(samples) / SAMPLE_RATE
    words = [word for segment in result.segments for word in segment.words]
    moved = _moved(words, bias, length)
    times = to_pauses(samples, [(word.start, word.end) for word in moved])
    timed = iter(
        replace(word, start=start, end=end) for word, (start, end) in zip(moved, times, strict=True)
    )
    segments = tuple(
        replace(segment, words=tuple(next(timed) for _ in segment.words))
        for segment in result.segments
    )
    return replace(result, segments=segments)


def marked(segment: Segment, timed_by: str) -> Segment:
    """A segment whose words say how their times were obtained."""
    words = tuple(replace(word, timed_by=timed_by) for word in segment.words)
    return replace(segment, words=words)


def _moved(words: Sequence[Word], bias: Bias, length: float) -> list[Word]:
    moved: list[Word] = []
    for word in words:
        earliest = moved[-1].end if moved else 0.0
        start = min(max(word.start - bias.start, earliest), length)
        end = min(max(word.end - bias.end, start), length)
        moved.append(replace(word, start=start, end=end, timed_by=NAME))
    return moved
