"""Estimated times of words, in proportion to their letters, between words with known times."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from os.path import commonprefix

from unispeech.types import Word

ESTIMATED = "estimated"
"""The value of `Word.timed_by`."""
_WORD = re.compile(r"\s*\S+")
SIGNS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
"""Characters of scripts without spaces: Thai, Lao, Burmese, Khmer, kana, Han."""


def split(text: str) -> list[str]:
    """Split a text into words with their leading space, or characters in spaceless scripts.

    The words join to the text, without space at its end.
    """
    words: list[str] = []
    for word in _WORD.findall(text):
        words += _signs(word) if SIGNS.search(word) else [word]
    return words


def interpolated(text: str, start: float, end: float) -> tuple[Word, ...]:
    """Distribute the words of a text over a time span by their length; probability 1.

    Such words are `estimated`, also if there is a single one.
    """
    words = split(text)
    sizes = [_size(word) for word in words]
    total = sum(sizes) or 1
    times = [start]
    for size in sizes:
        times.append(times[-1] + (end - start) * size / total)
    return tuple(
        Word(round(times[n], 3), round(times[n + 1], 3), word, 1.0, timed_by=ESTIMATED)
        for n, word in enumerate(words)
    )


def respelled(text: str, words: Sequence[Word], start: float, end: float) -> tuple[Word, ...]:
    """Return the words of a corrected text, given the words before the correction.

    Unchanged words keep their times. New words take the times of the words they replace, and how
    those were obtained, if the number is the same; otherwise they are interpolated. They have no
    letters and phones. The page implements the same rules (static/transcript/words.js);
    tests/retiming.json has cases for both.
    """
    if "".join(word.word for word in words).split() == text.split():
        return tuple(words)
    fresh, words = split(text), [piece for word in words for piece in pieces(word)]
    spellings = [word.word.strip() for word in words]
    timed: list[Word] = []
    o = f = 0
    for a, b, size in _runs(spellings, [word.strip() for word in fresh]):
        timed += _new_words(fresh[f:b], words, o, a, start, end)
        unchanged = zip(words[a : a + size], fresh[b : b + size], strict=True)
        timed += [replace(word, word=spelling) for word, spelling in unchanged]
        o, f = a + size, b + size
    return tuple(timed)


def _runs(old: list[str], new: list[str]) -> list[tuple[int, int, int]]:
    """Return the runs of unchanged words: the common head and tail, and the matches between."""
    head = len(commonprefix([old, new]))
    tail = len(commonprefix([old[head:][::-1], new[head:][::-1]]))
    last, end = len(old) - tail, len(new) - tail
    matcher = SequenceMatcher(None, old[head:last], new[head:end], autojunk=False)
    blocks = [(head + a, head + b, size) for a, b, size in matcher.get_matching_blocks()]
    return [(0, 0, head), *blocks, (last, end, tail)]


def _new_words(
    fresh: Sequence[str], words: Sequence[Word], a: int, b: int, start: float, end: float
) -> list[Word]:
    """Return the new words that replace `words[a:b]`."""
    if len(fresh) == b - a:
        pairs = zip(words[a:b], fresh, strict=True)
        return [
            replace(w, word=text, probability=1.0, characters=(), phones=()) for w, text in pairs
        ]
    since = words[a].start if a < b else (words[a - 1].end if a else start)
    until = words[b - 1].end if a < b else (words[b].start if b < len(words) else end)
    speaker = words[min(a, len(words) - 1)].speaker
    spread = interpolated("".join(fresh), since, max(since, until))
    return [replace(word, speaker=speaker) for word in spread]


def pieces(word: Word) -> Sequence[Word]:
    """A word of a spaceless script, split into its characters."""
    if not SIGNS.search(word.word):
        return [word]
    signs = interpolated(word.word, word.start, word.end)
    if len(signs) == 1:
        return [replace(word, word=signs[0].word)]
    return [replace(s, probability=word.probability, speaker=word.speaker) for s in signs]


def _signs(word: str) -> list[str]:
    """Characters of a spaceless script; punctuation and other scripts stay with the one before."""
    parts: list[str] = []
    for character in word:
        opens = SIGNS.match(character) and not unicodedata.category(character).startswith("M")
        if not parts or (opens and not parts[-1].isspace()):
            parts.append(character)
        else:
            parts[-1] += character
    return parts


def _size(word: str) -> int:
    """Return the number of letters, without combining marks."""
    return sum(unicodedata.category(character) != "Mn" for character in word)
