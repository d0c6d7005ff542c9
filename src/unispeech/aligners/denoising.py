"""Reduction of steady noise, for acoustic models that know little of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unispeech.types import Samples

WINDOW = 512
"""Samples of a window; they overlap by half."""
FLOOR = 0.6
"""The least gain. Less noise than this leaves gaps in the faint parts of words."""
QUIETEST = 10.0
"""The percentile of the windows' powers that is the noise, at each frequency."""
EXCESS = 1.3
"""The mean power of noise, relative to that percentile of its smoothed power."""
AROUND = 5
"""Windows over which the power of noise is smoothed."""


def denoised(samples: Samples) -> Samples:
    """The samples with steady noise reduced by a spectral gain (a Wiener filter's square root)."""
    half = WINDOW // 2
    count = len(samples) // half + 2
    padded = np.zeros((count + 1) * half, np.float32)
    padded[half : half + len(samples)] = samples
    window = np.sqrt(np.hanning(WINDOW + 1)[:-1]).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::half]
    spectrum = np.fft.rfft(windows * window)
    power = np.square(np.abs(spectrum))
    noise = EXCESS * np.percentile(_smoothed(power, AROUND), QUIETEST, axis=0)
    smooth = np.maximum(_smoothed(power, 3), 1e-12)
    gain = np.sqrt(np.maximum(1 - noise / smooth, FLOOR**2))
    parts = np.fft.irfft(spectrum * gain)[:count].astype(np.float32) * window
    sound = np.zeros((count + 1, half), np.float32)
    sound[:-1] += parts[:, :half]
    sound[1:] += parts[:, half:]
    result: Samples = sound.reshape(-1)[half : half + len(samples)]
    return result


def _smoothed(power: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """The mean over `count` windows around each."""
    padded = np.pad(power, ((count // 2 + 1, count // 2), (0, 0)), mode="edge")
    sums = np.cumsum(padded, axis=0)
    return np.asarray((sums[count:] - sums[:-count]) / count)
