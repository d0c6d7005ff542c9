"""Words in order: none ends before it starts, overlaps the next, or is left without times."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from unispeech.stages.word_times import clipped
from unispeech.text.timing import ESTIMATED
from unispeech.types import Span, Word

DOUBTED = 0.1
"""Confidence of a time that replaced a contradicted one, or that nothing confirms."""


def completed(texts: Sequence[str], words: Sequence[Word | None], within: Span) -> Iterator[Word]:
    """The words of the texts in order, inside a span.

    Words without times, and words that lie outside the room that earlier words leave, share the
    room before the next word by their length.
    """
    placed = _in_order(words, within)
    at = within.start
    for has_times, group in itertools.groupby(range(len(texts)), lambda n: placed[n] is not None):
        numbers = list(group)
        if has_times:
            for number in numbers:
                word = placed[number]
                assert word is not None
                yield replace(word, word=texts[number])
                at = word.end
            continue
        following = placed[numbers[-1] + 1] if numbers[-1] + 1 < len(texts) else None
        end = following.start if following else within.end
        yield from _estimated([texts[number] for number in numbers], at, max(at, end))
        at = max(at, end)


def _in_order(words: Sequence[Word | None], within: Span) -> list[Word | None]:
    """Clip each word to the room after the word before it; drop words without room."""
    placed: list[Word | None] = []
    at = within.start
    limits = _limits(words, within)
    for word, limit in zip(words, limits, strict=True):
        if word is None or word.start >= limit or word.end <= at:
            placed.append(None)
            continue
        start = min(max(word.start, at), within.end)
        end = min(max(word.end, start), limit)
        placed.append(clipped(word, start, max(start, end)))
        at = max(start, end)
    return placed


def _limits(words: Sequence[Word | None], within: Span) -> list[float]:
    """The latest end of each word: the start of the next trusted word."""
    trusted = [word is not None and (word.confidence or 1.0) > DOUBTED for word in words]
    if not any(trusted):
        trusted = [word is not None for word in words]
    limits: list[float] = []
    limit = within.end
    for word, counts in zip(reversed(words), reversed(trusted), strict=True):
        limits.append(limit)
        if word is not None and counts:
            limit = max(within.start, min(limit, word.start))
    return limits[::-1]


def _estimated(texts: Sequence[str], start: float, end: float) -> Iterator[Word]:
    total = sum(map(len, texts)) or 1
    at = start
    for text in texts:
        stop = at + (end - start) * len(text) / total
        yield Word(at, min(stop, end), text, 0.0, timed_by=ESTIMATED, confidence=0.0)
        at = min(stop, end)
