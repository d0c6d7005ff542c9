"""The index of a sample is the time at which a player would show it, in every container."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.recordings import CODECS, Floats, Sound, recorded
from unispeech.audio.recording import Recording

RATE = 16_000
TONE: Floats = (0.3 * np.sin(np.arange(2 * RATE) * 0.2)).astype(np.float32)
"""Two seconds."""
NEAR = 0.11
"""Seconds: priming samples of encoders, rounded timestamps, and a last frame that is not full."""


def sounding(path: Path) -> list[tuple[float, float]]:
    """Start and end in seconds of each stretch that is not silent."""
    samples = Recording(path).read()
    frames = np.abs(samples[: len(samples) // 160 * 160]).reshape(-1, 160).max(axis=1) > 0.05
    edges = np.flatnonzero(np.diff(np.concatenate([[0], frames, [0]])))
    return [(start / 100, end / 100) for start, end in edges.reshape(-1, 2)]


@pytest.mark.parametrize("suffix", sorted(set(CODECS) - {".avi", ".wmv"}))
def test_sound_that_starts_late_keeps_its_time(tmp_path: Path, suffix: str) -> None:
    has_film = bool(CODECS[suffix][1])
    path = recorded(tmp_path / f"late{suffix}", Sound(((4.0, TONE),)), film=7.0 if has_film else 0)
    [(start, end)] = sounding(path)
    assert start == pytest.approx(4.0, abs=NEAR)
    assert end == pytest.approx(6.0, abs=NEAR)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts", ".webm", ".mka", ".flv"])
def test_a_hole_in_the_timestamps_is_silence(tmp_path: Path, suffix: str) -> None:
    has_film = bool(CODECS[suffix][1])
    sound = Sound(((0.0, TONE), (5.0, TONE)))
    path = recorded(tmp_path / f"hole{suffix}", sound, film=8.0 if has_film else 0)
    (_, first_end), (second_start, second_end) = sounding(path)
    assert first_end == pytest.approx(2.0, abs=NEAR)
    assert second_start == pytest.approx(5.0, abs=NEAR)
    assert second_end == pytest.approx(7.0, abs=NEAR)


def test_a_transport_stream_begins_at_its_first_frame(tmp_path: Path) -> None:
    path = recorded(tmp_path / "later.ts", Sound(((3600.0, TONE),)))
    [(start, _)] = sounding(path)
    assert start == pytest.approx(0.0, abs=NEAR)


def test_a_part_keeps_the_times_of_the_file(tmp_path: Path) -> None:
    path = recorded(tmp_path / "whole.mka", Sound(((0.0, np.tile(TONE, 3)),)))
    samples = Recording(path, start=2.5, end=4.0).read()
    assert len(samples) == 4 * RATE
    assert not samples[: round(2.5 * RATE)].any()
    assert np.abs(samples[round(2.5 * RATE) :]).max() > 0.2


def test_timestamps_that_claim_years_are_a_new_clock(tmp_path: Path) -> None:
    """As in a damaged file, whose header claims as much: filling the years would not end."""
    path = recorded(tmp_path / "years.mka", Sound(((0.0, TONE), (3e6, TONE))))
    recording = Recording(path)
    assert sum(len(block) for block in recording.blocks()) / 16_000 < 10
    assert recording.holes == []
