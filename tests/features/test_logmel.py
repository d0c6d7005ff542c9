"""The log-mel features of every Whisper adapter that computes its own."""

from __future__ import annotations

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from support.samples import SAMPLES
from unispeech.audio.recording import load
from unispeech.features import mel
from unispeech.features.logmel import log_mel


@pytest.mark.parametrize("n_mels", [80, 128])
def test_features_equal_those_of_faster_whisper(n_mels: int) -> None:
    samples = load(SAMPLES / "english.wav")
    padded = np.pad(samples, (0, 480_000 - len(samples)))
    theirs = FeatureExtractor(feature_size=n_mels)(padded, padding=0)[:, :3000]
    ours = log_mel(samples, mel.filters(n_mels), 30.0)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 2e-4


@pytest.mark.parametrize("length", [0, 1, 399, 16_000, 480_000, 496_000])
def test_features_of_any_length_fill_the_window(length: int) -> None:
    samples = np.random.default_rng(0).standard_normal(length).astype(np.float32)
    features = log_mel(samples, mel.filters(80), 12.0)
    assert features.shape == (80, 1200) and np.isfinite(features).all()
