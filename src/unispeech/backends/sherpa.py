"""sherpa-onnx: the models of k2 and many others, chosen from the model's own files.

sherpa-onnx has the features and the decoders of these families. Chunks, batches, times of words and
everything after are ours.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import sherpa_onnx

from unispeech.backends import token_words
from unispeech.backends.base import Backend
from unispeech.backends.failures import wrapped
from unispeech.backends.token_words import Token
from unispeech.errors import BackendError, ModelDamaged, UnsupportedOption
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import sherpa
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.system.cores import cores
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult

SHORTEST = 0.5
"""Seconds of sound that a model gets at least; the features of fewer frames have no deviation."""


class Sherpa(Backend):
    """A model that sherpa-onnx runs. Its recognisers are safe to call from several threads."""

    name = "sherpa"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        types = sherpa.facts(model, facts.name).compute_types  # checks the files
        kind = types[0] if options.compute_type == "default" else options.compute_type
        if kind not in types:
            raise UnsupportedOption(
                f"compute_type {kind!r}: the model {facts.name} has only {', '.join(types)}"
            )
        layout = sherpa.find(model)
        assert layout is not None
        make = getattr(sherpa_onnx.OfflineRecognizer, f"from_{layout.factory}")
        with wrapped(str(model), "download it again", ModelDamaged):
            self._recognizer: Any = make(
                **sherpa.files(model, layout, kind),
                **layout.settings,
                num_threads=options.threads or cores(),
            )
        self._takes_language = layout.family == "canary"
        self._lock = threading.Lock()

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        recognizer = self._recognizer
        if recognizer is None:
            raise BackendError(f"{self.name}: the backend is closed", "create a new engine")
        streams = [recognizer.create_stream() for _ in chunks]
        for stream, chunk in zip(streams, chunks, strict=True):
            missing = round(SHORTEST * SAMPLE_RATE) - len(chunk.samples)
            stream.accept_waveform(SAMPLE_RATE, np.pad(chunk.samples, (0, max(missing, 0))))
        with wrapped(self.name), self._lock if self._takes_language else nullcontext():
            if self._takes_language:  # a setting of the recogniser, not of a stream
                canary = recognizer.config.model_config.canary
                canary.src_lang = chunks[0].language or ""
                canary.tgt_lang = "en" if options.task == "translate" else canary.src_lang
                recognizer.recognizer.set_config(recognizer.config)
            recognizer.decode_streams(streams)
        return [
            token_words.result(chunk, list(_tokens(stream.result)), options.word_timestamps)
            for chunk, stream in zip(chunks, streams, strict=True)
        ]

    def close(self) -> None:
        self._recognizer = None


def _tokens(found: Any) -> Iterator[Token]:
    """Yield the tokens of a result; its text alone if the tokens are bytes, not characters."""
    texts = found.tokens
    if "".join(texts).strip() != found.text.strip():
        yield Token(f" {found.text.strip()}")
        return
    starts = found.timestamps if len(found.timestamps) == len(texts) else [None] * len(texts)
    logprobs = found.ys_log_probs if len(found.ys_log_probs) == len(texts) else [0.0] * len(texts)
    for text, start, logprob in zip(texts, starts, logprobs, strict=True):
        yield Token(text, float(logprob), start)
