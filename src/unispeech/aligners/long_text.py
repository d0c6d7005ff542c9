"""Alignment of a known text with a recording of any length, a window at a time.

A window is aligned with as much of the text as fits into it. Its words are kept up to a pause well
before its end, because what follows shows where they belong; the next window begins in that pause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from unispeech.aligners.edges import FRAME
from unispeech.aligners.soundswallower import SoundSwallower
from unispeech.types import SAMPLE_RATE, Samples, Word, shifted

WINDOW = 60.0
"""Seconds of sound aligned at once. A recording up to 1.5 times as long is one window. The search
needs half a megabyte a second, and more for long texts."""
AHEAD = 12.0
"""Seconds at the end of a window whose words are aligned again in the next window."""
CUT = 15.0
"""Seconds before that in which the longest pause is the end of the window's words."""
FASTEST = 6.0
"""Words a second. More of the text is not looked at in one window."""


def align(
    aligner: SoundSwallower,
    blocks: Iterable[Samples],
    words: Sequence[str],
    phones: bool = False,
    window: float = WINDOW,
) -> Iterator[tuple[float, list[Word | None]]]:
    """The times of the words, in seconds from the start of the blocks of 16 kHz samples.

    Yields the words of each window with the time at which it ends. In all, one item for each word:
    None for a word that cannot be timed. The blocks are read to the end.
    """
    reader = iter(blocks)
    sound = np.zeros(0, np.float32)
    size, start, at = round(window * SAMPLE_RATE), 0.0, 0
    while True:
        sound = _filled(sound, reader, size + size // 2)
        length = len(sound) / SAMPLE_RATE
        if len(sound) < size + size // 2:
            last = aligner.align(sound, words[at:], None, phones)
            yield start + length, [_later(word, start) for word in last]
            return
        some = words[at : at + round(window * FASTEST)]
        found = aligner.align_beginning(sound[:size], some, phones)
        count, cut = _kept(found, window)
        samples = round(100 * cut) * FRAME
        yield start + cut, [_later(word, start) for word in found[:count]]
        at += count
        sound, start = sound[samples:].copy(), start + samples / SAMPLE_RATE


def _filled(sound: Samples, reader: Iterator[Samples], size: int) -> Samples:
    """The sound with blocks added until it has at least `size` samples, or the blocks end."""
    parts = [sound]
    count = len(sound)
    while count < size and (block := next(reader, None)) is not None:
        parts.append(block)
        count += len(block)
    return np.concatenate(parts)


def _kept(found: Sequence[Word | None], window: float) -> tuple[int, float]:
    """The number of words to keep, and the second at which the next window begins."""
    share = window / WINDOW
    latest = window - AHEAD * share
    earliest = latest - CUT * share
    timed = [(number, word) for number, word in enumerate(found) if word is not None]
    best: tuple[float, int, float] | None = None
    edges = [(0, 0.0), *((number + 1, word.end) for number, word in timed)]
    following = [*((number, word.start) for number, word in timed), (len(found), window)]
    for (count, end), (_, start) in zip(edges, following, strict=True):
        first, last = max(end, earliest), min(start, latest)
        if first <= last and (best is None or start - end > best[0]):
            best = (start - end, count, (first + last) / 2)
    if best is None:  # a word that lasts longer than `CUT`
        return next((n for n, word in timed if word.end > latest), len(found)), latest
    return best[1], best[2]


def _later(word: Word | None, seconds: float) -> Word | None:
    return shifted(word, seconds) if word else None
