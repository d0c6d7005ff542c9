"""Alignment by a CTC model (wav2vec2, MMS), in this process or in an environment of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unispeech import languages
from unispeech.aligners.base import Aligner
from unispeech.backends.base import Backend
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions
from unispeech.stages.windows import shortest
from unispeech.types import SAMPLE_RATE, Chunk, Samples, Word

NAME = "ctc"
TAIL = 1.0
"""Seconds of silence added after a chunk, in which the model may still emit its last letters."""


class CtcAligner(Aligner):
    """A loaded CTC model."""

    name = NAME

    def __init__(self, backend: Backend, facts: ModelFacts) -> None:
        self._backend = backend
        self._facts = facts

    def align(
        self, samples: Samples, words: Sequence[str], language: str | None, phones: bool = False
    ) -> list[Word | None]:
        from unispeech.ctc.align import align

        code = self._facts.language(language) if language else None
        sound = np.pad(samples, (0, round(TAIL * SAMPLE_RATE)))
        length = len(sound) / SAMPLE_RATE
        window = shortest(self._backend.windows, length)
        (result,) = self._backend.transcribe_batch(
            [Chunk(sound, 0.0, length, window=window, language=code)], DecodeOptions()
        )
        assert result.emissions is not None
        spaceless = languages.is_spaceless(language)
        joined = ("" if spaceless else " ").join(words)
        return list(align(result.emissions, joined, spaceless))

    def close(self) -> None:
        self._backend.close()
