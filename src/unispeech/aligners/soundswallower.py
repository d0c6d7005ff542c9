"""Alignment by SoundSwallower (ReadAlongs, a PocketSphinx): English and French, without torch.

Viterbi alignment with Gaussian mixtures for phones in context, frames of 10 ms. The words are a
finite-state grammar: each word in any of its pronunciations, silence and noise allowed between.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.aligners import lexicon
from unispeech.aligners.base import Aligner
from unispeech.aligners.denoising import denoised
from unispeech.aligners.edges import at_pauses, noisiness
from unispeech.aligners.pronunciation import pronunciations
from unispeech.aligners.senones import reordered
from unispeech.errors import BackendError
from unispeech.types import SAMPLE_RATE, Samples, Word

NAME = "soundswallower"
FRAME = 0.01
"""Seconds."""
PIECE = SAMPLE_RATE // 2
"""Samples searched at a time, for a few milliseconds: the library holds the interpreter lock."""
CONFIG = {
    "beam": 1e-60, "wbeam": 1e-50, "pbeam": 1e-60,
    "topn": 1, "silprob": 0.5, "bestpath": False, "loglevel": "FATAL",
}  # fmt: skip
"""Found with `benchmarks/word_times.py`: a wide beam always has a path for the right text, and one
Gaussian a codebook is faster than four and no less accurate (decisions 0080 and 0084)."""
WIDER = {"beam": 1e-200, "wbeam": 1e-180, "pbeam": 1e-200}
CEPSTRAL_MEAN = "40,3,-1"
"""The library's start value, set for every text: no result depends on earlier sound."""
SAMPLE = 8
"""Seconds of sound from which the cepstral mean is measured."""
SILENT = 0.03
"""The level of a second that is silence, relative to the loudest. A mean with much silence makes
silence look like speech, and speech like nothing (decision 0073)."""
NOISY = 0.3
"""Noisiness above which noise is reduced."""
NOISE, MORE_NOISE = 3e-4, 5e-3
"""Level of the noise added, and that of the second attempt: the acoustic models know no silence
without noise, and speech from a noise gate or a synthesizer has no path without it."""
PEAK = 0.5
"""The largest sample after scaling: quiet recordings keep their bits."""
SILENCE = Path(__file__).with_name("silence.dict")
"""A dictionary of one word: reading the model's own takes a second, and `lexicon` has it."""
MAX_VOCABULARY = 5_000
"""Pronunciations in a decoder. A fuller one is replaced."""
SHARPNESS = 100.0
"""Of the confidence: e to the power of this and the mean log score of a frame. The right words of
read speech have about 0.8, wrong words about 0.5."""


def is_installed() -> bool:
    """Return True if the library is installed. It is not imported."""
    return find_spec("soundswallower") is not None


class SoundSwallower(Aligner):
    """The acoustic model of one language. Concurrent calls wait for each other."""

    name = NAME

    def __init__(self, language: str) -> None:
        self._language = language
        self._lock = threading.Lock()
        self._decoders: dict[bool, _Decoder] = {}
        lexicon.read(language)

    def align(
        self, samples: Samples, words: Sequence[str], language: str | None, phones: bool = False
    ) -> list[Word | None]:
        return self._align(samples, words, phones, False)

    def align_beginning(
        self, samples: Samples, words: Sequence[str], phones: bool = False
    ) -> list[Word | None]:
        """As `align`, for a text that is longer than the sound: the words after its end are None.

        Times near the end of the samples are unreliable, because a word may be cut there.
        """
        return self._align(samples, words, phones, True)

    def _align(
        self, samples: Samples, words: Sequence[str], phones: bool, open_end: bool
    ) -> list[Word | None]:
        spoken = [pronunciations(word, self._language) for word in words]
        numbers = [number for number, variants in enumerate(spoken) if variants]
        if not numbers or not len(samples):
            return [None] * len(words)
        text = _Text([spoken[number] for number in numbers], phones, open_end)
        sound = denoised(samples) if noisiness(samples) > NOISY else samples
        with self._lock:
            spans = self._search(_levelled(sound, NOISE), text, False)
            if spans is None:
                spans = self._search(_levelled(sound, MORE_NOISE), text, True)
        result: list[Word | None] = [None] * len(words)
        if not spans:
            return result
        edges = at_pauses(samples, [(span.start, span.end) for span in spans])
        for number, span, (start, end) in zip(numbers, spans, edges, strict=False):
            result[number] = span.word(words[number], start, end)
        return result

    def close(self) -> None:
        with self._lock:
            self._decoders.clear()

    def _search(self, sound: bytes, text: _Text, wide: bool) -> list[_Span] | None:
        decoder = self._decoders.get(wide)
        if decoder is None or decoder.is_full:
            decoder = _Decoder(self._language, WIDER if wide else {})
            self._decoders[wide] = decoder
        return decoder.search(sound, text)


@dataclass(frozen=True, slots=True)
class _Text:
    """The pronunciations of each word. With `open_end` the sound may end before the text."""

    words: Sequence[tuple[str, ...]]
    phones: bool
    open_end: bool


