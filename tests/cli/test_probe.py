"""`unispeech probe`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from support.recordings import Sound, recorded, truncated_wav
from support.samples import SAMPLES
from unispeech.audio.probe import FLOOR, probe
from unispeech.audio.recording import load
from unispeech.cli.probe import probe as command
from unispeech.types import SAMPLE_RATE

SPEECH = load(SAMPLES / "english.wav")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("probe") / "film.mkv"
    silence = np.zeros(4 * SAMPLE_RATE, np.float32)
    late = Sound(((2.0, SPEECH),), language="ger", default=True)
    return recorded(path, Sound(((0, silence),), language="eng"), late, film=14.0)


def test_a_probe_describes_the_tracks_the_holes_and_the_loudness(film: Path) -> None:
    found = probe(film)
    assert [track.language for track in found.tracks] == ["eng", "ger"]
    assert found.track.number == 2 and found.complete
    [(start, length)] = found.holes
    assert start == 0.0
    assert length == pytest.approx(2.0, abs=0.1)
    assert found.duration == pytest.approx(2 + len(SPEECH) / SAMPLE_RATE, abs=0.15)
    [loudness] = found.channels
    power = np.square(SPEECH).mean() * len(SPEECH) / (SAMPLE_RATE * found.duration)
    assert loudness.level == pytest.approx(10 * np.log10(power), abs=0.5)
    assert loudness.peak == pytest.approx(20 * np.log10(np.abs(SPEECH).max()), abs=1.0)
    [silent] = probe(film, "1").channels
    assert silent.level == FLOOR


def test_clipping_and_offset_are_measured(tmp_path: Path) -> None:
    path = recorded(tmp_path / "x.mov", Sound(((0, np.full(SAMPLE_RATE, 1.0, np.float32)),)))
    [loudness] = probe(path).channels
    assert loudness.clipped > 0.99 and loudness.offset > 0.99


def test_the_command_prints_text_or_json_and_fails_for_a_bad_file(
    film: Path, tmp_path: Path
) -> None:
    runner = CliRunner()
    shown = runner.invoke(command, [str(film)])
    assert shown.exit_code == 0
    assert "track 2    aac, 48 kHz, mono, ger, default (used)" in shown.stdout
    assert "no sound   from 0:00.0 for 2.0 s" in shown.stdout
    listed = runner.invoke(command, ["--json", str(film), str(SAMPLES / "english.wav")])
    objects = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [one["track"]["number"] for one in objects] == [2, 1]
    cut = truncated_wav(tmp_path / "cut.wav", SPEECH, 0.5)
    (tmp_path / "text.wav").write_text("not sound")
    assert runner.invoke(command, [str(cut)]).exit_code == 1
    bad = runner.invoke(command, [str(tmp_path / "text.wav"), str(film)])
    assert bad.exit_code == 1 and "track 2" in bad.stdout and "text.wav" in bad.stderr
