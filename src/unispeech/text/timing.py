"""Times of words that nobody has heard: as long as their letters, between those that are known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

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
    """The words of a text that was corrected, given those it had before.

    Words that are still there keep their times, the others are interpolated between them; a run of
    words in the place of a run has its time.
    """
    if "".join(word.word for word in words).split() == text.split():
        return tuple(words)
    fresh, words = split(text), [piece for word in words for piece in _pieces(word)]
    old, new = [w.word.strip() for w in words], [w.strip() for w in fresh]
    found: list[Word] = []
    for kind, a, b, i, j in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pairs = zip(words[a:b], fresh[i:j], strict=True)
            found += [replace(word, word=spelling) for word, spelling in pairs]
        elif b - a == j - i:
            pairs = zip(words[a:b], fresh[i:j], strict=True)
            found += [replace(w, word=said, probability=1.0, characters=()) for w, said in pairs]
        elif i < j:
            since = words[a].start if a < b else (words[a - 1].end if a else start)
            until = words[b - 1].end if a < b else (words[b].start if b < len(words) else end)
            said = interpolated("".join(fresh[i:j]), since, max(since, until))
            speaker = words[min(a, len(words) - 1)].speaker
            found += [replace(word, speaker=speaker) for word in said]
    return tuple(found)


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
    return sum(not unicodedata.combining(character) for character in word)
