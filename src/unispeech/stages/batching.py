"""Batching of chunks, and results in the original order.

Chunks of several recordings share batches. The look-ahead is bounded, and so is the memory. A batch
is the oldest undecoded chunk and the chunks nearest to it in length, so that it has little padding.
The first batches are small, so that the first words arrive early. The composition of a batch
depends on the chunks alone, never on timing, and a chunk's text does not depend on the rest of its
batch, so the same input gives the same output.

Sources are read ahead while batches are decoded, and a second batch is submitted before the first
is done, so that the backend never waits. The caller owns the threads. No task waits for another
task or for the consumer of the results, so every task ends by itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from unispeech.types import Chunk, ChunkResult

LOOKAHEAD = 2
"""Maximum number of waiting chunks, in full batches."""
IN_FLIGHT = 2
"""Number of batches submitted to the backend at once."""

T = TypeVar("T")
Mark = TypeVar("Mark")
"""An item between the chunks, such as the beginning or end of a source."""
Decode = Callable[[list[Chunk]], list[ChunkResult]]


@dataclass(slots=True)
class _Slot(Generic[Mark]):
    """An item in the original order, with its result."""

    item: Chunk | Mark
    batch: Future[list[ChunkResult]] | None = None
    number: int = 0
    """Index of the chunk in its batch."""

    @property
    def is_ready(self) -> bool:
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
    exited: threading.Event | None = None,
) -> Iterator[tuple[Chunk, ChunkResult] | Mark]:
    """Decode the chunks among `items` in batches, and yield everything in the original order.

    Up to `IN_FLIGHT` of the `threads` call `decode` at once. Items that are no chunks pass through
    in place. Lazy: a bounded number of chunks is in memory. Sets `exited` when the consumer stops
    or a batch fails, so that `decode` can stop early.
    """
    slots: deque[_Slot[Mark]] = deque()  # everything not yielded yet, in order
    waiting: list[_Slot[Mark]] = []  # the chunks among them that are not submitted
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
                except Exception as error:  # the items before the error are still yielded
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
            while slots and slots[0].is_ready:
                yield slots.popleft().result()
            if not running:
                if failure is not None:
                    raise failure
                return
            running = wait(running, return_when=FIRST_COMPLETED).not_done
    finally:
        if exited is not None:
            exited.set()
        wait([future for future in running if not future.cancel()])


def read_ahead(
    items: Iterator[T], limit: int, threads: Executor, exited: threading.Event
) -> Iterator[T]:
    """Iterate with up to `limit` items read in advance, in one of the `threads` at a time.

    Reads the next items while the consumer uses the last ones. Setting `exited` stops the reading.
    """

    def read(count: int) -> tuple[list[T], Exception | None]:
        read_items: list[T] = []
        try:
            for item in islice(items, count):
                read_items.append(item)
                if exited.is_set():
                    break
        except Exception as error:  # raised again when the consumer gets there
            return read_items, error
        return read_items, None

    size = 1  # so that the first item arrives early
    reading = threads.submit(read, size)
    try:
        while True:
            read_items, error = reading.result()
            exhausted = len(read_items) < size
            if not exhausted:
                size = min(2 * size, max(limit // 2, 1))
                reading = threads.submit(read, size)
            yield from read_items
            if error is not None:
                raise error
            if exhausted:
                return
    finally:
        if not reading.cancel():
            wait([reading])


def _steps(full: int) -> Iterator[tuple[int, int]]:
    """The size of each batch, and the number of waiting chunks that it is picked from.

    The first batches are small; each size is four times the last, up to `full`.
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


def alike(chunks: Sequence[Chunk], size: int) -> list[Chunk]:
    """The first chunk and similar chunks: same language and window, nearest in length."""
    first = chunks[0]
    same = [c for c in chunks if (c.language, c.window) == (first.language, first.window)]
    return sorted(same, key=lambda chunk: abs(chunk.duration - first.duration))[:size]


def _pick(waiting: list[_Slot[Mark]], size: int) -> list[_Slot[Mark]]:
    """Take the oldest chunk and similar chunks."""
    slots = {id(slot.item): slot for slot in waiting}
    picked = [slots.pop(id(chunk)) for chunk in alike([_chunk(s) for s in waiting], size)]
    waiting[:] = slots.values()
    return picked


def _chunk(slot: _Slot[Any]) -> Chunk:
    assert isinstance(slot.item, Chunk)
    return slot.item
