"""Log-mel spectrograms, the features of Whisper (openai/whisper, `log_mel_spectrogram`).

Only frames that overlap the samples are computed; the value of the silence after them is known.
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
    """Compute the features of samples, padded with silence to `window` seconds.

    `filters` are the mel filters, shape (mels, 201). The result has shape (mels, 100 * window).
    """
    total = round(window * SAMPLE_RATE)
    samples = samples[:total]
    frames = total // HOP
    active = min(frames, (len(samples) + FFT // 2) // HOP + 1)
    silence = np.zeros(min(total - len(samples), FFT), np.float32)
    padded = np.pad(np.concatenate([samples, silence]), FFT // 2, mode="reflect")
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
    """Compute `filters @ power.T`.

    Each filter covers only a few frequencies, and a matrix product would start BLAS threads that
    compete with the decoder's.
    """
    mel = np.zeros((len(filters), len(power)), np.float32)
    for row, weights in zip(mel, filters, strict=True):
        (covered,) = np.nonzero(weights)
        if len(covered):
            low, high = covered[0], covered[-1] + 1
            np.einsum(
                "ij,j->i", power[:, low:high], weights[low:high], out=row, casting="same_kind"
            )
    return mel


@cache
def _hann() -> Any:
    return np.hanning(FFT + 1)[:-1].astype(np.float32)
