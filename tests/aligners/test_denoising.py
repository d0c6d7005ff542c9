"""Reduction of steady noise before alignment."""

from __future__ import annotations

import numpy as np
import pytest

from unispeech.aligners.denoising import denoised
from unispeech.types import SAMPLE_RATE, Samples


@pytest.mark.parametrize("length", [0, 1, 255, 512, 4097])
def test_the_length_and_silence_stay(length: int) -> None:
    silence: Samples = np.zeros(length, np.float32)
    assert np.array_equal(denoised(silence), silence)


def test_noise_becomes_less_and_speech_stays() -> None:
    samples = np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE).astype(np.float32) * 0.01
    tone = np.sin(np.arange(SAMPLE_RATE) * 0.2).astype(np.float32) * 0.5
    samples[SAMPLE_RATE:] += tone
    result = denoised(samples)
    noise, loud = result[: SAMPLE_RATE - 512], result[SAMPLE_RATE + 512 : -512]
    assert 0.5 < np.std(noise) / np.std(samples[: SAMPLE_RATE - 512]) < 0.8
    assert np.abs(loud - tone[512:-512]).max() < 0.06
