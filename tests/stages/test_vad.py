"""Voice activity detection and the choice of quiet moments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.samples import SAMPLES
from unispeech.audio.recording import load
from unispeech.options import VadOptions
from unispeech.stages.chunking import SMOOTH, quietest
from unispeech.stages.vad import Detector, Hysteresis, detect
from unispeech.types import FRAME, SAMPLE_RATE, Flags, Samples

SPEECH = load(SAMPLES / "english.wav")


@pytest.mark.parametrize(
    ("threshold", "probabilities", "speech"),
    [
        (0.5, [0.4, 0.5, 0.4, 0.35, 0.34, 0.49, 0.6], [0, 1, 1, 1, 0, 0, 1]),
        (0.05, [0.05, 0.02, 0.011, 0.009, 0.04], [1, 1, 1, 0, 0]),
    ],
)
def test_speech_begins_at_the_threshold_and_ends_below_a_lower_one(
    threshold: float, probabilities: list[float], speech: list[int]
) -> None:
    values = np.array(probabilities)
    assert Hysteresis(threshold).flags(values).tolist() == [bool(flag) for flag in speech]


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1, width=32), max_size=40), st.integers(0, 40))
def test_hysteresis_carries_over_between_blocks(probabilities: list[float], cut: int) -> None:
    values = np.array(probabilities, np.float32)
    hysteresis = Hysteresis(0.5)
    parts = [hysteresis.flags(values[:cut]), hysteresis.flags(values[cut:])]
    assert np.array_equal(np.concatenate(parts), Hysteresis(0.5).flags(values))


def test_everything_is_speech_if_detection_is_disabled() -> None:
    flags = Detector(VadOptions(enabled=False)).flags(np.zeros(3 * FRAME, np.float32))
    assert flags.tolist() == [True] * 3


@pytest.mark.parametrize("quiet", [SMOOTH // 2, 11, 20 - SMOOTH // 2])
def test_the_quietest_frame_has_quiet_neighbours(quiet: int) -> None:
    loudness = np.abs(np.arange(21) - quiet) + 1.0
    samples = np.repeat(loudness, FRAME).astype(np.float32)
    assert quietest(samples) == quiet


@pytest.mark.parametrize(("frames", "middle"), [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2)])
def test_the_middle_is_returned_if_there_are_too_few_frames(frames: int, middle: int) -> None:
    assert quietest(np.ones(frames * FRAME, np.float32)) == middle


def flags(samples: Samples, block: int = 10 * SAMPLE_RATE) -> Flags:
    blocks = (samples[i : i + block] for i in range(0, len(samples), block))
    return np.concatenate([flags for _, flags in detect(blocks, VadOptions())])


@pytest.mark.parametrize("decibels", [40, 50])
def test_quiet_speech_after_loud_speech_is_detected(decibels: int) -> None:
    quiet = SPEECH * np.float32(10 ** (-decibels / 20))
    pause = np.zeros(SAMPLE_RATE // 2, np.float32)
    both = flags(np.concatenate([SPEECH, pause, quiet, pause, SPEECH]))
    start = (len(SPEECH) + len(pause)) // FRAME
    found = both[start : start + len(quiet) // FRAME].sum()
    assert found > 0.8 * flags(SPEECH).sum()


def test_faint_noise_after_speech_is_no_speech() -> None:
    noise = np.random.default_rng(0).normal(0, 1e-3, 8 * SAMPLE_RATE).astype(np.float32)
    both = flags(np.concatenate([SPEECH, noise]))
    assert not both[len(SPEECH) // FRAME + 10 :].any()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 3 * SAMPLE_RATE), min_size=1, max_size=5))
def test_the_second_look_does_not_depend_on_the_blocks(sizes: list[int]) -> None:
    pause = np.zeros(SAMPLE_RATE, np.float32)
    sound = np.concatenate([SPEECH, pause, SPEECH * np.float32(0.01), pause])
    edges = np.cumsum(sizes)
    blocks = np.split(sound, edges[edges < len(sound)])
    frames = list(detect(iter(blocks), VadOptions()))
    assert np.array_equal(np.concatenate([samples for samples, _ in frames]), sound)
    assert np.array_equal(np.concatenate([part for _, part in frames]), flags(sound))
