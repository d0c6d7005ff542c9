"""Samples in, events out: live transcription without any input or output of its own.

The stream is heard in ticks of 128 ms. While somebody speaks, the phrase so far is decoded about
every `step` seconds; the words that two decodings agree on are final (`agreement`), and sound is
let go where they end, so the phrase stays short. A pause ends the phrase: what is still open
becomes final. When decoding is slower than speech, the decodings in between are left out; nothing
else is. What comes out depends on the samples and on how far behind the session was told to be,
never on the pieces the samples came in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unispeech.errors import AudioError
from unispeech.realtime.agreement import Agreement
from unispeech.realtime.events import Event, Kind
from unispeech.realtime.hearing import PROMPT, Hearing
from unispeech.realtime.options import LiveOptions
from unispeech.realtime.sound import Sound
from unispeech.realtime.ticks import TICK_SECONDS, Ticks
from unispeech.stages.chunking import MIN_SPEECH
from unispeech.types import FRAME_SECONDS, Chunk, Samples, Word

BREATH = 0.25
"""Seconds of silence after which the phrase is decoded without waiting for the next step: nothing
more may come."""
DRAFT_SPEECH = 0.4
"""Seconds of speech that are worth a hypothesis."""
SURE = 0.8
"""Probability of a language at which nothing is waited for."""
ENOUGH = 5.0
"""Seconds of speech after which the likeliest language has to do."""
TAIL = 0.5
"""Seconds of speech after the last word of a hypothesis that are too many for it to be the last."""
MOST = 1000
"""Words of a phrase, after which it is closed without a pause: five minutes of them."""
SENTENCE_ENDS = ".?!。？！…"


class Session:
    """One stream. `feed` it samples, and `finish` it; both give the events there are by then.

    Not for several threads at once. Sound held is bounded by `LiveOptions.longest`.
    """

    def __init__(
        self, hearing: Hearing, options: LiveOptions | None = None, longest_phrase: int = MOST
    ) -> None:
        self.hearing = hearing
        self._longest_phrase = longest_phrase
        self._options = options or LiveOptions()
        self._pad = round(hearing.options.vad.pad / FRAME_SECONDS)
        self._ticks = Ticks()
        self._sound = Sound(hearing.options.vad)
        self._agreement = Agreement()
        self._drafted = 0  # the frame that the newest hypothesis reaches,
        self._trusted = False  # and whether it may become final as it is
        self._phrase: list[Word] = []  # the final words of the phrase
        self._before = ""  # what the model is told came before the sound held
        self._language = ""
        self._said_to = 0.0  # where the last final word ends
        self._waiting = 0.0

    @property
    def time(self) -> float:
        """Seconds of the stream that were heard."""
        return self._sound.end * FRAME_SECONDS

    @property
    def language(self) -> str:
        """The language of the stream, or empty while it is not certain."""
        return self._language

    def feed(self, samples: Samples, waiting: float = 0.0) -> Iterator[Event]:
        """The events of the next samples (mono, 16 kHz, float32, shape (n,), n whatever it is).

        `waiting` is how many seconds of sound have arrived after these: while there are any,
        partial hypotheses are left out to catch up. Lazy; what is not asked for comes next time.

        Raises:
            AudioError: the samples are of another kind.
        """
        if samples.dtype != "float32" or samples.ndim != 1:
            raise AudioError(
                f"samples of {samples.dtype} and shape {samples.shape}",
                "feed float32 of shape (n,), at 16 kHz",
            )
        self._ticks.put(samples)
        self._waiting = waiting
        return self._hear()

    def flush(self) -> Iterator[Event]:
        """End the phrase here, whether the speaker paused or not; the stream goes on.

        The clock goes on to the next whole tick.
        """
        yield from self._hear()
        self._ticks.fill()
        yield from self._hear()
        yield from self._end_phrase(self._sound.end)

    def finish(self) -> Iterator[Event]:
        """The stream has ended: the events that were still to come. Nothing may be fed after."""
        self._waiting = 0.0
        return self.flush()

    def _hear(self) -> Iterator[Event]:
        for samples in self._ticks.whole():
            self._sound.add(samples)
            yield from self._tick()

    def _tick(self) -> Iterator[Event]:
        """What the newest tick calls for."""
        sound = self._sound
        first = sound.first()
        if first is None:
            if self._phrase:  # a cut came after the last of its speech
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
            yield from self._cut_anywhere()
        elif self._waiting < TICK_SECONDS and self._due(last, quiet):
            yield from self._draft()

    def _due(self, last: int, quiet: float) -> bool:
        """Whether to decode the phrase now: a step later, or at the first breath after speech."""
        if self._drafted >= last:
            return False
        step = (self._sound.end - max(self._drafted, self._sound.start)) * FRAME_SECONDS
        return step >= self._options.step or quiet >= BREATH

    def _draft(self) -> Iterator[Event]:
        sound = self._sound
        if sound.spoken() < DRAFT_SPEECH:
            return
        chunk = sound.chunk(sound.end, self._tongue(sound.end))
        heard = self.hearing.draft(chunk, self._before)
        self._drafted = sound.end
        self._trusted = bool(self._language) and not heard.doubt
        if heard.doubt:
            return
        ends = heard.words[-1].end if heard.words else 0.0
        self._trusted &= ends > sound.last() * FRAME_SECONDS - TAIL
        if self._language:
            final, open_words = self._agreement.hear(heard.words)
        else:
            final, open_words = [], list(heard.words)
        yield from self._final(final)
        if open_words:
            yield self._event("partial", open_words)
        if chunk.duration > self._options.keep:
            self._let_go()

    def _tongue(self, end: int) -> str:
        """The language of the phrase; certain once it was heard well or long enough."""
        if self._language:
            return self._language
        chunk = self._sound.chunk(end, "")
        language, probability = self.hearing.language(chunk.samples)
        if probability >= SURE or chunk.speech_duration >= ENOUGH:
            self._language = language
        return language

    def _end_phrase(self, end: int) -> Iterator[Event]:
        """The speaker paused, or the stream is over: everything becomes final."""
        sound = self._sound
        end = min(end, sound.end)
        if sound.first() is not None:
            if sound.spoken() >= MIN_SPEECH or self._phrase:
                yield from self._settle(end)
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

    def _settle(self, end: int) -> Iterator[Event]:
        """Make everything up to a frame final; what cannot be trusted is told."""
        language = self._tongue(end)
        self._language = self._language or language
        if self._trusted and self._drafted >= self._sound.last():
            yield from self._final(self._agreement.settle())
            return
        chunk = self._sound.chunk(end, language)
        heard = self.hearing.settle(chunk, self._before)
        if heard.doubt:
            yield self._gap(chunk, heard.doubt)
        yield from self._final(self._agreement.settle(heard.words))

    def _cut_anywhere(self) -> Iterator[Event]:
        """The phrase is as long as it may get: its first half or more becomes final."""
        sound = self._sound
        chunk = sound.chunk(sound.end, self._tongue(sound.end))
        self._language = self._language or chunk.language or ""
        heard = self.hearing.settle(chunk, self._before)
        middle = (sound.start + sound.end) // 2
        new = self._agreement.beyond(heard.words)
        cut = _widest(new, middle * FRAME_SECONDS) or sound.quietest(middle, sound.end)
        if heard.doubt:
            yield self._gap(chunk, heard.doubt)
        certain = [word for word in new if word.end <= (cut + 1) * FRAME_SECONDS]
        yield from self._final(self._agreement.accept(certain))
        self._let_go_before(cut)
        self._trusted = False  # what comes after the cut is not in the last hypothesis any more

    def _let_go(self) -> None:
        """Cut the phrase between two final words, best after a sentence or in a pause."""
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
            self._let_go_before(round(best / FRAME_SECONDS))

    def _let_go_before(self, frame: int) -> None:
        before = frame * FRAME_SECONDS
        gone = [word for word in self._agreement.final if word.end <= before]
        self._before = (self._before + _text(gone))[-PROMPT:]
        self._agreement.forget(before)
        self._sound.drop(frame)

    def _final(self, words: list[Word]) -> Iterator[Event]:
        """Say words for good, none before the end of the one before."""
        if not words:
            return
        said: list[Word] = []
        for word in words:
            start = max(word.start, self._said_to)
            self._said_to = max(word.end, start)
            said.append(replace(word, start=start, end=self._said_to))
        self._phrase += said
        yield self._event("final", said)
        if len(self._phrase) >= self._longest_phrase:
            yield from self._close_phrase()

    def _gap(self, chunk: Chunk, reason: str) -> Event:
        start = round(min(max(chunk.start, self._said_to), chunk.end), 3)
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


def _widest(words: list[Word], earliest: float) -> int | None:
    """The frame in the widest pause between two words that comes late enough."""
    pauses = [
        (following.start - word.end, (word.end + following.start) / 2)
        for word, following in zip(words, words[1:], strict=False)
        if word.end >= earliest
    ]
    return round(max(pauses)[1] / FRAME_SECONDS) if pauses else None


def _text(words: list[Word]) -> str:
    return "".join(word.word for word in words)
