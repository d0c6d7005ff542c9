"""A backend in a worker process, with the same contract, results and errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from unispeech.backends.base import Backend, NativeRun
from unispeech.environments.remote_object import RemoteObject, Timeouts
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Samples, Segment


class Remote(Backend):
    """A backend whose class `target` is loaded by the interpreter `python`.

    The worker runs from construction until `close()`, or until it has been idle for
    `timeouts.idle` seconds; the next call then reloads the weights.
    """

    def __init__(
        self,
        model: Path | None,
        facts: ModelFacts,
        options: LoadOptions,
        *,
        name: str,
        target: str,
        python: Path,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.name = name
        load = (target, model, facts, replace(options, isolated=False))
        self.process = RemoteObject(name, python, f"{__name__}:Served", load, timeouts)
        self._windows: tuple[float, ...] = self.process.call("windows")
        self._chunk_length: float = self.process.call("chunk_length")

    @property
    def windows(self) -> tuple[float, ...]:
        return self._windows

    @property
    def chunk_length(self) -> float:
        return self._chunk_length

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
        if not options.initial_prompt and not options.hotwords:
            return options
        return cast(DecodeOptions, self.process.call("fit_prompt", options))

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        audio = sum(chunk.window for chunk in chunks)
        results = self.process.call("transcribe_batch", list(chunks), options, audio=audio)
        return cast(list[ChunkResult], results)

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        audio = len(samples) / SAMPLE_RATE
        items = self.process.stream("native", samples, options, audio=audio)
        language, probability = next(items)
        return NativeRun(items, language, probability)

    def align_native(
        self, samples: Samples, segments: Sequence[Segment], language: str, model: Path
    ) -> list[Segment]:
        audio = len(samples) / SAMPLE_RATE
        aligned = self.process.call(
            "align_native", samples, list(segments), language, model, audio=audio
        )
        return cast(list[Segment], aligned)

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        audio = len(samples) / SAMPLE_RATE
        return cast(tuple[str, float], self.process.call("detect_language", samples, audio=audio))

    def close(self) -> None:
        self.process.close()


class Served:
    """The worker's side: the real backend behind methods that take and return plain values."""

    def __init__(
        self, target: str, model: Path | None, facts: ModelFacts, options: LoadOptions
    ) -> None:
        module, _, name = target.partition(":")
        self._backend: Backend = getattr(import_module(module), name)(model, facts, options)
        self.fit_prompt = self._backend.fit_prompt
        self.transcribe_batch = self._backend.transcribe_batch
        self.align_native = self._backend.align_native
        self.detect_language = self._backend.detect_language

    def windows(self) -> tuple[float, ...]:
        return self._backend.windows

    def chunk_length(self) -> float:
        return self._backend.chunk_length

    def native(
        self, samples: Any, options: TranscribeOptions
    ) -> Iterator[tuple[str, float | None] | Segment]:
        """Yield the language with its probability, then the segments."""
        run = self._backend.transcribe_native(samples, options)
        yield run.language, run.language_probability
        yield from run.segments
