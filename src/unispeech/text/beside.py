"""Translations beside the original: each translated segment belongs to one original segment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from unispeech.text.formats.plain import joined
from unispeech.types import Segment


def places(originals: Sequence[Segment], translated: Sequence[Segment]) -> list[int]:
    """Return for each translated segment the index of the original segment that it belongs to.

    That is the earliest one in which its middle lies, else the nearest in time. A later middle
    never belongs to an earlier segment. Empty without originals. The page does the same
    (static/transcript/beside.js); tests/beside.json has cases for both.
    """
    if not originals:
        return []
    order = sorted(range(len(originals)), key=lambda i: (originals[i].start, originals[i].end))
    starts = [originals[i].start for i in order]
    ends = [originals[i].end for i in order]
    last_ends = list(accumulate(ends, max))
    return [order[_place(starts, ends, last_ends, _middle(segment))] for segment in translated]


def _middle(segment: Segment) -> float:
    return (segment.start + segment.end) / 2


def _place(
    starts: Sequence[float], ends: Sequence[float], last_ends: Sequence[float], middle: float
) -> int:
    """Return the place of a time among segments sorted by start.

    `last_ends` holds the largest end so far, so that bisection finds the earliest segment that is
    not over.
    """
    begun = bisect_right(starts, middle)
    going = bisect_right(last_ends, middle)
    if going < begun:
        return going
    if not begun:
        return 0
    before = bisect_left(last_ends, last_ends[begun - 1])
    if begun == len(starts):
        return before
    return before if middle - ends[before] <= starts[begun] - middle else begun


def texts_beside(originals: Sequence[Segment], translated: Sequence[Segment]) -> list[str]:
    """Return the translation of each original segment, empty for those without one.

    An original segment without text gets none, so that formats that leave it out lose nothing,
    unless all are without text.
    """
    spoken = [index for index, segment in enumerate(originals) if segment.text.strip()]
    indices = spoken or list(range(len(originals)))
    found: list[list[str]] = [[] for _ in originals]
    belongs = places([originals[index] for index in indices], translated)
    for place, segment in zip(belongs, translated, strict=bool(indices)):
        found[indices[place]].append(segment.text)
    return [joined(texts) for texts in found]
