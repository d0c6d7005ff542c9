"""Blocking work for a request: it stops when the client leaves, and its results stream out."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from fastapi import Request

T = TypeVar("T")


@asynccontextmanager
async def gone(request: Request) -> AsyncIterator[threading.Event]:
    """An event that is set when the client hangs up or the block ends."""
    left = threading.Event()

    async def watch() -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(0.5)
        left.set()

    watching = asyncio.create_task(watch())
    try:
        yield left
    finally:
        left.set()
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


class Feed(Generic[T]):
    """From a working thread to the event loop: what is put there comes out here, in order."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[T | None] = asyncio.Queue()

    def put(self, item: T) -> None:
        """From the thread."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, item)

    async def until(self, work: asyncio.Future[Any]) -> AsyncIterator[T]:
        """Everything that is put before the work is over."""
        work.add_done_callback(self._over)
        while (item := await self._queue.get()) is not None:
            yield item

    def _over(self, work: asyncio.Future[Any]) -> None:
        if not work.cancelled():
            work.exception()  # looked at here, in case the client has gone and nobody else does
        self._queue.put_nowait(None)
