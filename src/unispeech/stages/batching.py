"""Chunks into batches, results back into order.

Chunks of several recordings share batches. A window of look-ahead is kept, so memory is bounded;
each batch is the oldest undecoded chunk with those nearest to it in length, so that little of it is
padding; the first batches are small, so that the first words come soon. Which chunks meet in a
batch depends on the chunks alone, never on how fast anything went, and a chunk's text does not
depend on its companions: the same input gives the same output.

A source is read in a thread of its own (`ahead`) while batches are decoded, and a second batch is
handed over before the first is done, so that the backend never waits for us.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from unispeech.types import Chunk, ChunkResult, End

LOOKAHEAD = 2
"""Batches' worth of chunks that may be waiting."""
IN_FLIGHT = 2
"""Batches handed to the backend at once."""

Item = Chunk | End
Decode = Callable[[list[Chunk]], list[ChunkResult]]


@dataclass(slots=True)
class _Slot:
    """An item in its place, with what became of it."""

    item: Item
    batch: Future[list[ChunkResult]] | None = None
    number: int = 0
    """Its place in the batch."""

    @property
    def ready(self) -> bool:
        return isinstance(self.item, End) or (self.batch is not None and self.batch.done())


def in_order(
    items: Iterator[Item], decode: Decode, batch_size: int, left: threading.Event | None = None
) -> Iterator[tuple[Chunk, ChunkResult] | End]:
    """Decode the chunks among `items` in batches and give everything back in its old order.

    `decode` is called from up to `IN_FLIGHT` threads at once. The ends of sources pass through in
    their place. Lazy: a bounded number of chunks is held. `left` is set when the caller goes away
    or something fails, so that `decode` can give up early.
    """
    slots: deque[_Slot] = deque()  # everything that is not given back yet, in order
    waiting: list[_Slot] = []  # the chunks among them that no worker has
    running: set[Future[list[ChunkResult]]] = set()
    steps = _steps(batch_size)
    size, needed = next(steps)
    exhausted = False
    failure: Exception | None = None
    pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="decode")
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
                running.add(_submit(pool, decode, _pick(waiting, size)))
                size, needed = next(steps)
                continue
            while slots and slots[0].ready:
                yield _given_back(slots.popleft())
            if not running:
                if failure is not None:
                    raise failure
                return
            running = wait(running, return_when=FIRST_COMPLETED).not_done
    finally:
        if left is not None:
            left.set()
        pool.shutdown(wait=True, cancel_futures=True)


def ahead(items: Iterator[Item], limit: int) -> Iterator[Item]:
    """The same items, read by a thread of their own, at most `limit` of them early."""
    read: queue.Queue[Item | BaseException | None] = queue.Queue(limit)
    left = threading.Event()

    def hand_over(item: Item | BaseException | None) -> None:
        while not left.is_set():
            with contextlib.suppress(queue.Full):
                read.put(item, timeout=0.1)
                return

    def run() -> None:
        try:
            for item in items:
                hand_over(item)
                if left.is_set():
                    return
            hand_over(None)
        except BaseException as error:
            hand_over(error)

    thread = threading.Thread(target=run, name="read ahead", daemon=True)
    thread.start()
    try:
        while (item := read.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        left.set()
        thread.join()


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


def _submit(pool: ThreadPoolExecutor, decode: Decode, batch: list[_Slot]) -> Future[Any]:
    future = pool.submit(decode, [_chunk(slot) for slot in batch])
    for number, slot in enumerate(batch):
        slot.batch, slot.number = future, number
    return future


def _pick(waiting: list[_Slot], size: int) -> list[_Slot]:
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


def _given_back(slot: _Slot) -> tuple[Chunk, ChunkResult] | End:
    if isinstance(slot.item, End):
        return slot.item
    assert slot.batch is not None
    return _chunk(slot), slot.batch.result()[slot.number]


def _chunk(slot: _Slot) -> Chunk:
    assert isinstance(slot.item, Chunk)
    return slot.item
