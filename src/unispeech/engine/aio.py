"""The engine for `async` code: the work is done in threads, the event loop stays free."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Self, Unpack

from unispeech.audio.recording import Source
from unispeech.call import Call
from unispeech.engine.engine import Engine
from unispeech.errors import UnispeechError
from unispeech.options import CallOptions, EngineOptions
from unispeech.types import Segment, Transcript


class AsyncEngine:
    """The same engine for `async` code: the work is done in threads, the event loop stays free."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    async def load(
        cls, backend: str = "faster", model: str | None = None, **options: Unpack[EngineOptions]
    ) -> Self:
        """An engine of its own; takes and raises what `Engine` does."""
        return cls(await asyncio.to_thread(partial(Engine, backend, model, **options)))

    async def transcribe(
        self, source: Source, sample_rate: int | None = None, **options: Unpack[CallOptions]
    ) -> Transcript:
        """As `Engine.transcribe`. Cancelling the task stops the work after the current batch."""
        with _until_cancelled() as call:
            work = partial(self.engine.transcribe, source, sample_rate, call, **options)
            return await asyncio.to_thread(work)

    async def segments(
        self, source: Source, sample_rate: int | None = None, **options: Unpack[CallOptions]
    ) -> AsyncIterator[Segment]:
        """As `Engine.segments`."""
        with _until_cancelled() as call:
            segments = self.engine.segments(source, sample_rate, call, **options)
            while (segment := await asyncio.to_thread(next, segments, None)) is not None:
                yield segment

    async def transcribe_many(
        self,
        sources: Iterable[Source],
        sample_rate: int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[Transcript | UnispeechError]:
        """As `Engine.transcribe_many`."""
        with _until_cancelled() as call:
            results = self.engine.transcribe_many(sources, sample_rate, call, **options)
            while (result := await asyncio.to_thread(next, results, None)) is not None:
                yield result

    async def close(self) -> None:
        await asyncio.to_thread(self.engine.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


@contextmanager
def _until_cancelled() -> Iterator[Call]:
    """A call that ends with the block: also when a task is cancelled and its thread works on."""
    left = threading.Event()
    try:
        yield Call(cancelled=left.is_set)
    finally:
        left.set()
