"""A live session of a model that decodes while the sound arrives.

Such a model never takes a token back, so a word is final once the next begins. A pause is what the
model says it is: a time without a token.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unispeech.backends.base import LiveStream, Phrase
from unispeech.backends.failures import trusted
from unispeech.errors import UnsupportedOption
from unispeech.realtime.events import Event
from unispeech.realtime.hearing import Hearing
from unispeech.realtime.options import LiveOptions
from unispeech.realtime.session import MAX_WORDS, Session
from unispeech.realtime.ticks import TICK_SECONDS
from unispeech.types import Samples

SHORT_PAUSE = 0.2
"""Seconds without a token at which a phrase of maximum length ends."""


class StreamingSession(Session):
    """One stream, decoded by the model itself instead of in windows."""

    def __init__(
        self,
        hearing: Hearing,
        stream: LiveStream,
        options: LiveOptions | None = None,
        longest_phrase: int = MAX_WORDS,
    ) -> None:
        super().__init__(hearing, options, longest_phrase)
        self._stream = stream
        self._time = 0.0
        self._taken = 0  # words of the phrase that are final
        self._shown = ""  # the last partial text
        self._language = hearing.language(np.zeros(0, np.float32))[0]
        for name in ("step", "keep"):
            if getattr(self._options, name) != getattr(LiveOptions(), name):
                raise UnsupportedOption(
                    f"{name}: the model decodes while the sound arrives, not in windows",
                    "leave it out", option=name,
                )  # fmt: skip

    @property
    def time(self) -> float:
        return self._time

    def discard(self) -> None:
        self._ticks.fill()
        for samples in self._ticks.whole():
            self._decode(samples)
        self._stream.end()
        self._phrase, self._taken, self._shown = [], 0, ""
        self._rewording.discard()

    def _process(self) -> Iterator[Event]:
        for samples in self._ticks.whole():
            phrase = self._decode(samples)
            words = phrase.words
            begun = words[0].start if words else self._time
            is_long = self._time - begun >= self._options.longest and phrase.quiet >= SHORT_PAUSE
            if words and (phrase.quiet >= self._options.endpoint or is_long):
                self._stream.next_phrase()
                yield from self._end(phrase)
            else:
                yield from self._grow(phrase)

    def _decode(self, samples: Samples) -> Phrase:
        self._time += TICK_SECONDS
        with trusted(self.hearing.backend.name):
            return self._stream.feed(samples)

    def _grow(self, phrase: Phrase) -> Iterator[Event]:
        """Report the words before the last as final, and the last as partial."""
        yield from self._take(phrase, len(phrase.words) - 1)
        text = phrase.words[-1].word if phrase.words else ""
        if text and text != self._shown:
            yield self._event("partial", [phrase.words[-1]])
        self._shown = text

    def _end(self, phrase: Phrase) -> Iterator[Event]:
        yield from self._take(phrase, len(phrase.words))
        yield from self._close_phrase()
        self._taken, self._shown = 0, ""

    def _take(self, phrase: Phrase, count: int) -> Iterator[Event]:
        if count > self._taken:
            new = list(phrase.words[self._taken : count])
            self._taken = count
            yield from self._final(new)

    def _flush(self) -> Iterator[Event]:
        yield from self._process()
        self._ticks.fill()
        yield from self._process()
        with trusted(self.hearing.backend.name):
            phrase = self._stream.end()
        yield from self._end(phrase)
