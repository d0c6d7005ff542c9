"""Conversion to 16-bit integers and back, and WAV files."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from unispeech.audio.pcm import WavWriter, to_float, to_int16


def test_every_integer_survives_the_round_trip() -> None:
    every = np.arange(-32768, 32768, dtype=np.int16)
    assert np.array_equal(to_int16(to_float(every)), every)


@pytest.mark.parametrize(
    ("sample", "integer"),
    [(1.0, 32767), (-1.0, -32768), (2.0, 32767), (0.6 / 32768, 1), (-0.6 / 32768, -1)],
)
def test_samples_are_rounded_to_the_nearest_and_clipped(sample: float, integer: int) -> None:
    assert to_int16(np.array([sample], np.float32)).tolist() == [integer]


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_integers_of_any_width_map_to_minus_one_to_one(kind: type[np.signedinteger]) -> None:
    limits = np.iinfo(kind)
    low, high = to_float(np.array([limits.min, limits.max], kind))
    assert low == -1.0 and 0.99 < high <= 1.0


def test_a_wav_file_contains_the_written_samples(tmp_path: Path) -> None:
    sound = np.linspace(-1.0, 1.0, 1001, dtype=np.float32)
    with WavWriter(tmp_path / "a.wav") as file:
        file.write(sound[:300])
        file.write(sound[300:])
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getparams()[:4] == (1, 2, 16_000, 1001)
        assert np.array_equal(np.frombuffer(file.readframes(1001), "<i2"), to_int16(sound))
