"""The engine for `async` code: work is done in threads, and the event loop stays free."""

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

    `on_progress` and `on_segment` are called in the event loop; `cancelled` is asked in the thread
    that works. Cancelling the task stops the work after the current batch.
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
        """An engine of its own; takes and raises what `Engine` does."""
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
        """As `Engine.transcribe`."""
        with _followed(on_progress, on_segment, cancelled) as news:
            work = partial(self.engine.transcribe, source, sample_rate, **news, **options)
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
        """As `Engine.segments`."""
        with _followed(on_progress, on_segment, cancelled) as news:
            segments = self.engine.segments(source, sample_rate, **news, **options)
            async for segment in _each(segments):
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
        """As `Engine.transcribe_many`."""
        with _followed(on_progress, on_segment, cancelled) as news:
            results = self.engine.transcribe_many(sources, sample_rate, **news, **options)
            async for result in _each(results):
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
        """As `Engine.align`."""
        with _followed(on_progress, on_segment, cancelled) as news:
            work = partial(self.engine.align, source, text, sample_rate, **news, **options)
            return await asyncio.to_thread(work)

    async def detect_language(
        self, source: Source, sample_rate: int | None = None, *, cancelled: IsCancelled = never
    ) -> tuple[str, float]:
        """As `Engine.detect_language`."""
        work = partial(self.engine.detect_language, source, sample_rate, cancelled=cancelled)
        return await asyncio.to_thread(work)

    async def listen(self, **options: Unpack[ListenOptions]) -> AsyncSession:
        """As `Engine.listen`."""
        return AsyncSession(await asyncio.to_thread(partial(self.engine.listen, **options)))

    async def close(self) -> None:
        await asyncio.to_thread(self.engine.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AsyncSession:
    """A live `Session` for `async` code. One call at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def feed(self, samples: Samples, waiting: float = 0.0) -> AsyncIterator[Event]:
        """As `Session.feed`."""
        return _each(self.session.feed(samples, waiting))

    def flush(self) -> AsyncIterator[Event]:
        """As `Session.flush`."""
        return _each(self.session.flush())

    def finish(self) -> AsyncIterator[Event]:
        """As `Session.finish`."""
        return _each(self.session.finish())


async def _each(items: Iterator[T]) -> AsyncIterator[T]:
    """The same items, each waited for in a thread."""
    while (item := await asyncio.to_thread(next, items, None)) is not None:
        yield item


def _in_loop(callback: Callable[[T], None]) -> Callable[[T], None]:
    """The callback, called in this event loop from whichever thread calls it."""
    loop = asyncio.get_running_loop()

    def tell(news: T) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(callback, news)

    return tell


@contextmanager
def _followed(
    on_progress: OnProgress, on_segment: OnSegment, cancelled: IsCancelled
) -> Iterator[dict[str, Any]]:
    """Callbacks of work that ends with the block, also where a task is cancelled meanwhile."""
    left = threading.Event()
    try:
        yield {
            "on_progress": _in_loop(on_progress),
            "on_segment": _in_loop(on_segment),
            "cancelled": lambda: left.is_set() or cancelled(),
        }
    finally:
        left.set()
