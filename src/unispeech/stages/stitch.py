"""Stitching of chunk results into the segments of a recording. Only this module shifts times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import TypeVar

from unispeech.ctc import words
from unispeech.stages import sentences, word_times
from unispeech.types import (
    Chunk,
    ChunkResult,
    Emissions,
    End,
    Gap,
    Segment,
    Transcript,
    Word,
    shifted,
)

MIN_GAP = 1.0
"""Seconds of speech without text from which a gap is reported."""

T = TypeVar("T")
"""Other items between the chunks, which pass through."""
Decoded = tuple[Chunk, ChunkResult]
Read = Callable[[Emissions, str | None], tuple[Segment, ...]]
"""Converts the emissions of a chunk, with its language, into segments."""
TOUCHING = 0.001
"""Maximum seconds between adjacent chunks."""


def joined(items: Iterable[Decoded | T], read: Read) -> Iterator[Decoded | T]:
    """Read the chunks of a CTC model without cutting words at chunk boundaries.

    If a chunk ends in speech, the boundary with the next chunk moves to a pause between words. So
    a chunk is held back until the next arrives. Everything else passes through.
    """
    held: Decoded | None = None
    for item in items:
        if isinstance(item, tuple) and held and _are_adjacent(held, item):
            held, item = _move_boundary(held, item)
        if held:
            yield _read(held, read)
            held = None
        if not isinstance(item, tuple) or item[1].emissions is None:
            yield item
        else:
            held = item
    if held:
        yield _read(held, read)


def _are_adjacent(left: Decoded, right: Decoded) -> bool:
    emissions = right[1].emissions
    return (
        emissions is not None
        and left[0].source == right[0].source
        and left[0].language == right[0].language
        and abs(left[0].end - right[0].start) < TOUCHING
    )


def _move_boundary(left: Decoded, right: Decoded) -> tuple[Decoded, Decoded]:
    assert left[1].emissions is not None and right[1].emissions is not None
    first, second = words.move_boundary(left[1].emissions, right[1].emissions)
    cut = left[0].start + first.start + len(first.scores) * first.step
    return (
        (replace(left[0], end=cut), replace(left[1], emissions=first)),
        (replace(right[0], start=cut), replace(right[1], emissions=second)),
    )


def _read(item: Decoded, read: Read) -> Decoded:
    chunk, result = item
    assert result.emissions is not None
    segments = read(result.emissions, chunk.language)
    return chunk, replace(result, segments=segments)


def by_language(chunk: Chunk, result: ChunkResult) -> Iterator[Decoded]:
    """The parts of a decoded chunk in one language each; the chunk itself if it has only one."""
    groups = [list(group) for _, group in groupby(result.segments, key=lambda s: s.language)]
    if len(groups) <= 1:
        language = chunk.language or (groups[0][0].language if groups else None)
        yield replace(chunk, language=language), result
        return
    ends = [(a[-1].end + b[0].start) / 2 for a, b in zip(groups, groups[1:], strict=False)]
    for group, start, end in zip(groups, [0.0, *ends], [*ends, chunk.duration], strict=True):
        segments = tuple(shifted(segment, -start) for segment in group)
        spoken = chunk.part(group[0].start, group[-1].end, None).speech
        part = replace(chunk.part(start, end, group[0].language), speech=spoken)
        yield part, replace(result, segments=segments)


def place(chunk: Chunk, result: ChunkResult, first_id: int) -> tuple[Segment, ...]:
    """The segments of a chunk with file times: inside the chunk, ascending, numbered.

    A result of one segment is cut into sentences, except from a CTC model, which has no punctuation
    and whose segments are already cut at pauses.
    """
    segments = result.segments
    if len(segments) == 1 and result.emissions is None:
        segments = tuple(sentences.cut(chunk, segments[0]))
    return in_order(segments, chunk.start, chunk.end, chunk.language, first_id)


def in_order(
    segments: Iterable[Segment],
    start: float,
    end: float,
    language: str | None = None,
    first_id: int = 0,
) -> tuple[Segment, ...]:
    """Segments whose times count from `start`, with file times: ascending, inside, numbered.

    Words and segments without length are repaired. Segments without text are left out.
    """
    placed: list[Segment] = []
    earliest = start
    for segment in segments:
        if not segment.text.strip():
            continue
        begin = _clamp(start + segment.start, earliest, end)
        stop = _clamp(start + segment.end, begin, end)
        clamped = replace(
            segment,
            id=first_id + len(placed),
            start=begin,
            end=stop,
            words=_words(segment.words, start, begin, stop),
            language=segment.language or language,
        )
        placed.append(word_times.repaired(clamped, earliest, end))
        earliest = placed[-1].end
    return word_times.inside(placed, round(end, 3)) if earliest > end else tuple(placed)


def _words(words: Iterable[Word], offset: float, start: float, end: float) -> tuple[Word, ...]:
    placed: list[Word] = []
    for word in words:
        word_start = _clamp(offset + word.start, placed[-1].end if placed else start, end)
        word_end = _clamp(offset + word.end, word_start, end)
        letters = _words(word.characters, offset, word_start, word_end)
        phones = _words(word.phones, offset, word_start, word_end)
        placed.append(
            replace(word, start=word_start, end=word_end, characters=letters, phones=phones)
        )
    return tuple(placed)


def _clamp(value: float, low: float, high: float) -> float:
    return round(min(max(value, low), high), 3)


def gaps(chunk: Chunk, result: ChunkResult) -> tuple[Gap, ...]:
    """The gaps of a chunk: speech without text, or with a doubtful text."""
    if result.suspicion:
        return (Gap(round(chunk.start, 3), round(chunk.end, 3), result.suspicion),)
    if not result.text.strip() and chunk.speech_duration >= MIN_GAP:
        return (
            Gap(
                round(chunk.speech[0].start, 3),
                round(chunk.speech[-1].end, 3),
                "speech was detected but the model returned no text",
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
    """The transcript of a recording, from its segments, gaps and end."""
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
        turns=end.turns,
        source=end.name,
    )
