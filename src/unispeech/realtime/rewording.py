"""Text rules over the events of a live session.

A rule sees a line: a sentence, or the words up to a pause. Words become final with their line, so
that a rule for several words finds all of them; until then they are partial.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from unispeech.errors import OptionError
from unispeech.options import TranscribeOptions
from unispeech.realtime.events import Event
from unispeech.realtime.lines import Lines
from unispeech.text.rules import reworded, written_language
from unispeech.types import Segment, Word


class Rewording:
    """The rules of one stream. Without rules, all events stay as they are."""

    def __init__(self, options: TranscribeOptions) -> None:
        self._rules = options.text
        self._task = options.decode.task
        self.discard()

    def discard(self) -> None:
        """Forget the phrase that has not ended."""
        self._lines = Lines()
        self._phrase: list[Word] = []

    def changed(self, events: Iterator[Event]) -> Iterator[Event]:
        """The events after the rules.

        Raises:
            OptionError: a rule does not know the language, or a regular expression takes too long.
        """
        if not self._rules.chosen:
            return events
        return (changed for event in events for changed in self._changed(event))

    def _changed(self, event: Event) -> Iterator[Event]:
        if event.type == "partial":
            yield self._partial(event, event.words)
        elif event.type == "gap":
            yield event
        else:
            yield from self._final(event)

    def _final(self, event: Event) -> Iterator[Event]:
        """The lines that a final or an endpoint completes, and then the rest or the phrase."""
        for line in self._lines.add(event):
            yield self._line(event, line)
        if event.type == "endpoint":
            text = "".join(word.word for word in self._phrase)
            yield replace(event, text=text, words=tuple(self._phrase))
            self.discard()
        elif self._lines.words:
            yield self._partial(event, ())

    def _line(self, event: Event, line: Segment) -> Event:
        new = self._reworded(line, event.language)
        self._phrase += new.words
        return Event(
            "final", line.start, line.end, new.text, new.words, event.language, event.lag,
            original=line.words if new is not line else (),
        )  # fmt: skip

    def _partial(self, event: Event, words: Sequence[Word]) -> Event:
        shown = (*self._lines.words, *words)
        text = "".join(word.word for word in shown)
        line = Segment(0, shown[0].start, shown[-1].end, text, shown)
        try:
            new = self._reworded(line, event.language)
        except OptionError:
            if event.language:
                raise
            new = line  # the language may be detected before the line ends
        return replace(
            event, type="partial", start=line.start, end=line.end, text=new.text, words=new.words
        )

    def _reworded(self, line: Segment, language: str) -> Segment:
        return reworded(line, self._rules, written_language(language, self._task))
