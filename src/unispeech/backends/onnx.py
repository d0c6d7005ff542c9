"""onnx-asr: Parakeet, Canary, GigaAM and Vosk models in ONNX Runtime.

onnx-asr has the features and the greedy decoders of these families. Chunks, batches, times of words
and everything after are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx_asr
import onnxruntime

from unispeech.backends import onnx_attention, onnx_transducer, token_words
from unispeech.backends.base import Backend
from unispeech.backends.failures import wrapped
from unispeech.backends.token_words import Token
from unispeech.errors import BackendError, ModelDamaged, UnsupportedOption
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import onnx
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult

WINDOWS = (2.0, 3.0, 4.0, 5.0, 6.0, *(float(n) for n in range(8, 31, 2)), 31.0)
"""Lengths in seconds that chunks are padded to, so that a chunk's text does not depend on the rest
of its batch."""
SHORTEST = 0.5
"""Seconds of sound that a model gets at least; the features of fewer frames have no deviation."""
ERRORS_ONLY = 3
"""ONNX Runtime's log severity."""


class Onnx(Backend):
    """A model that onnx-asr runs. ONNX Runtime is safe to call from several threads."""

    name = "onnx"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        layout = onnx.find(model)
        if layout is None:
            raise ModelDamaged(f"{model}: not in a layout of onnx-asr", "download it again")
        self._takes_language = layout.family == "canary"
        types = facts.compute_types or onnx.facts(model, facts.name).compute_types
        kind = types[0] if options.compute_type == "default" else options.compute_type
        if kind not in types:
            raise UnsupportedOption(
                f"compute_type {kind!r}: the model {facts.name} has only {', '.join(types)}"
            )
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = ERRORS_ONLY
        settings.intra_op_num_threads = options.threads
        providers = _providers(options.device)
        with wrapped(str(model), "download it again", ModelDamaged):
            self._model: Any = onnx_asr.load_model(
                layout.kind,
                model,
                quantization=None if kind == "float32" else kind,
                sess_options=settings,
                providers=providers,
            ).with_timestamps()
        _check_device(self._model.asr, providers, options.device)

    @property
    def windows(self) -> tuple[float, ...]:
        return WINDOWS

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        results: dict[int, ChunkResult] = {}
        for window in sorted({chunk.window for chunk in chunks}):
            alike = [i for i, chunk in enumerate(chunks) if chunk.window == window]
            decoded = self._decode([chunks[i] for i in alike], options)
            for index, tokens in zip(alike, decoded, strict=True):
                results[index] = token_words.result(chunks[index], tokens, options.word_timestamps)
        return [results[index] for index in range(len(chunks))]

    def _decode(self, chunks: Sequence[Chunk], options: DecodeOptions) -> Iterator[list[Token]]:
        """Return the tokens of chunks of one window."""
        model = self._model
        if model is None:
            raise BackendError(f"{self.name}: the backend is closed", "create a new engine")
        lengths = np.array(
            [max(len(chunk.samples), round(SHORTEST * SAMPLE_RATE)) for chunk in chunks], np.int64
        )
        size = max(round(chunks[0].window * SAMPLE_RATE), lengths.max())
        samples = np.zeros((len(chunks), size), np.float32)
        for row, chunk in enumerate(chunks):
            samples[row, : len(chunk.samples)] = chunk.samples
        with wrapped(self.name):
            found = list(self._recognize(model.asr, samples, lengths, chunks[0].language, options))
        return (list(_tokens(result)) for result in found)

    def _recognize(
        self, asr: Any, samples: Any, lengths: Any, language: str | None, options: DecodeOptions
    ) -> Iterable[Any]:
        """Return onnx-asr's result of each row, by our decoders where its own fall short."""
        if self._takes_language:
            target = "en" if options.task == "translate" else language
            return onnx_attention.recognize(asr, samples, lengths, language or "", target or "")
        if onnx_transducer.can_decode(asr):
            return onnx_transducer.recognize(asr, samples, lengths)
        results: Iterable[Any] = asr.recognize_batch(samples, lengths, need_logprobs=True)
        return results

    def close(self) -> None:
        self._model = None


def _tokens(found: Any) -> Iterator[Token]:
    texts = found.tokens or ()
    starts = found.timestamps or [None] * len(texts)
    logprobs = found.logprobs or [0.0] * len(texts)
    for text, start, logprob in zip(texts, starts, logprobs, strict=True):
        yield Token(text, float(logprob), start)


def _providers(device: str) -> list[Any]:
    """Return ONNX Runtime's providers of a device.

    Raises:
        BackendError: this build of ONNX Runtime has no provider for it.
    """
    kind, _, number = device.partition(":")
    has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if kind == "cpu" or (kind == "auto" and not has_cuda):
        return ["CPUExecutionProvider"]
    if not has_cuda:
        raise BackendError(
            f"device {device!r}: this build of ONNX Runtime has no CUDA",
            "run: pip install onnxruntime-gpu (instead of onnxruntime), or use device='cpu'",
        )
    cuda = ("CUDAExecutionProvider", {"device_id": int(number or 0)})
    return [cuda, "CPUExecutionProvider"]


def _check_device(asr: Any, providers: Sequence[Any], device: str) -> None:
    """Raise `BackendError` if a session fell back to the CPU, which ONNX Runtime does silently."""
    wanted = providers[0][0] if isinstance(providers[0], tuple) else providers[0]
    sessions = [s for s in vars(asr).values() if isinstance(s, onnxruntime.InferenceSession)]
    if any(session.get_providers()[0] != wanted for session in sessions) and device != "auto":
        raise BackendError(
            f"device {device!r}: ONNX Runtime could not start {wanted}",
            "check the CUDA and cuDNN libraries, or use device='cpu'",
        )
