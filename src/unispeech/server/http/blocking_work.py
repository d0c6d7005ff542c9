"""Blocking work for a request: cancellation when the client disconnects, streamed results."""

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
async def disconnect_event(request: Request) -> AsyncIterator[threading.Event]:
    """Yield an event that is set when the client disconnects or the block ends."""
    disconnected = threading.Event()

    async def watch() -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(0.5)
        disconnected.set()

    watching = asyncio.create_task(watch())
    try:
        yield disconnected
    finally:
        disconnected.set()
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


class Feed(Generic[T]):
    """Queue from a worker thread to the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[T | None] = asyncio.Queue()

    def put(self, item: T) -> None:
        """Add an item; called by the thread."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, item)

    async def until(self, work: asyncio.Future[Any]) -> AsyncIterator[T]:
        """Yield the items until the work is done."""
        work.add_done_callback(self._end)
        while (item := await self._queue.get()) is not None:
            yield item

    def _end(self, work: asyncio.Future[Any]) -> None:
        if not work.cancelled():
            work.exception()  # mark it as retrieved, in case the client has disconnected
        self._queue.put_nowait(None)
