"""The core walks in Firefox: upload, correct, export and live captions, with a real microphone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.samples import SAMPLES
from support.serving import Server
from support.sound_server import sound_server

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox") or ""
WALK = Path(__file__).parents[2] / "page" / "firefox.js"
NEEDED = FIREFOX and shutil.which("pulseaudio") and shutil.which("paplay")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.skipif(not NEEDED, reason="Firefox and PulseAudio are not installed"),
]


def test_a_recording_is_sent_corrected_exported_and_spoken(server: Server, tmp_path: Path) -> None:
    recording = tmp_path / "in firefox.wav"
    recording.symlink_to(SAMPLES / "english.wav")
    with sound_server(tmp_path) as sound:
        done = subprocess.run(
            ["node", WALK, server.url, recording, tmp_path],
            env={**os.environ, **sound, "FIREFOX": FIREFOX},
            capture_output=True, text=True, timeout=400,
        )  # fmt: skip
    walks = ["upload", "correct", "exported", "live"]
    assert done.stdout.splitlines() == [f"{walk}: done" for walk in walks], done.stderr
    assert done.returncode == 0, done.stderr
