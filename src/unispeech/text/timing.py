"""Times of words that nobody has heard: as long as their letters, between those that are known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from os.path import commonprefix

from unispeech.types import Word

_WRITTEN = re.compile(r"\s*\S+")
SIGNS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
"""Signs of scripts that put no space between words: Thai, Lao, Burmese, Khmer, kana, Han."""


def split(text: str) -> list[str]:
    """The words of a text with the space before each; of a script without spaces, its signs.

    Joined with nothing between them they are the text again, but for space at its end.
    """
    words: list[str] = []
    for word in _WRITTEN.findall(text):
        words += _signs(word) if SIGNS.search(word) else [word]
    return words


def interpolated(text: str, start: float, end: float) -> tuple[Word, ...]:
    """Words over a stretch of time, each as long as its letters; probability 1."""
    words = split(text)
    sizes = [_size(word) for word in words]
    total = sum(sizes) or 1
    times = [start]
    for size in sizes:
        times.append(times[-1] + (end - start) * size / total)
    return tuple(
        Word(round(times[n], 3), round(times[n + 1], 3), word, 1.0) for n, word in enumerate(words)
    )


def respelled(text: str, words: Sequence[Word], start: float, end: float) -> tuple[Word, ...]:
    """Return the words of a corrected text, given those it had before.

    Words that stay keep their times. New words have the times of those they replace if they are as
    many, and are interpolated if not. The page does the same (static/transcript/words.js); the
    cases of tests/retiming.json hold both to it.
    """
    if "".join(word.word for word in words).split() == text.split():
        return tuple(words)
    fresh, words = split(text), [piece for word in words for piece in _pieces(word)]
    spellings = [word.word.strip() for word in words]
    found: list[Word] = []
    o = f = 0
    for a, b, size in _runs(spellings, [word.strip() for word in fresh]):
        found += _new_words(fresh[f:b], words, o, a, start, end)
        kept = zip(words[a : a + size], fresh[b : b + size], strict=True)
        found += [replace(word, word=spelling) for word, spelling in kept]
        o, f = a + size, b + size
    return tuple(found)


def _runs(old: list[str], new: list[str]) -> list[tuple[int, int, int]]:
    """Return the runs of words that stay: the common head and tail, and the longest between."""
    head = len(commonprefix([old, new]))
    tail = len(commonprefix([old[head:][::-1], new[head:][::-1]]))
    last, end = len(old) - tail, len(new) - tail
    matcher = SequenceMatcher(None, old[head:last], new[head:end], autojunk=False)
    blocks = [(head + a, head + b, size) for a, b, size in matcher.get_matching_blocks()]
    return [(0, 0, head), *blocks, (last, end, tail)]


def _new_words(
    fresh: Sequence[str], words: Sequence[Word], a: int, b: int, start: float, end: float
) -> list[Word]:
    """Return the words that stand in the place of `words[a:b]`."""
    if len(fresh) == b - a:
        pairs = zip(words[a:b], fresh, strict=True)
        return [replace(w, word=text, probability=1.0, characters=()) for w, text in pairs]
    since = words[a].start if a < b else (words[a - 1].end if a else start)
    until = words[b - 1].end if a < b else (words[b].start if b < len(words) else end)
    speaker = words[min(a, len(words) - 1)].speaker
    spread = interpolated("".join(fresh), since, max(since, until))
    return [replace(word, speaker=speaker) for word in spread]


def _pieces(word: Word) -> Sequence[Word]:
    """A word of a script without spaces, sign by sign."""
    if not SIGNS.search(word.word):
        return [word]
    signs = interpolated(word.word, word.start, word.end)
    return [replace(s, probability=word.probability, speaker=word.speaker) for s in signs]


def _signs(word: str) -> list[str]:
    """A sign each; punctuation and other scripts stay with what is before them."""
    parts: list[str] = []
    for character in word:
        opens = SIGNS.match(character) and not unicodedata.category(character).startswith("M")
        if not parts or (opens and not parts[-1].isspace()):
            parts.append(character)
        else:
            parts[-1] += character
    return parts


def _size(word: str) -> int:
    """Return the number of letters; marks over and under them are none."""
    return sum(unicodedata.category(character) != "Mn" for character in word)
