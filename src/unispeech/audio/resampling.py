"""Samples at any rate to 16 kHz, a second at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from unispeech.types import SAMPLE_RATE

if TYPE_CHECKING:
    from unispeech.types import Samples


def resampled(samples: Samples, rate: int) -> Iterator[Samples]:
    """Mono samples of shape (n,) at `rate`, in pieces at 16 kHz (FFmpeg's resampler)."""
    import av
    import numpy as np

    resampler = av.AudioResampler("fltp", "mono", SAMPLE_RATE)
    frames: Iterable[Any] = (
        samples[start : start + rate] for start in range(0, len(samples), rate)
    )
    for piece in itertools.chain(frames, [None]):
        frame = None
        if piece is not None:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece)[None], "fltp", "mono")
            frame.sample_rate = rate
        for out in resampler.resample(frame):
            yield out.to_ndarray()[0]
