"""What the page plays and draws: the kind of a recording, its WAV, its waveform."""

from __future__ import annotations

import wave
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest

from conftest import SAMPLES
from serving import running, until_ended


def test_media_wav_and_peaks(tmp_path: Path) -> None:
    with running(tmp_path) as server, server.client() as http:
        with (SAMPLES / "english.wav").open("rb") as file:
            id = http.post("/api/jobs", files={"file": ("a.wav", file)}).json()["id"]
        until_ended(http, id)
        media = http.get(f"/api/jobs/{id}/media").json()
        assert (media["type"], media["video"]) == ("audio/wav", None)
        sound = http.get(f"/api/jobs/{id}/audio", params={"form": "wav"})
        with wave.open(BytesIO(sound.content)) as file:
            assert (file.getnchannels(), file.getframerate()) == (1, 16_000)
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        assert len(samples) / 16_000 == pytest.approx(media["duration"], abs=0.05)
        shown = http.get(f"/api/jobs/{id}/peaks", params={"per_second": 20, "start": 1, "end": 3})
        first = shown.json()["peaks"][:2]
        block = samples[16_000 : 16_000 + 800]
        assert first == [int(block.min()) >> 8, int(block.max()) >> 8]
        query: dict[str, str | int] = {"per_second": 20, "start": 1, "end": 3, "format": "binary"}
        assert len(http.get(f"/api/jobs/{id}/peaks", params=query).content) == 80
        assert http.get("/api/jobs/none/peaks").status_code == httpx.codes.NOT_FOUND
