"""The language of a recording: set by the caller, the model's only one, or detected."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from unispeech.backends.base import Backend
from unispeech.backends.loaded import Key, LoadedModels
from unispeech.models import companions, store
from unispeech.models.facts import ModelFacts
from unispeech.options import TranscribeOptions
from unispeech.types import SAMPLE_RATE, Chunk, LanguageScore, Segment

if TYPE_CHECKING:
    from unispeech.backends.mms_lid import LanguageIdentifier

Spoken = tuple[str, float | None]
"""Language code, and its probability if the language was detected."""
UNKNOWN: Spoken = ("", None)
MIN_SPEECH = 10.0
"""Seconds of speech to collect before detecting the language."""
AT_THE_BEGINNING = (
    "was detected at the beginning; speech in another language may be missing or translated"
)
MAX_SOUND = 30
"""Maximum seconds of sound passed to a detector."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Language detection of one run, by the backend or by a dedicated model."""

    backend: Backend
    facts: ModelFacts
    options: TranscribeOptions
    models: LoadedModels
    device: str = "auto"
    in_batches: bool = False
    """True if the backend detects the language of each chunk while it decodes, or needs none."""

    def spoken(
        self, chunks: Iterator[Chunk], warn: Callable[[str], None]
    ) -> Generator[Chunk, None, Spoken]:
        """Yield the chunks with their language set; return the language of the recording.

        Warns if the beginning decided the language of more speech.
        """
        if self._is_left_to_backend:
            yield from chunks
            return UNKNOWN
        if self.options.language_per_chunk:
            return (yield from self._each(chunks))
        if self.options.decode.language is not None:
            spoken: Spoken = self.facts.language(self.options.decode.language), None
        else:
            first: list[Chunk] = []
            for chunk in chunks:
                first.append(chunk)
                if sum(c.speech_duration for c in first) >= MIN_SPEECH:
                    break
            spoken = self.language(first) if first else UNKNOWN
            if self.facts.multilingual and sum(c.speech_duration for c in first) >= MIN_SPEECH:
                warn(f"the language {spoken[0]!r} {AT_THE_BEGINNING}")
            chunks = itertools.chain(first, chunks)
        for chunk in chunks:
            yield replace(chunk, language=spoken[0])
        return spoken

    @property
    def _is_left_to_backend(self) -> bool:
        return (
            self.in_batches
            and self.facts.multilingual
            and self.options.decode.language is None
            and self.options.language_id_model is None
        )

    def _each(self, chunks: Iterator[Chunk]) -> Generator[Chunk, None, Spoken]:
        """Detect the language of every chunk; the first is the language of the recording."""
        recording = UNKNOWN
        for chunk in chunks:
            spoken = self.language([chunk])
            recording = recording if recording[0] else spoken
            yield replace(chunk, language=spoken[0])
        return recording

    def language(self, chunks: Sequence[Chunk]) -> tuple[str, float]:
        """The language code of some chunks and its probability; "" if there are no chunks."""
        if not self.facts.multilingual:
            return next(iter(self.facts.languages)), 1.0
        if not chunks:
            return "", 0.0
        samples = np.concatenate([chunk.samples for chunk in chunks])[: MAX_SOUND * SAMPLE_RATE]
        if self.options.language_id_model is None:
            return self.backend.detect_language(samples)
        with identifier(self.models, self.options.language_id_model, self.device) as model:
            return model.detect(samples, self.facts.languages)


class SpokenTime:
    """Seconds of text in each language of a recording, and the probabilities of the languages."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._probabilities: dict[str, list[float]] = {}

    def add(self, segments: Iterable[Segment], scores: Iterable[LanguageScore]) -> None:
        for segment in segments:
            self._seconds[segment.language or ""] += max(segment.end - segment.start, 0.001)
        for score in scores:
            language, probability = score.probabilities[0]
            self._probabilities.setdefault(language, []).append(probability)

    def main(self) -> Spoken:
        """The language of most of the text, and its mean probability where it was the likeliest."""
        if not self._seconds:
            return UNKNOWN
        language = max(self._seconds, key=lambda code: self._seconds[code])
        probabilities = self._probabilities.get(language, [])
        return language, round(fmean(probabilities), 6) if probabilities else None


@contextmanager
def identifier(models: LoadedModels, model: str, device: str) -> Iterator[LanguageIdentifier]:
    """The language identification model, downloaded and loaded if necessary.

    Raises:
        UnknownModel, ModelUnavailable, ModelDamaged.
    """
    from unispeech.backends.mms_lid import LanguageIdentifier

    device = companions.device(device)
    folder = store.obtain(model, "hf")
    key = Key("identifier", str(folder), load=device)
    with models.use(key, lambda: LanguageIdentifier(folder, device)) as loaded:
        yield loaded
