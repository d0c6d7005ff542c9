"""PocketSphinx: hidden Markov models and an English trigram model, both shipped in its wheel."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from unispeech.backends.base import Backend, Capabilities
from unispeech.backends.spec import BackendSpec
from unispeech.errors import BackendError, UnknownModel
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.types import Chunk, ChunkResult, Progress, Segment, Word

FRAME = 0.01
"""Length of a frame, in seconds."""


class PocketSphinx(Backend):
    """A decoder, which decodes one chunk at a time."""

    name = "pocketsphinx"

    def __init__(self, model: Path | None, facts: ModelFacts, options: LoadOptions) -> None:
        from pocketsphinx import Decoder

        self._decoder = Decoder(samprate=16_000, cmn="batch", loglevel="FATAL")
        self._lock = threading.Lock()

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        with self._lock:
            return [self._decode(chunk, options.word_timestamps) for chunk in chunks]

    def _decode(self, chunk: Chunk, with_words: bool) -> ChunkResult:
        pcm = (np.clip(chunk.samples, -1.0, 1.0) * 32_767).astype(np.int16)
        try:
            self._decoder.reinit_feat()  # reset the noise and loudness estimates
            self._decoder.start_utt()
            self._decoder.process_raw(pcm.tobytes(), full_utt=True)
            self._decoder.end_utt()
            spoken = [s for s in self._decoder.seg() or () if s.word[0] not in "<["]
        except RuntimeError as error:
            raise BackendError(f"pocketsphinx: {error}") from error
        words = tuple(
            Word(
                s.start_frame * FRAME,
                min((s.end_frame + 1) * FRAME, chunk.duration),
                " " + re.sub(r"\(\d+\)$", "", s.word),  # and(2) is a second pronunciation
                min(s.prob, 1.0),
            )
            for s in spoken
        )
        if not words:
            return ChunkResult(())
        text = "".join(word.word for word in words)
        # The mean over words: PocketSphinx has posterior probabilities of words, not of tokens.
        mean = float(np.mean(np.log([max(word.probability, 1e-10) for word in words])))
        segment = Segment(0, words[0].start, words[-1].end, text, words if with_words else (), mean)
        return ChunkResult((segment,))


def facts(model: str) -> ModelFacts:
    """Return the facts of the only model."""
    if model != "en-us":
        raise UnknownModel(f"model {model!r} is unknown to PocketSphinx", "use 'en-us'")
    return ModelFacts(model, "hmm", {"en": "english"}, translates=False)


def weights(model: str, on_progress: Callable[[Progress], None] | None) -> Path | None:
    """Return None: the library ships its weights."""
    return None


SPEC = BackendSpec(
    name="pocketsphinx",
    target="unispeech_pocketsphinx:PocketSphinx",
    summary="PocketSphinx: hidden Markov models, English",
    requires=("pocketsphinx",),
    capabilities=Capabilities(word_timestamps=True, threads=False),
    family="hmm",
    family_title="hidden Markov",
    default_model="en-us",
    facts=facts,
    weights=weights,
)
