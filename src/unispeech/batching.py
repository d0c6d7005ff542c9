"""Chunks into batches, results back into order.

Chunks of several recordings share batches. A window of look-ahead is kept, so memory is bounded;
each batch is the oldest undecoded chunk with those nearest to it in length, so that little of it is
padding; the first batch is small, so that the first words come soon. A chunk's text does not depend
on its companions, so none of this changes what is said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from unispeech.types import Chunk, ChunkResult, End

LOOKAHEAD = 3
"""Batches' worth of chunks that may be waiting."""
FIRST_BATCH = 2

Decode = Callable[[list[Chunk]], list[ChunkResult]]


@dataclass(slots=True)
class _Slot:
    item: Chunk | End
    result: ChunkResult | None = None


def in_order(
    items: Iterator[Chunk | End], decode: Decode, batch_size: int
) -> Iterator[tuple[Chunk, ChunkResult] | End]:
    """Decode the chunks among `items` in batches and give everything back in its old order.

    The ends of sources pass through in their place. Lazy: reads at most `LOOKAHEAD` batches ahead.
    """
    slots: deque[_Slot] = deque()
    size = min(FIRST_BATCH, batch_size)
    exhausted = False
    while slots or not exhausted:
        waiting = [slot for slot in slots if _undecoded(slot)]
        while not exhausted and len(waiting) < (size if size < batch_size else LOOKAHEAD * size):
            try:
                slots.append(_Slot(next(items)))
            except StopIteration:
                exhausted = True
                break
            if _undecoded(slots[-1]):
                waiting.append(slots[-1])
        if waiting:
            batch = _pick(waiting, size)
            size = batch_size
            chunks = [slot.item for slot in batch if isinstance(slot.item, Chunk)]
            for slot, result in zip(batch, decode(chunks), strict=True):
                slot.result = result
        while slots and not _undecoded(slots[0]):
            slot = slots.popleft()
            if isinstance(slot.item, Chunk):
                assert slot.result is not None
                yield slot.item, slot.result
            else:
                yield slot.item


def _undecoded(slot: _Slot) -> bool:
    return slot.result is None and isinstance(slot.item, Chunk)


def _pick(waiting: list[_Slot], size: int) -> list[_Slot]:
    """The oldest, and those most like it: same language, same window, nearest in length."""
    oldest = _chunk(waiting[0])
    alike = [
        slot
        for slot in waiting
        if (_chunk(slot).language, _chunk(slot).window) == (oldest.language, oldest.window)
    ]
    alike.sort(key=lambda slot: abs(_chunk(slot).duration - oldest.duration))
    return alike[:size]


def _chunk(slot: _Slot) -> Chunk:
    assert isinstance(slot.item, Chunk)
    return slot.item
