"""Seams in a run: cuts without a pause are decoded again (`stages.seams`, decision 0069).

The planner puts a seam before the chunk on its right, so that seams are decoded in batches like
chunks. With their results the texts of both chunks are mended.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from unispeech.stages import doubts, seams
from unispeech.stages.stitch import Decoded
from unispeech.stages.windows import fit
from unispeech.types import Chunk, ChunkResult, Gap

T = TypeVar("T")
Again = Callable[[Chunk], ChunkResult]
"""Decodes a chunk once."""


def planned(
    chunks: Generator[Chunk, None, T], windows: Sequence[float]
) -> Generator[Chunk, None, T]:
    """Chunks in order, and before each that follows without a pause the seam with the last one."""
    left: Chunk | None = None
    while True:
        try:
            chunk = next(chunks)
        except StopIteration as end:
            value: T = end.value
            return value
        if left is not None and seams.lacks_pause(left, chunk):
            yield fit(seams.around(left, chunk), windows)
        yield chunk
        left = chunk


def mended(items: Iterable[Decoded | T], again: Again) -> Iterator[Decoded | T | Gap]:
    """Chunks without the seams among them, with the words that these add at cuts; a gap where the
    words are uncertain.

    A chunk that ends in speech is held back until the next arrives. Everything else passes through.
    """
    held: Decoded | None = None
    seam: Decoded | None = None
    for item in items:
        if isinstance(item, tuple) and seams.is_seam(item[0]):
            seam = item
            continue
        if held is not None:
            gap: Gap | None = None
            if isinstance(item, tuple) and seam is not None:
                held, item, gap = _mended(held, item, seam, again)
            yield held
            if gap is not None:
                yield gap
        held = seam = None
        if isinstance(item, tuple) and seams.ends_in_speech(item[0]):
            held = item
        else:
            yield item
    if held is not None:
        yield held


def _mended(
    left: Decoded, right: Decoded, seam: Decoded, again: Again
) -> tuple[Decoded, Decoded, Gap | None]:
    language = seams.language(left[1], right[1])
    if language is None:
        return left, right, None
    chunk, result = seam
    if any(segment.language != language for segment in result.segments):
        chunk = replace(chunk, language=language)  # a short stretch misled the detection
        result = again(chunk)
    if not result.error and not doubts.suspicion(replace(chunk, language=language), result):
        both = seams.mended(left, right, (chunk, result))
        if both is not None:
            return *both, None
    return left, right, seams.gap(left[0], right[0])
