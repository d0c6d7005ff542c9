"""Repair of words and segments without length, whichever backend or aligner they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unispeech.types import Segment, Word

MIN_LENGTH = 0.02
"""Seconds that a repaired word or segment lasts: one step of Whisper's timestamps."""
RESOLUTION = 0.001
"""Seconds; times are rounded to milliseconds."""


def repaired(segment: Segment, earliest: float, latest: float) -> Segment:
    """A segment that lasts, and whose words all last. Times that need no repair stay.

    Words without length take `MIN_LENGTH` from the pauses around them or from their neighbours, or
    an equal share if the segment is too short for that. A segment without length takes the room
    between `earliest` and `latest`, in seconds, or exceeds it if there is none.
    """
    needed = RESOLUTION * max(1, len(segment.words))
    if segment.end - segment.start < needed:
        length = MIN_LENGTH * max(1, len(segment.words))
        end = min(latest, segment.start + length)
        start = max(earliest, end - length)
        if end - start < needed:
            end = start + needed
        segment = replace(segment, start=round(start, 3), end=round(end, 3))
    if all(word.start < word.end for word in segment.words):
        return segment
    return replace(segment, words=_spread(segment.words, segment.start, segment.end))


def inside(segments: Sequence[Segment], latest: float) -> tuple[Segment, ...]:
    """Segments in order that end by `latest`. Those beyond take room from those before them."""
    moved: list[Segment] = []
    for segment in reversed(segments):
        if segment.end > latest:
            start = min(segment.start, latest - RESOLUTION * max(1, len(segment.words)))
            start = max(0.0, round(start, 3))
            words = _spread(segment.words, start, latest)
            segment = replace(segment, start=start, end=latest, words=words)
        moved.append(segment)
        latest = segment.start
    return tuple(reversed(moved))


def _spread(words: Sequence[Word], start: float, end: float) -> tuple[Word, ...]:
    """Words in order between `start` and `end`, each with its length or at least `MIN_LENGTH`."""
    lengths = [min(word.end - word.start, MIN_LENGTH) or MIN_LENGTH for word in words]
    if sum(lengths) > end - start:
        share = (end - start) / len(words)
        times = [(start + n * share, start + (n + 1) * share) for n in range(len(words))]
        return tuple(_rounded(word, *time) for word, time in zip(words, times, strict=True))
    times = []
    at = start
    for word, length in zip(words, lengths, strict=True):
        first = max(word.start, at)
        at = max(word.end, first + length)
        times.append((first, at))
    limit = end
    for n in reversed(range(len(words))):
        last = min(times[n][1], limit)
        limit = min(times[n][0], last - lengths[n])
        times[n] = (limit, last)
    return tuple(_rounded(word, *time) for word, time in zip(words, times, strict=True))


def _rounded(word: Word, start: float, end: float) -> Word:
    return clipped(word, round(start, 3), round(end, 3))


def clipped(word: Word, start: float, end: float) -> Word:
    """A word at another time, with its letters and phones inside it."""
    if (start, end) == (word.start, word.end):
        return word
    return replace(
        word,
        start=start,
        end=end,
        characters=tuple(_inside(letter, start, end) for letter in word.characters),
        phones=tuple(_inside(phone, start, end) for phone in word.phones),
    )


def _inside(part: Word, start: float, end: float) -> Word:
    return replace(part, start=min(max(part.start, start), end), end=min(max(part.end, start), end))
