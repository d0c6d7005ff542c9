"""LocalAgreement-2: words of a growing phrase are final once two successive hypotheses agree.

Liu et al., "Low-latency sequence-to-sequence speech recognition and translation by partial
hypothesis selection", 2020; used for Whisper by Macháček et al., 2023. A new hypothesis is aligned
with the final words by text and time. The words after them are compared with those of the previous
hypothesis.
"""

from __future__ import annotations

from collections.abc import Sequence

from unispeech.types import Word

TIME_COST = 1.0
"""The cost of one second of misalignment, in words that differ."""


class Agreement:
    """The words of one stretch of sound; those in `final` are in order and never taken back."""

    def __init__(self) -> None:
        self.final: list[Word] = []
        self._previous: list[Word] = []

    def add(self, words: Sequence[Word]) -> tuple[list[Word], list[Word]]:
        """Add a hypothesis of the whole stretch. Return its newly final and its open words.

        The last word stays open: it may be cut short, and its punctuation is a guess.
        """
        new = self.after_final(words)
        agreed = 0
        most = min(len(new) - 1, len(self._previous))
        while agreed < most and _same(new[agreed], self._previous[agreed]):
            agreed += 1
        self._previous = new[agreed:]
        return self._commit(new[:agreed]), new[agreed:]

    def finish(self, words: Sequence[Word] | None = None) -> list[Word]:
        """End of phrase: accept all words of this hypothesis (or of the last one)."""
        return self.accept(self._previous if words is None else self.after_final(words))

    def accept(self, words: list[Word]) -> list[Word]:
        """Make these the next final words, whatever the hypotheses said."""
        self._previous = []
        return self._commit(words)

    def drop_before(self, time: float) -> None:
        """Move the start of the stretch to a time; final words that end before it are dropped."""
        self.final = [word for word in self.final if word.end > time]

    def after_final(self, words: Sequence[Word]) -> list[Word]:
        """The part of a hypothesis that follows the final words."""
        return list(words[_overlap(self.final, words) :])

    def _commit(self, words: list[Word]) -> list[Word]:
        self.final += words
        return words


def _overlap(final: Sequence[Word], words: Sequence[Word]) -> int:
    """The number of leading `words` that repeat the final ones: the cheapest cut by edit distance
    and time."""
    if not final or not words:
        return 0
    texts = [plain(word.word) for word in words]
    row = list(range(len(words) + 1))
    for count, word in enumerate(final, 1):
        final_text = plain(word.word)
        above, row = row, [count]
        for i, text in enumerate(texts):
            row.append(min(above[i] + (final_text != text), above[i + 1] + 1, row[i] + 1))
    end = final[-1].end
    costs = [cost + TIME_COST * _misalignment(words, cut, end) for cut, cost in enumerate(row)]
    return min(range(len(costs)), key=costs.__getitem__)


def _misalignment(words: Sequence[Word], cut: int, end: float) -> float:
    """Seconds by which `end` misses the pause between the words before and after a cut."""
    after = end - words[cut].start if cut < len(words) else 0.0
    before = words[cut - 1].end - end if cut else 0.0
    return max(0.0, after, before)


def _same(first: Word, second: Word) -> bool:
    return plain(first.word) == plain(second.word)


def plain(word: str) -> str:
    """The word in lower case without spaces and punctuation; a lone punctuation mark stays."""
    word = word.strip().casefold()
    return "".join(c for c in word if c.isalnum()) or word
