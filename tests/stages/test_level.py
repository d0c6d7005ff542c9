"""The level at which speech is detected."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.samples import SAMPLES
from unispeech.audio.recording import load
from unispeech.options import VadOptions
from unispeech.stages.level import MOST, TARGET, Leveller
from unispeech.stages.vad import Detector
from unispeech.types import FRAME

SPEECH = load(SAMPLES / "english.wav")
SPEECH = SPEECH[: len(SPEECH) // FRAME * FRAME]


def speech_frames(samples: npt.NDArray[np.floating[Any]]) -> int:
    return int(Detector(VadOptions()).flags(samples.astype(np.float32)).sum())


def test_sound_at_an_ordinary_level_passes_unchanged() -> None:
    tone = (0.05 * np.sin(np.arange(100 * FRAME) * 0.2)).astype(np.float32)
    both = np.concatenate([tone, SPEECH])
    assert np.array_equal(Leveller()(both), both)


@pytest.mark.parametrize("decibels", [20, 40, 50, 60])
def test_quiet_speech_is_detected(decibels: int) -> None:
    quiet = np.round(SPEECH * 10 ** (-decibels / 20) * 32768) / 32768
    assert speech_frames(quiet) > 0.8 * speech_frames(SPEECH)


@pytest.mark.parametrize("offset", [0.05, 0.4, -0.4])
def test_speech_on_an_offset_is_detected(offset: float) -> None:
    shifted = np.clip(0.3 * SPEECH + offset, -1, 1)
    assert speech_frames(shifted) == pytest.approx(speech_frames(SPEECH), rel=0.1)


def test_faint_noise_is_no_speech() -> None:
    generator = np.random.default_rng(0)
    for level in (1e-5, 1e-4, 1e-3):
        assert speech_frames(generator.normal(0, level, 300 * FRAME)) == 0


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.floats(1e-5, 1.0))
@settings(max_examples=30, deadline=None)
def test_the_result_does_not_depend_on_how_the_stream_is_cut(sizes: list[int], gain: float) -> None:
    samples = (gain * SPEECH[: sum(sizes) * FRAME]).astype(np.float32)
    leveller, position, pieces = Leveller(), 0, []
    for size in sizes:
        pieces.append(leveller(samples[position : position + size * FRAME]))
        position += size * FRAME
    whole = Leveller()(samples[:position])
    assert np.allclose(np.concatenate(pieces), whole, atol=1e-6)
    assert np.abs(whole).max() <= 1.0
    assert np.abs(whole).max() <= max(np.abs(samples).max() * MOST, TARGET)
