"""What the page plays and draws: the kind of a recording, its WAV, its waveform."""

from __future__ import annotations

import wave
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest

from support.samples import SAMPLES
from support.serving import Server, until_ended
from unispeech.server.jobs import waveform


def test_a_waveform_that_is_kept_says_what_the_sound_says(tmp_path: Path) -> None:
    """Wherever it begins and ends: the same, or nothing where it is not fine enough."""
    chance = np.random.default_rng(3)
    sound, kept = tmp_path / "sound.wav", tmp_path / "waveform"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(chance.integers(-32768, 32767, 16_000 * 7 + 123, np.int16).tobytes())
    assert waveform.load_peaks(kept, 50, 0.0, None) is None
    waveform.save_peaks(sound, kept)
    said = 0
    for per_second in (1, 2, 10, 20, 30, 50, 100):
        for start, end in ((0.0, None), (1.0, 3.0), (0.5, 7.0), (2.01, 7.5), (0.123, 4.0), (9, 12)):
            found = waveform.load_peaks(kept, per_second, start, end)
            exact = start != 0.123 and per_second != 30
            assert (found is not None) == exact, (per_second, start, end)
            if found is not None:
                said += 1
                assert np.array_equal(found, waveform.measure_peaks(sound, per_second, start, end))
    assert said == 30 and sorted(tmp_path.iterdir()) == [sound, kept]


def test_nothing_is_decoded_to_draw_what_is_done(http: httpx.Client, service: Server) -> None:
    with (SAMPLES / "english.wav").open("rb") as file:
        id = http.post("/api/jobs", files={"file": ("a.wav", file)}).json()["id"]
    until_ended(http, id)
    place = service.folder / "data" / "jobs" / id
    query: dict[str, str | int] = {"per_second": 50, "start": 0, "end": 10}
    before = http.get(f"/api/jobs/{id}/peaks", params=query)
    assert before.status_code == 200 and not (place / "playable.wav").exists()
    (place / "waveform").unlink()  # as it was with jobs of earlier versions
    after = http.get(f"/api/jobs/{id}/peaks", params=query)
    assert after.json() == before.json()
    assert (place / "playable.wav").exists() and (place / "waveform").exists()


def test_media_wav_and_peaks(http: httpx.Client) -> None:
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
