"""Sound of one request: PCM of any rate, width and channels to mono samples at 16 kHz."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from wyoming.audio import AudioFormat

from unispeech.audio.pcm import check_rate, to_float
from unispeech.audio.resampling import Resampler
from unispeech.errors import AudioError
from unispeech.types import SAMPLE_RATE, Samples

WIDTHS = (1, 2, 3, 4)
"""Bytes of a sample; those of one byte are unsigned, as in WAV files."""
MAX_CHANNELS = 8


class Sound:
    """Converter of the chunks of one request.

    Raises:
        AudioError: the format is out of range.
    """

    def __init__(self, format: AudioFormat, longest: float) -> None:
        """`longest` is the limit of the sound in seconds."""
        if format.width not in WIDTHS or not 1 <= format.channels <= MAX_CHANNELS:
            raise AudioError(
                f"sound of {format.width} bytes a sample and {format.channels} channels",
                f"send 1 to 4 bytes and 1 to {MAX_CHANNELS} channels, best 2 bytes and 1 channel",
            )
        check_rate(format.rate)
        self._format = (format.rate, format.width, format.channels)
        self._resampler = Resampler(format.rate)
        self._longest = longest
        self._count = 0
        self._rest = b""

    def feed(self, format: AudioFormat, data: bytes) -> Samples:
        """Return the samples complete so far, shape (n,), float32.

        Raises:
            AudioError: the chunk has another format than the first, or the sound is too long.
        """
        if (format.rate, format.width, format.channels) != self._format:
            raise AudioError("the format of the sound changes", "send audio-start before it")
        _, width, channels = self._format
        data = self._rest + data
        whole = len(data) // (width * channels) * width * channels
        self._rest = data[whole:]
        frames = to_float(_integers(data[:whole], width)).reshape(-1, channels)
        return self._counted(self._resampler.push(frames.mean(axis=1, dtype=np.float32)))

    def end(self) -> Samples:
        """Return the remaining samples. Drops an incomplete last sample."""
        return self._counted(self._resampler.end())

    def _counted(self, samples: Samples) -> Samples:
        self._count += len(samples)
        if self._count > self._longest * SAMPLE_RATE:
            raise AudioError(
                f"the sound is longer than {self._longest:g} s",
                "send shorter sound; the server's operator sets the limit",
            )
        return samples


def _integers(data: bytes, width: int) -> npt.NDArray[Any]:
    """Return little-endian PCM as signed integers, shape (n,)."""
    if width == 1:
        return (np.frombuffer(data, np.uint8) ^ 0x80).view(np.int8)
    if width == 3:  # the low byte of 32 bits stays 0
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return padded.view("<i4")[:, 0]
    return np.frombuffer(data, f"<i{width}")
