"""From chunk results to the segments of a recording. Only here are times shifted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from unispeech import sentences
from unispeech.types import Chunk, ChunkResult, End, Gap, Segment, Transcript, Word

MIN_GAP = 1.0
"""Seconds of speech without text that are worth reporting."""


def place(chunk: Chunk, result: ChunkResult, first_id: int) -> tuple[Segment, ...]:
    """The segments of a chunk on the file's clock: inside the chunk, rising, numbered on.

    A backend that gives a chunk as one segment gets it cut into sentences.
    """
    placed: list[Segment] = []
    earliest = chunk.start
    segments = result.segments
    if len(segments) == 1:
        segments = tuple(sentences.cut(chunk, segments[0]))
    for segment in segments:
        if not segment.text.strip():
            continue
        start = _clamp(chunk.start + segment.start, earliest, chunk.end)
        end = _clamp(chunk.start + segment.end, start, chunk.end)
        placed.append(
            replace(
                segment,
                id=first_id + len(placed),
                start=start,
                end=end,
                words=_words(segment.words, chunk.start, start, end),
                language=segment.language or chunk.language,
            )
        )
        earliest = end
    return tuple(placed)


def _words(words: Iterable[Word], offset: float, start: float, end: float) -> tuple[Word, ...]:
    placed: list[Word] = []
    for word in words:
        word_start = _clamp(offset + word.start, placed[-1].end if placed else start, end)
        word_end = _clamp(offset + word.end, word_start, end)
        placed.append(replace(word, start=word_start, end=word_end))
    return tuple(placed)


def _clamp(value: float, low: float, high: float) -> float:
    return round(min(max(value, low), high), 3)


def gaps(chunk: Chunk, result: ChunkResult) -> tuple[Gap, ...]:
    """The speech of a chunk whose text is missing or not to be trusted."""
    if result.suspicion:
        return (Gap(round(chunk.start, 3), round(chunk.end, 3), result.suspicion),)
    if not result.text.strip() and chunk.speech_duration >= MIN_GAP:
        return (
            Gap(
                round(chunk.speech[0].start, 3),
                round(chunk.speech[-1].end, 3),
                "the model heard no speech where there may be some",
            ),
        )
    return ()


def transcript(
    segments: Iterable[Segment],
    gaps: Iterable[Gap],
    end: End,
    *,
    backend: str,
    model: str,
    task: str,
) -> Transcript:
    """Everything about one recording, once it is over."""
    segments = tuple(segments)
    return Transcript(
        text="".join(segment.text for segment in segments).strip(),
        language=end.language,
        duration=round(end.duration, 3),
        segments=segments,
        backend=backend,
        model=model,
        task=task,
        language_probability=end.language_probability,
        gaps=tuple(gaps),
        warnings=end.warnings,
        complete=end.complete,
    )
