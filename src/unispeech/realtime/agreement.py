"""Which words of a growing phrase are certain: those that two hypotheses in a row agree on.

LocalAgreement-2 (Liu et al., "Low-latency sequence-to-sequence speech recognition and translation
by partial hypothesis selection", 2020; used for Whisper by Macháček et al., 2023). A new hypothesis
is laid beside the words that are final already by their text and their times, and what comes after
them is compared with what the last hypothesis said there.
"""

from __future__ import annotations

from collections.abc import Sequence

from unispeech.types import Word

SECOND = 1.0
"""What it costs to be a second off in time, counted in words that differ."""


class Agreement:
    """The words of one stretch of sound: `final` are certain, in order, and never taken back."""

    def __init__(self) -> None:
        self.final: list[Word] = []
        self._last: list[Word] = []

    def hear(self, words: Sequence[Word]) -> tuple[list[Word], list[Word]]:
        """A hypothesis of the whole stretch: the words it makes certain, and those still open.

        Its last word stays open: it may be half a word, and the mark after it is a guess.
        """
        new = self.beyond(words)
        agreed = 0
        most = min(len(new) - 1, len(self._last))
        while agreed < most and _same(new[agreed], self._last[agreed]):
            agreed += 1
        self._last = new[agreed:]
        return self._commit(new[:agreed]), new[agreed:]

    def settle(self, words: Sequence[Word] | None = None) -> list[Word]:
        """No more is to come: all words of this hypothesis, or of the last one, are certain."""
        return self.accept(self._last if words is None else self.beyond(words))

    def accept(self, words: list[Word]) -> list[Word]:
        """These words come next, whatever was heard before."""
        self._last = []
        return self._commit(words)

    def forget(self, before: float) -> None:
        """The stretch begins later now; words that ended by then are no longer in it."""
        self.final = [word for word in self.final if word.end > before]

    def beyond(self, words: Sequence[Word]) -> list[Word]:
        """The part of a hypothesis that comes after the final words."""
        return list(words[_overlap(self.final, words) :])

    def _commit(self, words: list[Word]) -> list[Word]:
        self.final += words
        return words


def _overlap(final: Sequence[Word], words: Sequence[Word]) -> int:
    """How many of `words` say what is final already: the cheapest cut by text and by time."""
    if not final or not words:
        return 0
    texts = [plain(word.word) for word in words]
    row = list(range(len(words) + 1))
    for done, word in enumerate(final, 1):
        said = plain(word.word)
        above, row = row, [done]
        for i, text in enumerate(texts):
            row.append(min(above[i] + (said != text), above[i + 1] + 1, row[i] + 1))
    end = final[-1].end
    costs = [cost + SECOND * _late(words, cut, end) for cut, cost in enumerate(row)]
    return min(range(len(costs)), key=costs.__getitem__)


def _late(words: Sequence[Word], cut: int, end: float) -> float:
    """Seconds by which `end` misses the pause between the words before and after a cut."""
    after = end - words[cut].start if cut < len(words) else 0.0
    before = words[cut - 1].end - end if cut else 0.0
    return max(0.0, after, before)


def _same(one: Word, other: Word) -> bool:
    return plain(one.word) == plain(other.word)


def plain(word: str) -> str:
    """A word without case, spaces and punctuation; a mark standing alone stays itself."""
    word = word.strip().casefold()
    return "".join(c for c in word if c.isalnum()) or word
