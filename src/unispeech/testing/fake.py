"""A backend without a model, for tests of the code around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from unispeech.backends import lookup
from unispeech.backends.base import Backend, Capabilities
from unispeech.backends.settle import settle
from unispeech.backends.spec import BackendSpec
from unispeech.engine.engine import Engine
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions, split_options
from unispeech.types import Chunk, ChunkResult, Segment

Handler = Callable[[Chunk, DecodeOptions], str | ChunkResult]
"""Returns the text or the complete result of a chunk. Its exceptions leave the backend."""


class FakeBackend(Backend):
    """A backend whose result for every chunk is what `handler` returns."""

    name = "fake"

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        return [self._result(chunk, self._handler(chunk, options)) for chunk in chunks]

    def _result(self, chunk: Chunk, answer: str | ChunkResult) -> ChunkResult:
        if isinstance(answer, ChunkResult):
            return answer
        text = answer.strip()
        return ChunkResult((Segment(0, 0.0, chunk.duration, f" {text}"),) if text else ())


def fake_engine(
    handler: Handler, capabilities: Capabilities | None = None, **options: Any
) -> Engine:
    """Return an engine with a `FakeBackend` and a single English model.

    Takes the options of `Engine`, and refuses those that `capabilities` does not declare.
    """
    spec = BackendSpec(
        name="fake",
        target=f"{__name__}:_silent",
        summary="returns the results that a test gives",
        requires=(),
        capabilities=capabilities or Capabilities(),
        family="fake",
        default_model="fake",
        facts=lambda model: ModelFacts(model, "fake", {"en": "english"}, translates=False),
        weights=lambda model, on_progress: None,
    )
    load, call = split_options(options)
    settled = settle(spec, lookup.facts(spec, None, load, call), load, call)
    return Engine.of(settled, share=lambda silent: FakeBackend(handler))


def _silent(model: Path | None, facts: ModelFacts, options: LoadOptions) -> FakeBackend:
    return FakeBackend(lambda chunk, options: "")
