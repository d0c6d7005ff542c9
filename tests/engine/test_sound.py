"""The track and the channels that are transcribed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.recordings import Sound, recorded, write
from support.samples import SAMPLES, reference, words
from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.types import SAMPLE_RATE

SPEECH = load(SAMPLES / "english.wav")
SILENCE = np.zeros_like(SPEECH)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
@pytest.mark.parametrize("flagged", [0, 1])
def test_the_track_with_speech_is_transcribed_whatever_the_flags_say(
    engine: Callable[..., Engine], tmp_path: Path, suffix: str, flagged: int
) -> None:
    sounds = [Sound(((0, SILENCE),)), Sound(((0, SPEECH),), language="eng")]
    path = recorded(
        tmp_path / f"tracks{suffix}",
        *(Sound(s.pieces, s.language, default=n == flagged) for n, s in enumerate(sounds)),
        film=2.0,
    )
    transcript = engine().transcribe(path)
    assert words(transcript.text) == words(reference("english"))
    [warning] = transcript.warnings
    assert "2 (eng, mono)" in warning and "1 (mono)" in warning


def test_an_empty_default_track_does_not_hide_the_one_with_speech(
    engine: Callable[..., Engine], tmp_path: Path
) -> None:
    sounds = Sound((), default=True), Sound(((0, SPEECH),))
    path = recorded(tmp_path / "tracks.mkv", *sounds, film=2.0)
    assert words(engine().transcribe(path).text) == words(reference("english"))


@pytest.mark.parametrize(("layout", "voice"), [("stereo", 1), ("5.1", 2), ("16C", 9)])
def test_a_voice_on_one_channel_is_not_drowned_by_the_others(
    engine: Callable[..., Engine], tmp_path: Path, layout: str, voice: int
) -> None:
    count = {"stereo": 2, "5.1": 6, "16C": 16}[layout]
    noise = np.random.default_rng(5).normal(0, 0.25, (count, len(SPEECH))).astype(np.float32)
    noise[voice] = 0.3 * SPEECH
    path = write(tmp_path / "x.wav", noise.clip(-1, 1), SAMPLE_RATE, "pcm_s16le", layout)
    assert words(engine().transcribe(path).text) == words(reference("english"))
