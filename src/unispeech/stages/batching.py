"""Chunks into batches, results back into order.

Chunks of several recordings share batches. A window of look-ahead is kept, so memory is bounded;
each batch is the oldest undecoded chunk with those nearest to it in length, so that little of it is
padding; the first batches are small, so that the first words come soon. Which chunks meet in a
batch depends on the chunks alone, never on how fast anything went, and a chunk's text does not
depend on its companions: the same input gives the same output.

Sources are read ahead while batches are decoded, and a second batch is handed over before the first
is done, so that the backend never waits for us. The threads for both are the caller's. Every task
they are given ends by itself: none waits for another task, or for whoever asks for the results.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from unispeech.types import Chunk, ChunkResult

LOOKAHEAD = 2
"""Batches' worth of chunks that may be waiting."""
IN_FLIGHT = 2
"""Batches handed to the backend at once."""

T = TypeVar("T")
Mark = TypeVar("Mark")
"""Anything that passes between the chunks: where a source begins or ends."""
Decode = Callable[[list[Chunk]], list[ChunkResult]]


@dataclass(slots=True)
class _Slot(Generic[Mark]):
    """An item in its place, with what became of it."""

    item: Chunk | Mark
    batch: Future[list[ChunkResult]] | None = None
    number: int = 0
    """Its place in the batch."""

    @property
    def ready(self) -> bool:
        if self.batch is None:
            return not isinstance(self.item, Chunk)
        return self.batch.done()

    def result(self) -> tuple[Chunk, ChunkResult] | Mark:
        if not isinstance(self.item, Chunk):
            return self.item
        assert self.batch is not None
        return self.item, self.batch.result()[self.number]


def in_order(
    items: Iterator[Chunk | Mark],
    decode: Decode,
    batch_size: int,
    threads: Executor,
    left: threading.Event | None = None,
) -> Iterator[tuple[Chunk, ChunkResult] | Mark]:
    """Decode the chunks among `items` in batches and give everything back in its old order.

    `decode` is called in up to `IN_FLIGHT` of the `threads` at once. What is no chunk passes
    through in its place. Lazy: a bounded number of chunks is held. `left` is set when the caller
    goes away or something fails, so that `decode` can give up early.
    """
    slots: deque[_Slot[Mark]] = deque()  # everything that is not given back yet, in order
    waiting: list[_Slot[Mark]] = []  # the chunks among them that no worker has
    running: set[Future[list[ChunkResult]]] = set()
    steps = _steps(batch_size)
    size, needed = next(steps)
    exhausted = False
    failure: Exception | None = None
    try:
        while True:
            while not exhausted and len(waiting) < needed:
                try:
                    item = next(items, None)
                except Exception as error:  # what came before it is still given back
                    item, failure = None, error
                exhausted = item is None
                if item is not None:
                    slots.append(_Slot(item))
                    waiting += [slots[-1]] if isinstance(item, Chunk) else []
            if waiting and len(running) < IN_FLIGHT:
                if exhausted:
                    size = min(size, -(-len(waiting) // IN_FLIGHT))
                running.add(_submit(threads, decode, _pick(waiting, size)))
                size, needed = next(steps)
                continue
            while slots and slots[0].ready:
                yield slots.popleft().result()
            if not running:
                if failure is not None:
                    raise failure
                return
            running = wait(running, return_when=FIRST_COMPLETED).not_done
    finally:
        if left is not None:
            left.set()
        wait([future for future in running if not future.cancel()])


def ahead(items: Iterator[T], limit: int, threads: Executor, left: threading.Event) -> Iterator[T]:
    """The same items, at most `limit` of them read early by `threads`, one thread at a time.

    While a few items are used, as many are read. `left` stops the reading.
    """

    def read(count: int) -> tuple[list[T], Exception | None]:
        some: list[T] = []
        try:
            for item in islice(items, count):
                some.append(item)
                if left.is_set():
                    break
        except Exception as error:  # raised to whoever comes to where it happened
            return some, error
        return some, None

    size = 1  # so that the first item comes soon
    reading = threads.submit(read, size)
    try:
        while True:
            some, error = reading.result()
            exhausted = len(some) < size
            if not exhausted:
                size = min(2 * size, max(limit // 2, 1))
                reading = threads.submit(read, size)
            yield from some
            if error is not None:
                raise error
            if exhausted:
                return
    finally:
        if not reading.cancel():
            wait([reading])


def _steps(full: int) -> Iterator[tuple[int, int]]:
    """The size of each batch, and how many chunks must be waiting for it to be put together.

    Small ones first, each four times the last until they are full.
    """
    size = 1
    while size < full:
        yield from [(size, size)] * IN_FLIGHT
        size *= 4
    while True:
        yield full, LOOKAHEAD * full


def _submit(threads: Executor, decode: Decode, batch: list[_Slot[Any]]) -> Future[Any]:
    future = threads.submit(decode, [_chunk(slot) for slot in batch])
    for number, slot in enumerate(batch):
        slot.batch, slot.number = future, number
    return future


def _pick(waiting: list[_Slot[Mark]], size: int) -> list[_Slot[Mark]]:
    """Take the oldest, and those most like it: same language, same window, nearest in length."""
    oldest = _chunk(waiting[0])
    alike = [
        slot
        for slot in waiting
        if (_chunk(slot).language, _chunk(slot).window) == (oldest.language, oldest.window)
    ]
    alike.sort(key=lambda slot: abs(_chunk(slot).duration - oldest.duration))
    picked = alike[:size]
    waiting[:] = [slot for slot in waiting if all(slot is not one for one in picked)]
    return picked


def _chunk(slot: _Slot[Any]) -> Chunk:
    assert isinstance(slot.item, Chunk)
    return slot.item
