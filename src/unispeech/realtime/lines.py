"""Finals as lines to read: a sentence, or what was said up to a pause."""

from __future__ import annotations

from unispeech.realtime.events import Event
from unispeech.realtime.session import SENTENCE_ENDS
from unispeech.types import Segment, Word

SHORT = 24
"""Characters under which a full stop does not end a line: "Mr." does not."""
LONG = 200
"""Characters after which a line ends anywhere."""


class Lines:
    """The line being said, and each line once it is complete."""

    def __init__(self) -> None:
        self._words: list[Word] = []
        self._language = ""
        self._count = 0

    @property
    def text(self) -> str:
        """What is final of the line being said."""
        return "".join(word.word for word in self._words)

    @property
    def start(self) -> float | None:
        """Where the line being said began, or None before its first final word."""
        return self._words[0].start if self._words else None

    def hear(self, event: Event) -> list[Segment]:
        """The lines that an event completes."""
        done: list[Segment] = []
        if event.type == "final":
            self._language = event.language
            for word in event.words:
                self._words.append(word)
                if self._full(word):
                    done.append(self._line())
        elif event.type == "endpoint":
            done += self.end()
        return done

    def end(self) -> list[Segment]:
        """The line being said as it is, if there is one."""
        return [self._line()] if self._words else []

    def _full(self, word: Word) -> bool:
        length = len(self.text)
        return length >= LONG or (length >= SHORT and word.word.rstrip()[-1:] in SENTENCE_ENDS)

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
