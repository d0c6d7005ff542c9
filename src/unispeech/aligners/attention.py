"""The backend's own word times, from the decoder's attention, without their bias."""

from __future__ import annotations

from dataclasses import replace

from unispeech.models.attention_bias import Bias
from unispeech.types import SAMPLE_RATE, ChunkResult, Samples, Segment, Word

NAME = "attention"


def unbiased(samples: Samples, result: ChunkResult, bias: Bias) -> ChunkResult:
    """A chunk's words without the bias of the backend's attention, in order and in the chunk."""
    length = len(samples) / SAMPLE_RATE
    segments = tuple(
        replace(segment, words=tuple(_moved(segment.words, bias, length)))
        for segment in result.segments
    )
    return replace(result, segments=segments)


def marked(segment: Segment, timed_by: str) -> Segment:
    """A segment whose words say how their times were obtained."""
    words = tuple(replace(word, timed_by=timed_by) for word in segment.words)
    return replace(segment, words=words)


def _moved(words: tuple[Word, ...], bias: Bias, length: float) -> list[Word]:
    moved: list[Word] = []
    for word in words:
        earliest = moved[-1].end if moved else 0.0
        start = min(max(word.start - bias.start, earliest), length)
        end = min(max(word.end - bias.end, start), length)
        moved.append(replace(word, start=start, end=end, timed_by=NAME))
    return moved
