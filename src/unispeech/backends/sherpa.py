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

from unispeech.backends import sherpa_streaming, token_words
from unispeech.backends.base import Backend, LiveStream
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
        files = sherpa.files(model, layout, kind)
        self._shift = sherpa.shift(Path(next(iter(files.values())))) if layout.streaming else 0.0
        online, offline = sherpa_onnx.OnlineRecognizer, sherpa_onnx.OfflineRecognizer
        make = getattr(online if layout.streaming else offline, f"from_{layout.factory}")
        threads = options.threads or (1 if layout.streaming else cores())
        with wrapped(str(model), "download it again", ModelDamaged):
            self._recognizer: Any = make(**files, **layout.settings, num_threads=threads)
        self._takes_language = layout.family == "canary"
        self._lock = threading.Lock()

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        recognizer = self._open()
        with wrapped(self.name):
            if self._shift:
                found = sherpa_streaming.decode(recognizer, chunks)
            else:
                found = list(self._decode(recognizer, chunks, options))
        return [
            token_words.result(chunk, tokens, options.word_timestamps)
            for chunk, tokens in zip(chunks, found, strict=True)
        ]

    def _open(self) -> Any:
        if self._recognizer is None:
            raise BackendError(f"{self.name}: the backend is closed", "create a new engine")
        return self._recognizer

    def _decode(
        self, recognizer: Any, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> Iterator[list[Token]]:
        """Yield the tokens of each chunk."""
        streams = [recognizer.create_stream() for _ in chunks]
        for stream, chunk in zip(streams, chunks, strict=True):
            missing = round(SHORTEST * SAMPLE_RATE) - len(chunk.samples)
            sherpa_streaming.accept(stream, np.pad(chunk.samples, (0, max(missing, 0))))
        with self._lock if self._takes_language else nullcontext():
            if self._takes_language:  # a setting of the recogniser, not of a stream
                canary = recognizer.config.model_config.canary
                canary.src_lang = chunks[0].language or ""
                canary.tgt_lang = "en" if options.task == "translate" else canary.src_lang
                recognizer.recognizer.set_config(recognizer.config)
            recognizer.decode_streams(streams)
        for stream in streams:
            found = stream.result
            yield sherpa_streaming.tokens(
                found.text, found.tokens, found.timestamps, found.ys_log_probs
            )

    def open_stream(self, options: DecodeOptions) -> LiveStream | None:
        if not self._shift:
            return None
        return sherpa_streaming.Stream(self._open(), self._shift, options.language)

    def close(self) -> None:
        self._recognizer = None
