"""The engine for `async` code. Work runs in threads, so the event loop stays free."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Self, TypeVar, Unpack

from unispeech.audio.recording import Source
from unispeech.call import IsCancelled, OnProgress, OnSegment, ignore, never
from unispeech.engine.engine import Engine
from unispeech.errors import UnispeechError
from unispeech.options import CallOptions, EngineOptions
from unispeech.realtime.events import Event
from unispeech.realtime.options import ListenOptions
from unispeech.realtime.session import Session
from unispeech.types import Samples, Segment, Transcript

T = TypeVar("T")


class AsyncEngine:
    """An `Engine` for `async` code, with the same methods, options and errors.

    `on_progress` and `on_segment` run in the event loop, `cancelled` in the worker thread.
    Cancelling the task stops the work after the current batch.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    async def load(
        cls,
        backend: str = "faster",
        model: str | None = None,
        *,
        on_progress: OnProgress = ignore,
        **options: Unpack[EngineOptions],
    ) -> Self:
        """Load a model in a thread. Takes the arguments and raises the errors of `Engine`."""
        load = partial(Engine, backend, model, on_progress=_in_loop(on_progress), **options)
        return cls(await asyncio.to_thread(load))

    async def transcribe(
        self,
        source: Source,
        sample_rate: int | None = None,
        *,
        on_progress: OnProgress = ignore,
        on_segment: OnSegment = ignore,
        cancelled: IsCancelled = never,
        **options: Unpack[CallOptions],
    ) -> Transcript:
        """`Engine.transcribe` as a coroutine."""
        with _callbacks(on_progress, on_segment, cancelled) as callbacks:
            work = partial(self.engine.transcribe, source, sample_rate, **callbacks, **options)
            return await asyncio.to_thread(work)

    async def segments(
        self,
        source: Source,
        sample_rate: int | None = None,
        *,
        on_progress: OnProgress = ignore,
        on_segment: OnSegment = ignore,
        cancelled: IsCancelled = never,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[Segment]:
        """`Engine.segments` as an async iterator."""
        with _callbacks(on_progress, on_segment, cancelled) as callbacks:
            segments = self.engine.segments(source, sample_rate, **callbacks, **options)
            async for segment in _iterate(segments):
                yield segment

    async def transcribe_many(
        self,
        sources: Iterable[Source],
        sample_rate: int | None = None,
        *,
        on_progress: OnProgress = ignore,
        on_segment: OnSegment = ignore,
        cancelled: IsCancelled = never,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[Transcript | UnispeechError]:
        """`Engine.transcribe_many` as an async iterator."""
        with _callbacks(on_progress, on_segment, cancelled) as callbacks:
            results = self.engine.transcribe_many(sources, sample_rate, **callbacks, **options)
            async for result in _iterate(results):
                yield result

    async def align(
        self,
        source: Source,
        text: str,
        sample_rate: int | None = None,
        *,
        on_progress: OnProgress = ignore,
        on_segment: OnSegment = ignore,
        cancelled: IsCancelled = never,
        **options: Unpack[CallOptions],
    ) -> Transcript:
        """`Engine.align` as a coroutine."""
        with _callbacks(on_progress, on_segment, cancelled) as callbacks:
            work = partial(self.engine.align, source, text, sample_rate, **callbacks, **options)
            return await asyncio.to_thread(work)

    async def detect_language(
        self, source: Source, sample_rate: int | None = None, *, cancelled: IsCancelled = never
    ) -> tuple[str, float]:
        """`Engine.detect_language` as a coroutine."""
        work = partial(self.engine.detect_language, source, sample_rate, cancelled=cancelled)
        return await asyncio.to_thread(work)

    async def listen(self, **options: Unpack[ListenOptions]) -> AsyncSession:
        """`Engine.listen` as a coroutine."""
        return AsyncSession(await asyncio.to_thread(partial(self.engine.listen, **options)))

    async def close(self) -> None:
        await asyncio.to_thread(self.engine.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AsyncSession:
    """A live `Session` for `async` code. Make one call at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def feed(self, samples: Samples, waiting: float = 0.0) -> AsyncIterator[Event]:
        """`Session.feed` as an async iterator."""
        return _iterate(self.session.feed(samples, waiting))

    def flush(self) -> AsyncIterator[Event]:
        """`Session.flush` as an async iterator."""
        return _iterate(self.session.flush())

    def finish(self) -> AsyncIterator[Event]:
        """`Session.finish` as an async iterator."""
        return _iterate(self.session.finish())


async def _iterate(items: Iterator[T]) -> AsyncIterator[T]:
    """Iterate in a thread."""
    while (item := await asyncio.to_thread(next, items, None)) is not None:
        yield item


def _in_loop(callback: Callable[[T], None]) -> Callable[[T], None]:
    """Wrap a callback so that it runs in this event loop, whichever thread calls it."""
    loop = asyncio.get_running_loop()

    def schedule(event: T) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(callback, event)

    return schedule


@contextmanager
def _callbacks(
    on_progress: OnProgress, on_segment: OnSegment, cancelled: IsCancelled
) -> Iterator[dict[str, Any]]:
    """Callbacks for the worker thread. Leaving the block cancels the work."""
    exited = threading.Event()
    try:
        yield {
            "on_progress": _in_loop(on_progress),
            "on_segment": _in_loop(on_segment),
            "cancelled": lambda: exited.is_set() or cancelled(),
        }
    finally:
        exited.set()
