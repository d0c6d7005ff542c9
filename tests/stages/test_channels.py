"""The choice of channels by their speech."""

from __future__ import annotations

import numpy as np
import pytest

from support.samples import SAMPLES
from unispeech.audio.recording import load
from unispeech.stages.channels import Channels, Mode, SpeechMix
from unispeech.types import Floats, Samples

SPEECH = load(SAMPLES / "english.wav")
OTHER = load(SAMPLES / "german.wav")[: len(SPEECH)]
NOISE: Floats = np.random.default_rng(3).normal(0, 0.2, len(SPEECH)).astype(np.float32)
SILENCE = np.zeros_like(SPEECH)


def block(*channels: Samples) -> Channels:
    return np.stack([np.mean(channels, axis=0, dtype=np.float32), *channels])


def mixed(*channels: Samples, mode: Mode = "mix") -> Samples:
    return SpeechMix(mode)(block(*channels))


@pytest.mark.parametrize("place", range(6))
def test_clear_speech_is_taken_out_of_noise(place: int) -> None:
    channels = [np.roll(NOISE, 1000 * n) for n in range(6)]
    channels[place] = 0.3 * SPEECH
    assert np.abs(mixed(*channels)[160:] - 0.3 * SPEECH[160:]).max() < 1e-6


def test_a_channel_beside_silent_ones_keeps_its_level() -> None:
    assert np.array_equal(mixed(SILENCE, SILENCE, SPEECH, SILENCE), SPEECH)


def test_channels_of_the_same_sound_keep_the_mix() -> None:
    channels = block(SPEECH, 0.5 * SPEECH + 1e-4 * NOISE)
    assert np.array_equal(SpeechMix()(channels), channels[0])


def test_two_speakers_are_both_kept() -> None:
    half = len(SPEECH) // 2
    left, right = SPEECH.copy(), OTHER.copy()
    left[half:], right[:half] = 0, 0
    channels = block(left, right)
    assert np.allclose(SpeechMix()(channels)[160:], channels[0][160:], atol=1e-6)


def test_silence_stays_silence() -> None:
    assert not mixed(SILENCE, SILENCE).any()


def test_best_is_one_channel() -> None:
    heard = mixed(0.5 * SPEECH + 0.05 * NOISE, SPEECH, mode="best")
    assert np.allclose(heard[160:], SPEECH[160:])


def test_a_change_of_channels_is_blended_in() -> None:
    mix = SpeechMix()
    mix(block(SPEECH, NOISE))
    after = mix(block(NOISE, SPEECH))
    assert after[0] == pytest.approx(NOISE[0], abs=1e-6)
    assert np.allclose(after[160:], SPEECH[160:], atol=1e-6)
