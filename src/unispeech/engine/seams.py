"""Mending of seams in a run: cuts without a pause are decoded again (`stages.seams`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from unispeech.stages import guard, seams
from unispeech.stages.stitch import Decoded
from unispeech.stages.windows import fit
from unispeech.types import Chunk, ChunkResult, Gap

T = TypeVar("T")
"""Other items between the chunks, which pass through."""
Again = Callable[[Chunk], ChunkResult]
"""Decodes a chunk once."""


def mended(
    items: Iterable[Decoded | T], again: Again, windows: Sequence[float]
) -> Iterator[Decoded | T | Gap]:
    """Chunks in order, with the words at cuts without a pause; a gap where these are uncertain.

    A chunk that ends in speech is held back until the next arrives. Everything else passes through.
    """
    held: Decoded | None = None
    for item in items:
        if held is not None:
            gap: Gap | None = None
            if isinstance(item, tuple) and seams.is_doubtful(held, item):
                held, item, gap = _mended(held, item, again, windows)
            yield held
            if gap is not None:
                yield gap
            held = None
        if isinstance(item, tuple) and seams.ends_in_speech(item[0]):
            held = item
        else:
            yield item
    if held is not None:
        yield held


def _mended(
    left: Decoded, right: Decoded, again: Again, windows: Sequence[float]
) -> tuple[Decoded, Decoded, Gap | None]:
    language = left[1].segments[-1].language
    seam = fit(seams.around(left[0], right[0], language), windows)
    result = again(seam)
    if not result.error and not guard.suspicion(seam, result):
        both = seams.mended(left, right, (seam, result))
        if both is not None:
            return *both, None
    return left, right, seams.gap(left[0], right[0])
