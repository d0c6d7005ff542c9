"""Samples as 16-bit integers, and WAV files and raw streams of them."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from unispeech.audio.resampling import Resampler
from unispeech.errors import AudioError
from unispeech.types import SAMPLE_RATE, Samples

RATES = (8_000, 192_000)
"""Hz; sound outside them is a mistake."""


def to_float(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Integer samples of any width and shape as float32 in [-1, 1)."""
    return values.astype(np.float32) / np.float32(-float(np.iinfo(values.dtype).min))


def to_int16(samples: Samples) -> npt.NDArray[np.int16]:
    """Samples as 16-bit little-endian integers: the nearest, clipped. Undoes `to_float`."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2")


class WavWriter(wave.Wave_write):
    """A WAV file of 16 kHz and 16 bits. Complete at every moment if its file can seek."""

    def __init__(self, path: Path | str, channels: int = 1) -> None:
        super().__init__(str(path))
        self.setnchannels(channels)
        self.setsampwidth(2)
        self.setframerate(SAMPLE_RATE)

    def write(self, samples: Samples) -> None:
        """Append samples, shape (n,) or (channels, n)."""
        self.writeframes(to_int16(samples.T).tobytes())


def check_rate(sample_rate: int) -> None:
    """Raises:
    AudioError: a sample rate that no sound has.
    """
    low, high = RATES
    if not low <= sample_rate <= high:
        raise AudioError(f"a sample rate of {sample_rate} Hz", f"give one from {low} to {high}")


class PcmDecoder:
    """Bytes of signed 16-bit little-endian mono sound, in pieces of any size, to samples.

    Raises:
        AudioError: a sample rate that no sound has.
    """

    def __init__(self, sample_rate: int = SAMPLE_RATE) -> None:
        check_rate(sample_rate)
        self._resampler = Resampler(sample_rate)
        self._half = b""

    def feed(self, data: bytes) -> Samples:
        """The samples that are complete by now; half a sample waits for its other half."""
        data = self._half + data
        whole = len(data) // 2 * 2
        self._half = data[whole:]
        return self._resampler.push(to_float(np.frombuffer(data[:whole], "<i2")))

    def end(self) -> Samples:
        """What the resampler still held. An odd last byte is no sample and is let go."""
        return self._resampler.end()
