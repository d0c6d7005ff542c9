"""A stream cut into equal ticks, whatever the size of the pieces it arrives in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from unispeech.types import FRAME, SAMPLE_RATE, Samples

TICK = 4 * FRAME
"""Samples that a session processes at a time (128 ms)."""
TICK_SECONDS = TICK / SAMPLE_RATE


class Ticks:
    """A buffer of samples that are given out in whole ticks."""

    def __init__(self) -> None:
        self._pieces: deque[Samples] = deque()
        self._count = 0

    def put(self, samples: Samples) -> None:
        if len(samples):
            self._pieces.append(samples)
            self._count += len(samples)

    def fill(self) -> None:
        """Pad the unfinished tick with silence."""
        if self._count % TICK:
            self.put(np.zeros(TICK - self._count % TICK, np.float32))

    def whole(self) -> Iterator[Samples]:
        """Yield each whole tick, shape (TICK,). Ticks not taken stay for the next call."""
        while self._count >= TICK:
            yield self._take()

    def _take(self) -> Samples:
        parts: list[Samples] = []
        missing = TICK
        while missing:
            piece = self._pieces.popleft()
            parts.append(piece[:missing])
            if len(piece) > missing:
                self._pieces.appendleft(piece[missing:])
            missing -= len(parts[-1])
        self._count -= TICK
        return np.concatenate(parts)
