"""Readable lines from final events: a sentence each, or the words up to a pause."""

from __future__ import annotations

from unispeech.realtime.events import Event
from unispeech.types import Segment, Word

SENTENCE_ENDS = ".?!。？！…"
MIN_LENGTH = 24
"""Characters that a line needs for a full stop to end it, so that "Mr." does not."""
MAX_LENGTH = 200
"""Characters after which a line ends at any word."""


class Lines:
    """The unfinished line; complete lines are returned as they end."""

    def __init__(self) -> None:
        self._words: list[Word] = []
        self._language = ""
        self._count = 0

    @property
    def words(self) -> tuple[Word, ...]:
        """The final words of the unfinished line."""
        return tuple(self._words)

    @property
    def text(self) -> str:
        """The text of the unfinished line."""
        return "".join(word.word for word in self._words)

    @property
    def start(self) -> float | None:
        """The start of the unfinished line, or None before its first final word."""
        return self._words[0].start if self._words else None

    def add(self, event: Event) -> list[Segment]:
        """Add an event and return the lines that it completes."""
        complete: list[Segment] = []
        if event.type == "final":
            self._language = event.language
            for word in event.words:
                self._words.append(word)
                if self._ends_with(word):
                    complete.append(self._line())
        elif event.type == "endpoint":
            complete += self.end()
        return complete

    def end(self) -> list[Segment]:
        """Return the unfinished line, if there is one."""
        return [self._line()] if self._words else []

    def _ends_with(self, word: Word) -> bool:
        length = len(self.text)
        return length >= MAX_LENGTH or (
            length >= MIN_LENGTH and word.word.rstrip()[-1:] in SENTENCE_ENDS
        )

    def _line(self) -> Segment:
        words, self._words = tuple(self._words), []
        self._count += 1
        return Segment(
            id=self._count - 1,
            start=words[0].start,
            end=words[-1].end,
            text="".join(word.word for word in words),
            words=words,
            language=self._language or None,
        )
