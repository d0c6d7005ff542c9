"""Mel filters of Whisper's feature extraction, which ggml files include."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from unispeech.types import SAMPLE_RATE, Floats

FFT = 400
"""Samples of one frame of the Fourier transform."""


def filters(n_mels: int) -> Floats:
    """A triangular filter bank, shape (n_mels, 201), with Slaney's mel scale and norm.

    Equal to `librosa.filters.mel(sr=16000, n_fft=400, n_mels=n_mels)`, from
    which openai/whisper's `mel_filters.npz` was made.
    """
    bins = np.fft.rfftfreq(FFT, 1 / SAMPLE_RATE)
    edges = _hertz(np.linspace(0.0, _mels(SAMPLE_RATE / 2), n_mels + 2))
    width = np.diff(edges)
    slopes = edges[:, None] - bins[None, :]
    rising, falling = -slopes[:-2] / width[:-1, None], slopes[2:] / width[1:, None]
    bank = np.maximum(0.0, np.minimum(rising, falling))
    bank *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return bank.astype(np.float32)


# Slaney's scale is linear up to 1 kHz (15 mel) and logarithmic above.
_LINEAR, _KNEE_HERTZ, _KNEE_MELS = 200.0 / 3, 1000.0, 15.0
_LOGSTEP = 0.06875177742094912  # log(6.4) / 27


def _mels(hertz: float) -> float:
    return _KNEE_MELS + math.log(hertz / _KNEE_HERTZ) / _LOGSTEP


def _hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    above = _KNEE_HERTZ * np.exp(_LOGSTEP * (np.maximum(mels, _KNEE_MELS) - _KNEE_MELS))
    return np.where(mels < _KNEE_MELS, _LINEAR * mels, above)