class _Span:
    """The place of a word on the best path, in frames."""

    def __init__(self, first: int, frames: int, score: float) -> None:
        self.start, self.end = first * FRAME, (first + frames) * FRAME
        self.confidence = math.exp(SHARPNESS * math.log(max(score, 1e-300)) / max(frames, 1))
        self.phones: tuple[tuple[str, int, int], ...] = ()

    def word(self, text: str, start: float, end: float) -> Word:
        start, end = round(start, 3), round(end, 3)
        phones = [
            Word(
                max(start, round(first * FRAME, 3)) if number else start,
                max(start, round((first + frames) * FRAME, 3))
                if number + 1 < len(self.phones)
                else end,
                name,
                self.confidence,
            )
            for number, (name, first, frames) in enumerate(self.phones)
        ]
        return Word(
            start,
            end,
            text,
            self.confidence,
            timed_by=NAME,
            confidence=self.confidence,
            phones=tuple(phones),
        )


class _Decoder:
    """A decoder of the library and the pronunciations it knows."""

    def __init__(self, language: str, changes: dict[str, float]) -> None:
        from soundswallower import Decoder

        folder = lexicon.folder(language)
        assert folder is not None
        settings: dict[str, Any] = {**CONFIG, **changes, "hmm": str(folder), "dict": str(SILENCE)}
        try:
            with reordered(folder) as files:
                self._decoder: Any = Decoder(**settings, **files)
        except (RuntimeError, ValueError, OSError) as error:
            raise BackendError(f"soundswallower: {error}") from error
        self._names: dict[str, str] = {}

    @property
    def is_full(self) -> bool:
        return len(self._names) > MAX_VOCABULARY

    def search(self, sound: bytes, text: _Text) -> list[_Span] | None:
        """The place of each word on the best path; None if the text has no path."""
        decoder = self._decoder
        try:
            decoder.reinit_feat()  # forget the sound before
            self._measure_mean(sound)
            decoder.set_fsg(decoder.create_fsg("text", 0, len(text.words), self._arcs(text)))
            decoder.start_utt()
            for at in range(0, len(sound), 2 * PIECE):
                decoder.process_raw(sound[at : at + 2 * PIECE], False, False)
            decoder.end_utt()
            if decoder.hyp is None:
                return [] if text.open_end else None
            spans = [
                _Span(round(s.start / FRAME), round(s.duration / FRAME), s.ascore)
                for s in decoder.seg
                if s.text[0] not in "<[("  # silence, noise, and an arc without a word
            ]
            if len(spans) != len(text.words) and not text.open_end:
                return None
            if text.phones:
                self._add_phones(spans)
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"soundswallower: {error}") from error
        return spans

    def _measure_mean(self, sound: bytes) -> None:
        """Measure the cepstral mean with a grammar of silence, which costs little: the search
        itself reads the sound in pieces, and would start from an estimate."""
        decoder = self._decoder
        decoder.set_fsg(decoder.create_fsg("mean", 0, 1, [(0, 1, 1.0, "silence")]))
        decoder.cmn = CEPSTRAL_MEAN
        decoder.start_utt()
        decoder.process_raw(_sample(sound), False, True)
        decoder.end_utt()
        decoder.update_cmn()

    def _arcs(self, text: _Text) -> list[tuple[Any, ...]]:
        last = len(text.words)
        spoken = [
            (number, number + 1, 1 / len(variants), self._name(phones))
            for number, variants in enumerate(text.words)
            for phones in variants
        ]
        return [*spoken, *((number, last, 1.0) for number in range(last) if text.open_end)]

    def _name(self, phones: str) -> str:
        """The word of the decoder's dictionary with these phones."""
        if phones not in self._names:
            name = phones.replace(" ", "_")
            self._decoder.add_word(name, phones, False)
            self._names[phones] = name
        return self._names[phones]

    def _add_phones(self, spans: Sequence[_Span]) -> None:
        """A second pass, which aligns the states of the words on the path."""
        alignment = self._decoder.alignment
        if not alignment:
            return
        # An entry is only valid until the next: reading it later ends the process.
        found = [
            tuple((phone.name, phone.start, phone.duration) for phone in entry)
            for entry in alignment.words()
            if entry.name[0] not in "<[("
        ]
        if len(found) == len(spans):
            for span, phones in zip(spans, found, strict=True):
                span.phones = phones


def _levelled(samples: Samples, noise: float) -> bytes:
    """The samples as 16-bit PCM, scaled to a common peak, with faint noise of that level."""
    peak = float(np.abs(samples).max())
    scaled = samples * (PEAK * 32767 / max(peak, 1e-5))
    scaled += np.resize(_noise(), len(samples)) * np.float32(noise * 32767)
    pcm: bytes = scaled.astype("<i2").tobytes()
    return pcm


@cache
def _noise() -> Samples:
    """A second of the noise that is added to every sound, always the same."""
    return np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)


def _sample(sound: bytes) -> bytes:
    """Up to `SAMPLE` seconds of a sound, taken from all of it but its silence."""
    pcm = np.frombuffer(sound, "<i2")
    if len(pcm) < 2 * SAMPLE_RATE:
        return sound
    seconds = pcm[: len(pcm) // SAMPLE_RATE * SAMPLE_RATE].reshape(-1, SAMPLE_RATE)
    levels = np.sqrt(np.square(seconds.astype(np.float32)).mean(axis=1))
    loud = seconds[levels >= levels.max() * SILENT]
    step = -(-len(loud) // SAMPLE)
    chosen: bytes = loud[::step].tobytes()
    return chosen
