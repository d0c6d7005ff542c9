"""Selection of the window of a chunk."""

from __future__ import annotations

import numpy as np
import pytest

from unispeech.stages.windows import TAIL, fit, shortest
from unispeech.types import SAMPLE_RATE, Chunk

WINDOWS = (5.0, 10.0, 30.0)


@pytest.mark.parametrize(
    ("seconds", "window"), [(0.0, 5.0), (5.0, 5.0), (5.1, 10.0), (30.0, 30.0), (31.0, 30.0)]
)
def test_the_shortest_window_with_room_is_selected(seconds: float, window: float) -> None:
    assert shortest(WINDOWS, seconds) == window


@pytest.mark.parametrize(
    ("duration", "context", "window"),
    [(5.0 - TAIL, 0.0, 5.0), (5.0, 0.0, 10.0), (5.0 - TAIL, 0.5, 10.0), (29.5, 0.0, 30.0)],
)
def test_a_chunk_fits_with_its_context_and_a_tail(
    duration: float, context: float, window: float
) -> None:
    sound = np.zeros(round((duration + 2 * context) * SAMPLE_RATE), np.float32)
    chunk = Chunk(sound, 0.0, duration, before=context, after=context)
    assert fit(chunk, WINDOWS).window == window
