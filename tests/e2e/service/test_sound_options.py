"""Jobs that name a track, channels or a part of the recording."""

from __future__ import annotations

from pathlib import Path

import httpx
import numpy as np
import pytest

from support.recordings import Sound, recorded, write
from support.samples import SAMPLES, reference, words
from support.serving import submit, until_ended
from unispeech.audio.recording import load
from unispeech.types import SAMPLE_RATE

pytestmark = pytest.mark.slow
SPEECH = load(SAMPLES / "english.wav")


def transcript(http: httpx.Client, path: Path, **fields: str) -> list[dict[str, object]]:
    job = submit(http, path, **fields)
    assert until_ended(http, job)["state"] == "done"
    assert len(http.get(f"/api/jobs/{job}/peaks").raise_for_status().content) > 100
    segments: list[dict[str, object]] = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    return segments


def text(segments: list[dict[str, object]], speaker: str | None = None) -> list[str]:
    return words("".join(str(s["text"]) for s in segments if s.get("speaker") == speaker))


def test_each_channel_of_a_call_is_a_speaker(http: httpx.Client, tmp_path: Path) -> None:
    call = np.stack([SPEECH, np.roll(SPEECH, SAMPLE_RATE // 3)])
    path = write(tmp_path / "call.wav", call, SAMPLE_RATE, "pcm_s16le", "stereo")
    segments = transcript(http, path, channels="each")
    assert text(segments, "Channel 1") == words(reference("english"))
    assert len(text(segments, "Channel 2")) > 20


def test_a_named_track_and_a_part_are_transcribed(http: httpx.Client, tmp_path: Path) -> None:
    sounds = Sound(((0, np.zeros_like(SPEECH)),)), Sound(((0, SPEECH),), language="ger")
    path = recorded(tmp_path / "tracks.mkv", *sounds, film=2.0)
    assert text(transcript(http, path, audio_track="de")) == words(reference("english"))
    part = transcript(http, path, audio_track="2", end="4.0")
    assert 3 < len(text(part)) < len(words(reference("english")))
    job = submit(http, path, audio_track="fr")
    assert "fr" in until_ended(http, job)["error"]
