"""Decoded frames of any rate and layout to mono at 16 kHz, through FFmpeg's resampler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from unispeech.audio.pcm import to_float
from unispeech.types import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    import av

CANCELLED = 0.02
"""Below this part of a channel's power, the mix has lost it: a miswired balanced line, or speech in
a channel that the layout says is for effects. Then that channel is taken by itself."""
AUDIBLE = 1e-7
"""Mean square, below which a channel says nothing (-70 dBFS)."""


class Downmix:
    """The resamplers of one stream. A stream may change its rate or layout on the way."""

    def __init__(self) -> None:
        self.bad_samples = 0
        """NaN and infinities met, and taken for silence."""
        self.cancelled = False
        """Whether a channel had to be taken by itself."""
        self._shape: tuple[object, ...] = ()
        self._mono: av.AudioResampler | None = None
        self._channels: av.AudioResampler | None = None

    def push(self, frame: av.AudioFrame | None) -> Iterator[Samples]:
        """What a frame gives, in pieces of shape (n,); None gives what is still inside."""
        import av

        if frame is not None:
            frame = self._without_nan(frame)
            frame.pts = None
            shape = (frame.format.name, frame.layout.name, frame.sample_rate)
            if shape != self._shape:
                yield from self._resampled(None)
                self._shape = shape
                self._mono = av.AudioResampler("s16", "mono", SAMPLE_RATE)
                several = frame.layout.nb_channels > 1
                layout = frame.layout.name
                self._channels = av.AudioResampler("s16p", layout, SAMPLE_RATE) if several else None
        yield from self._resampled(frame)

    def _resampled(self, frame: av.AudioFrame | None) -> Iterator[Samples]:

        if self._mono is None:
            return
        mixed = [piece.to_ndarray()[0] for piece in self._mono.resample(frame)]
        apart = self._channels.resample(frame) if self._channels else []
        for i, piece in enumerate(mixed):
            samples = to_float(piece)
            if i < len(apart):
                samples = self._audible(samples, apart[i])
            yield samples

    def _audible(self, mixed: Samples, frame: av.AudioFrame) -> Samples:
        """The mix, or the loudest channel where the mix has lost it."""
        channels = to_float(frame.to_ndarray())
        if channels.shape[1] != len(mixed) or not len(mixed):
            return mixed
        power = np.square(channels).mean(axis=1)
        loudest = int(power.argmax())
        if power[loudest] < AUDIBLE or np.square(mixed).mean() >= CANCELLED * power[loudest]:
            return mixed
        self.cancelled = True
        taken: Samples = channels[loudest]
        return taken

    def _without_nan(self, frame: av.AudioFrame) -> av.AudioFrame:
        import av

        if not frame.format.name.startswith(("flt", "dbl")):
            return frame
        array = frame.to_ndarray()
        finite = np.isfinite(array)
        bad = int(array.size - np.count_nonzero(finite))
        if not bad:
            return frame
        self.bad_samples += bad
        clean = av.AudioFrame.from_ndarray(
            np.where(finite, array, array.dtype.type(0)), frame.format.name, frame.layout.name
        )
        clean.sample_rate = frame.sample_rate
        return clean
