"""Live transcription of samples into events, without input or output of its own.

The stream is processed in ticks of 128 ms. During speech, the phrase so far is decoded about every
`step` seconds. Words that two successive decodings agree on are final (`agreement`), and the sound
up to their end is dropped so that the phrase stays short. A pause ends the phrase and makes its
open words final. If decoding is slower than speech, only these intermediate decodings are skipped.
The events depend on the samples and the reported lag, not on the size of the pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unispeech.errors import AudioError
from unispeech.realtime.agreement import Agreement
from unispeech.realtime.events import Event, Kind
from unispeech.realtime.hearing import PROMPT_LENGTH, Hearing
from unispeech.realtime.lines import SENTENCE_ENDS
from unispeech.realtime.options import LiveOptions
from unispeech.realtime.rewording import Rewording
from unispeech.realtime.sound import Sound
from unispeech.realtime.ticks import TICK_SECONDS, Ticks
from unispeech.stages.chunking import MIN_SPEECH
from unispeech.types import FRAME_SECONDS, Chunk, Samples, Word

EARLY_PAUSE = 0.25
"""Seconds of silence after which the phrase is decoded without waiting for the next step, since it
may be complete."""
DRAFT_SPEECH = 0.4
"""Seconds of speech that the first hypothesis of a phrase needs."""
SURE_LANGUAGE = 0.8
"""Probability from which a detected language is kept at once."""
LANGUAGE_SPEECH = 5.0
"""Seconds of speech after which the likeliest language is kept, whatever its probability."""
MAX_TAIL = 0.5
"""If more seconds of speech than this follow the last word, the hypothesis is missing words."""
MAX_WORDS = 1000
"""Words after which a phrase ends without a pause; about five minutes of speech."""


class Session:
    """One stream. `feed` and `finish` yield the events up to that point.

    Not thread-safe. The sound in memory is bounded by `LiveOptions.longest`.
    """

    def __init__(
        self, hearing: Hearing, options: LiveOptions | None = None, longest_phrase: int = MAX_WORDS
    ) -> None:
        self.hearing = hearing
        self._longest_phrase = longest_phrase
        self._options = options or LiveOptions()
        self._pad = round(hearing.options.vad.pad / FRAME_SECONDS)
        self._ticks = Ticks()
        self._sound = Sound(hearing.options.vad)
        self._agreement = Agreement()
        self._drafted = 0  # the end of the newest hypothesis, in frames
        self._trusted = False  # True if it may become final without another decoding
        self._phrase: list[Word] = []  # the final words of the phrase
        self._before = ""  # the prompt: final text before the sound in memory
        self._language = ""
        self._final_end = 0.0  # the end of the last final word
        self._waiting = 0.0
        self._rewording = Rewording(hearing.options)

    @property
    def time(self) -> float:
        """Seconds of the stream that have been processed."""
        return self._sound.end * FRAME_SECONDS

    @property
    def language(self) -> str:
        """The language of the stream, or empty while it is uncertain."""
        return self._language

    def feed(self, samples: Samples, waiting: float = 0.0) -> Iterator[Event]:
        """Yield the events of the next samples (mono, 16 kHz, float32, shape (n,), any n).

        `waiting` is the length of the sound that has arrived after these, in seconds. While it is
        not zero, partial results are skipped to catch up. Lazy: events that are not taken are
        yielded by the next call.

        Raises:
            AudioError: the samples have another type or shape.
        """
        if samples.dtype != "float32" or samples.ndim != 1:
            raise AudioError(
                f"samples of {samples.dtype} and shape {samples.shape}",
                "feed float32 of shape (n,), at 16 kHz",
            )
        self._ticks.put(samples)
        self._waiting = waiting
        return self._rewording.changed(self._process())

    def flush(self) -> Iterator[Event]:
        """End the phrase here, with or without a pause, and yield its events. The stream goes on.

        The unfinished tick is padded with silence, so `time` advances to its end.
        """
        return self._rewording.changed(self._flush())

    def _flush(self) -> Iterator[Event]:
        yield from self._process()
        self._ticks.fill()
        yield from self._process()
        yield from self._end_phrase(self._sound.end)

    def discard(self) -> None:
        """Forget the phrase that has not ended, and its sound. The stream goes on."""
        self._ticks.fill()
        for samples in self._ticks.whole():
            self._sound.add(samples)
        self._sound.drop(self._sound.end)
        self._agreement = Agreement()
        self._phrase, self._before = [], ""
        self._rewording.discard()

    def finish(self) -> Iterator[Event]:
        """End the stream and yield its last events. Feed nothing afterwards."""
        self._waiting = 0.0
        return self.flush()

    def _process(self) -> Iterator[Event]:
        for samples in self._ticks.whole():
            self._sound.add(samples)
            yield from self._tick()

    def _tick(self) -> Iterator[Event]:
        """End, cut or decode the phrase, if the newest tick requires it."""
        sound = self._sound
        first = sound.first()
        if first is None:
            if self._phrase:  # all of its speech was before a cut
                yield from self._end_phrase(sound.end)
            sound.drop(sound.end - self._pad)
            return
        if not self._phrase:
            sound.drop(min(first, sound.end) - self._pad)
        last = sound.last()
        quiet = (sound.end - last) * FRAME_SECONDS
        if quiet >= self._options.endpoint:
            yield from self._end_phrase(last + self._pad)
        elif (sound.end - sound.start) * FRAME_SECONDS >= self._options.longest:
            yield from self._cut_phrase()
        elif self._waiting < TICK_SECONDS and self._due(last, quiet):
            yield from self._draft()

    def _due(self, last: int, quiet: float) -> bool:
        """Return True if a step has passed since the last decoding, or a pause may have begun."""
        if self._drafted >= last:
            return False
        step = (self._sound.end - max(self._drafted, self._sound.start)) * FRAME_SECONDS
        return step >= self._options.step or quiet >= EARLY_PAUSE

    def _draft(self) -> Iterator[Event]:
        sound = self._sound
        if sound.spoken() < DRAFT_SPEECH:
            return
        chunk = sound.chunk(sound.end, self._phrase_language(sound.end))
        hypothesis = self.hearing.draft(chunk, self._before)
        self._drafted = sound.end
        self._trusted = bool(self._language) and not hypothesis.doubt
        if hypothesis.doubt:
            return
        end = hypothesis.words[-1].end if hypothesis.words else 0.0
        self._trusted &= end > sound.last() * FRAME_SECONDS - MAX_TAIL
        if self._language:
            final, open_words = self._agreement.add(hypothesis.words)
        else:
            final, open_words = [], list(hypothesis.words)
        yield from self._final(final)
        if open_words:
            yield self._event("partial", open_words)
        if chunk.duration > self._options.keep:
            self._shorten()

    def _phrase_language(self, end: int) -> str:
        """Return the likeliest language, and keep it if it is probable or has had enough speech."""
        if self._language:
            return self._language
        chunk = self._sound.chunk(end, "")
        language, probability = self.hearing.language(chunk.samples)
        if probability >= SURE_LANGUAGE or chunk.speech_duration >= LANGUAGE_SPEECH:
            self._language = language
        return language

    def _end_phrase(self, end: int) -> Iterator[Event]:
        """End the phrase at a pause or the end of the stream: all its words become final."""
        sound = self._sound
        end = min(end, sound.end)
        if sound.first() is not None:
            if sound.spoken() >= MIN_SPEECH or self._phrase:
                yield from self._finalize(end)
            sound.drop(end)
        yield from self._close_phrase()
        self._before = ""
        self._agreement = Agreement()
        if self.hearing.options.language_per_chunk:
            self._language = ""
        sound.drop(sound.end - self._pad)

    def _close_phrase(self) -> Iterator[Event]:
        if self._phrase:
            yield self._event("endpoint", self._phrase)
        self._phrase = []

    def _finalize(self, end: int) -> Iterator[Event]:
        """Make all words up to a frame final; report a gap if they cannot be trusted."""
        language = self._phrase_language(end)
        self._language = self._language or language
        if self._trusted and self._drafted >= self._sound.last():
            yield from self._final(self._agreement.finish())
            return
        chunk = self._sound.chunk(end, language)
        hypothesis = self.hearing.decode(chunk, self._before)
        if hypothesis.doubt:
            yield self._gap(chunk, hypothesis.doubt)
        yield from self._final(self._agreement.finish(hypothesis.words))

    def _cut_phrase(self) -> Iterator[Event]:
        """Cut a phrase of maximum length: at least its first half becomes final."""
        sound = self._sound
        chunk = sound.chunk(sound.end, self._phrase_language(sound.end))
        self._language = self._language or chunk.language or ""
        hypothesis = self.hearing.decode(chunk, self._before)
        middle = (sound.start + sound.end) // 2
        new = self._agreement.after_final(hypothesis.words)
        cut = _widest_pause(new, middle * FRAME_SECONDS) or sound.quietest(middle, sound.end)
        if hypothesis.doubt:
            yield self._gap(chunk, hypothesis.doubt)
        certain = [word for word in new if word.end <= (cut + 1) * FRAME_SECONDS]
        yield from self._final(self._agreement.accept(certain))
        self._drop_before(cut)
        self._trusted = False  # the last hypothesis was accepted only up to the cut

    def _shorten(self) -> None:
        """Drop the start of the phrase up to a final word, best after a sentence or at a pause."""
        final = self._agreement.final
        best, best_score = 0.0, 0.0
        for word, following in zip(final, final[1:], strict=False):
            score = following.start - word.end + 0.1
            if word.word.strip()[-1:] in SENTENCE_ENDS:
                score += 0.5
            score += 0.02 * (word.end - final[0].start)
            if score > best_score:
                best, best_score = (word.end + following.start) / 2, score
        if best:
            self._drop_before(round(best / FRAME_SECONDS))

    def _drop_before(self, frame: int) -> None:
        time = frame * FRAME_SECONDS
        dropped = [word for word in self._agreement.final if word.end <= time]
        self._before = (self._before + _text(dropped))[-PROMPT_LENGTH:]
        self._agreement.drop_before(time)
        self._sound.drop(frame)

    def _final(self, words: list[Word]) -> Iterator[Event]:
        """Report words as final, with times that never decrease."""
        if not words:
            return
        ordered: list[Word] = []
        for word in words:
            start = max(word.start, self._final_end)
            self._final_end = max(word.end, start)
            ordered.append(replace(word, start=start, end=self._final_end))
        self._phrase += ordered
        yield self._event("final", ordered)
        if len(self._phrase) >= self._longest_phrase:
            yield from self._close_phrase()

    def _gap(self, chunk: Chunk, reason: str) -> Event:
        start = round(min(max(chunk.start, self._final_end), chunk.end), 3)
        end = round(chunk.end, 3)
        return Event("gap", start, end, "", (), self._language, self._waiting, reason)

    def _event(self, kind: Kind, words: list[Word]) -> Event:
        return Event(
            kind,
            words[0].start,
            words[-1].end,
            _text(words),
            tuple(words),
            self._language,
            self._waiting,
        )


def _widest_pause(words: list[Word], earliest: float) -> int | None:
    """Return the middle frame of the widest pause after a word that ends at `earliest` or later."""
    pauses = [
        (following.start - word.end, (word.end + following.start) / 2)
        for word, following in zip(words, words[1:], strict=False)
        if word.end >= earliest
    ]
    return round(max(pauses)[1] / FRAME_SECONDS) if pauses else None


def _text(words: list[Word]) -> str:
    return "".join(word.word for word in words)
