"""A stream in equal steps, whatever the pieces it comes in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from unispeech.types import FRAME, SAMPLE_RATE, Samples

TICK = 4 * FRAME
"""Samples that are heard at once."""
TICK_SECONDS = TICK / SAMPLE_RATE


class Ticks:
    """Samples that wait until there is a whole tick of them."""

    def __init__(self) -> None:
        self._pieces: deque[Samples] = deque()
        self._held = 0

    def put(self, samples: Samples) -> None:
        if len(samples):
            self._pieces.append(samples)
            self._held += len(samples)

    def fill(self) -> None:
        """Silence up to the end of the tick that has begun."""
        if self._held % TICK:
            self.put(np.zeros(TICK - self._held % TICK, np.float32))

    def whole(self) -> Iterator[Samples]:
        """Each whole tick, shape (TICK,). What is not asked for comes next time."""
        while self._held >= TICK:
            yield self._take()

    def _take(self) -> Samples:
        parts: list[Samples] = []
        wanted = TICK
        while wanted:
            piece = self._pieces.popleft()
            parts.append(piece[:wanted])
            if len(piece) > wanted:
                self._pieces.appendleft(piece[wanted:])
            wanted -= len(parts[-1])
        self._held -= TICK
        return np.concatenate(parts)
