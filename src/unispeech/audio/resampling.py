"""Resampling of mono samples to 16 kHz with FFmpeg."""

from __future__ import annotations

from typing import Any

import numpy as np

from unispeech.types import SAMPLE_RATE, Samples


class Resampler:
    """Resampler of one stream. The state of its filter carries over between pieces."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._resampler: Any = None
        if rate != SAMPLE_RATE:
            import av

            self._resampler = av.AudioResampler("fltp", "mono", SAMPLE_RATE)

    def push(self, samples: Samples) -> Samples:
        """The samples complete so far, shape (n,)."""
        if self._resampler is None or not len(samples):
            return samples
        import av

        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None], "fltp", "mono")
        frame.sample_rate = self._rate
        return self._resampled(frame)

    def end(self) -> Samples:
        """The remaining samples."""
        return self._resampled(None)

    def _resampled(self, frame: Any) -> Samples:
        pieces = self._resampler.resample(frame) if self._resampler else ()
        return np.concatenate([np.zeros(0, np.float32), *(p.to_ndarray()[0] for p in pieces)])
