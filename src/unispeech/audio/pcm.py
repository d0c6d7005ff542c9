"""16-bit PCM: conversion, WAV files and raw streams."""

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
"""Lowest and highest valid sample rate, in Hz."""


def to_float(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Convert integer samples of any width and shape to float32 in [-1, 1)."""
    return values.astype(np.float32) / np.float32(-float(np.iinfo(values.dtype).min))


def to_int16(samples: Samples) -> npt.NDArray[np.int16]:
    """Convert samples to 16-bit little-endian integers, rounded and clipped. Inverts `to_float`."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2")


class WavWriter(wave.Wave_write):
    """WAV file of 16 kHz and 16 bits. Valid after every write if its file is seekable."""

    def __init__(self, path: Path | str, channels: int = 1) -> None:
        super().__init__(str(path))
        self.setnchannels(channels)
        self.setsampwidth(2)
        self.setframerate(SAMPLE_RATE)

    def write(self, samples: Samples) -> None:
        """Append samples, shape (n,) or (channels, n)."""
        self.writeframes(to_int16(samples.T).tobytes())


def check_rate(sample_rate: int) -> None:
    """Check a sample rate in Hz.

    Raises:
        AudioError: the rate is out of range.
    """
    low, high = RATES
    if not low <= sample_rate <= high:
        raise AudioError(f"sample rate {sample_rate} Hz is out of range", f"use {low} to {high} Hz")


class PcmDecoder:
    """Decoder of signed 16-bit little-endian mono sound, in pieces of any size.

    Raises:
        AudioError: the sample rate is out of range.
    """

    def __init__(self, sample_rate: int = SAMPLE_RATE) -> None:
        check_rate(sample_rate)
        self._resampler = Resampler(sample_rate)
        self._half = b""

    def feed(self, data: bytes) -> Samples:
        """The samples complete so far. Keeps an incomplete sample for the next call."""
        data = self._half + data
        whole = len(data) // 2 * 2
        self._half = data[whole:]
        return self._resampler.push(to_float(np.frombuffer(data[:whole], "<i2")))

    def end(self) -> Samples:
        """The remaining samples of the resampler. Drops an incomplete last sample."""
        return self._resampler.end()
