"""Decoded frames of any rate and layout to mono at 16 kHz, through FFmpeg's resampler.

PyAV reads past the planes of a planar frame of more than eight channels, so samples are only ever
taken from packed frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from unispeech.audio.pcm import to_float
from unispeech.types import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    import av

CANCELLED = 0.02
"""Minimum power of the mix, as a fraction of the loudest channel's power. A mix below has lost the
channel (a miswired balanced line, speech in an effects channel), which is then used by itself."""
AUDIBLE = 1e-7
"""Mean square, below which a channel is silent (-70 dBFS)."""
MIXABLE = 8
"""Channels that FFmpeg mixes by their places; more, or channels without places, are averaged."""

_FLOATS = ("flt", "fltp", "dbl", "dblp")

Piece: TypeAlias = npt.NDArray[np.float32]
"""Shape (1, n) for mono sound, else (1 + channels, n): the mix, then each channel."""


class Downmix:
    """Resamplers of one stream, whose rate and layout may change."""

    def __init__(self) -> None:
        self.bad_samples = 0
        """NaN and infinities, replaced by silence."""
        self.cancelled = False
        """True once a channel had to be used by itself."""
        self._shape: tuple[object, ...] = ()
        self._packed: av.AudioResampler | None = None
        self._mono: av.AudioResampler | None = None
        self._channels: av.AudioResampler | None = None

    def push(self, frame: av.AudioFrame | None) -> Iterator[Piece]:
        """Yield the samples of a frame in pieces; None flushes the rest."""
        if frame is None:
            yield from self._resampled(None)
            self._shape = ()
            return
        frame.pts = None
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:
            yield from self._resampled(None)
            self._shape = shape
            self._open(frame)
        yield from self._resampled(self._without_nan(frame))

    def _open(self, frame: av.AudioFrame) -> None:
        import av

        layout = frame.layout
        mixable = layout.nb_channels <= MIXABLE
        self._mono = av.AudioResampler("s16", "mono", SAMPLE_RATE) if mixable else None
        planar_floats = frame.format.is_planar and frame.format.name in _FLOATS
        self._packed = av.AudioResampler(frame.format.packed, layout) if planar_floats else None
        several = layout.nb_channels > 1
        self._channels = av.AudioResampler("s16", layout, SAMPLE_RATE) if several else None

    def _resampled(self, frame: av.AudioFrame | None) -> Iterator[Piece]:
        if not self._shape:
            return
        apart = self._channels.resample(frame) if self._channels else []
        channels = np.concatenate([unpacked(piece) for piece in apart], 1) if apart else None
        if self._mono is None:
            if channels is not None:
                yield np.concatenate([channels.mean(axis=0, keepdims=True), channels])
            return
        mixed = [to_float(piece.to_ndarray()) for piece in self._mono.resample(frame)]
        if channels is None:
            yield from mixed
            return
        mix = np.concatenate(mixed, 1)[0] if mixed else np.zeros(0, np.float32)
        yield np.concatenate([self._audible(mix, channels)[None], channels])

    def _audible(self, mixed: Samples, channels: npt.NDArray[np.float32]) -> Samples:
        """Return the mix, or the loudest channel if the mix has lost it."""
        power = np.square(channels).mean(axis=1)
        loudest = int(power.argmax())
        if power[loudest] < AUDIBLE or np.square(mixed).mean() >= CANCELLED * power[loudest]:
            return mixed
        self.cancelled = True
        channel: Samples = channels[loudest]
        return channel

    def _without_nan(self, frame: av.AudioFrame) -> av.AudioFrame:
        import av

        if frame.format.name not in _FLOATS:
            return frame
        if self._packed is not None:
            [frame] = self._packed.resample(frame)
        array = frame.to_ndarray()
        finite = np.isfinite(array)
        bad = int(array.size - np.count_nonzero(finite))
        if not bad:
            return frame
        self.bad_samples += bad
        clean = av.AudioFrame.from_ndarray(
            np.where(finite, array, array.dtype.type(0)), frame.format, frame.layout
        )
        clean.sample_rate = frame.sample_rate
        return clean


def unpacked(frame: av.AudioFrame) -> npt.NDArray[np.float32]:
    """The samples of a packed 16-bit frame, shape (channels, n)."""
    values: npt.NDArray[Any] = frame.to_ndarray()
    return to_float(values.reshape(-1, frame.layout.nb_channels).T)
