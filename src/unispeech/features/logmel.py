"""Whisper's features: log-mel spectrograms (openai/whisper, audio.py, `log_mel_spectrogram`).

Only the frames that hear the samples are computed; the silence after them has a known value.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from unispeech.features.mel import FFT
from unispeech.types import SAMPLE_RATE, Floats, Samples

HOP = 160
FLOOR = 1e-10


def log_mel(samples: Samples, filters: npt.NDArray[Any], window: float) -> Floats:
    """Floats of the samples followed by silence up to `window` seconds.

    `filters` are the mel filters, shape (mels, 201). Shape of the result: (mels, 100 * window).
    """
    total = round(window * SAMPLE_RATE)
    heard = samples[:total]
    frames = total // HOP
    active = min(frames, (len(heard) + FFT // 2) // HOP + 1)
    silence = np.zeros(min(total - len(heard), FFT), np.float32)
    padded = np.pad(np.concatenate([heard, silence]), FFT // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP][:active]
    spectrum = np.fft.rfft(windows * _hann(), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    mel = np.log10(np.maximum(_filtered(power, filters), FLOOR))
    lowest = max(float(mel.max()), -10.0) - 8.0
    features = np.full((len(filters), frames), max(lowest, -10.0), np.float32)
    features[:, :active] = np.maximum(mel, lowest)
    scaled: Floats = (features + np.float32(4.0)) / np.float32(4.0)
    return scaled


def _filtered(power: npt.NDArray[Any], filters: npt.NDArray[Any]) -> Floats:
    """`filters @ power.T`. Each filter hears only a few frequencies, and a matrix product would
    wake BLAS threads that fight with the decoder's."""
    mel = np.zeros((len(filters), len(power)), np.float32)
    for row, weights in zip(mel, filters, strict=True):
        (heard,) = np.nonzero(weights)
        if len(heard):
            low, high = heard[0], heard[-1] + 1
            np.einsum(
                "ij,j->i", power[:, low:high], weights[low:high], out=row, casting="same_kind"
            )
    return mel


@cache
def _hann() -> Any:
    return np.hanning(FFT + 1)[:-1].astype(np.float32)
