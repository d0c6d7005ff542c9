"""Media type, WAV and waveform of a recording."""

from __future__ import annotations

import os
import time
import wave
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest

from support.samples import SAMPLES
from support.serving import Server, until_ended
from unispeech.audio.pcm import WavWriter
from unispeech.server.jobs import waveform
from unispeech.server.jobs.lifecycle import Jobs
from unispeech.server.service_errors import OverQuota, StorageFull
from unispeech.server.speech.decoders import DecodeRange, Decoders
from unispeech.server.storage.database import Database, Job
from unispeech.server.storage.quotas import Quotas


def test_a_stored_waveform_equals_the_measured_one(tmp_path: Path) -> None:
    """For any part: the same values, or None if the intervals do not fit."""
    random = np.random.default_rng(3)
    sound, stored = tmp_path / "sound.wav", tmp_path / "waveform"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(random.integers(-32768, 32767, 16_000 * 7 + 123, np.int16).tobytes())
    assert waveform.load_peaks(None, 50, 0.0, None) is None
    waveform.save_peaks(sound, stored)
    compared = 0
    for per_second in (1, 2, 10, 20, 30, 50, 100):
        for start, end in ((0.0, None), (1.0, 3.0), (0.5, 7.0), (2.01, 7.5), (0.123, 4.0), (9, 12)):
            peaks = waveform.load_peaks(stored.read_bytes(), per_second, start, end)
            fits = start != 0.123 and per_second != 30
            assert (peaks is not None) == fits, (per_second, start, end)
            if peaks is not None:
                compared += 1
                assert np.array_equal(peaks, waveform.measure_peaks(sound, per_second, start, end))
    assert compared == 30 and sorted(tmp_path.iterdir()) == [sound, stored]


def test_the_waveform_of_a_finished_job_needs_no_decoding(
    http: httpx.Client, service: Server
) -> None:
    with (SAMPLES / "english.wav").open("rb") as file:
        id = http.post("/api/jobs", files={"file": ("a.wav", file)}).json()["id"]
    until_ended(http, id)
    place = service.folder / "data" / "jobs" / id
    query: dict[str, str | int] = {"per_second": 50, "start": 0, "end": 10}
    before = http.get(f"/api/jobs/{id}/peaks", params=query)
    assert before.status_code == 200 and not (place / "playable.flac").exists()
    (place / "waveform").unlink()  # as in jobs of earlier versions
    after = http.get(f"/api/jobs/{id}/peaks", params=query)
    assert after.json() == before.json()
    assert (place / "playable.flac").exists() and (place / "waveform").exists()


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
    whole, size = sound.content, len(sound.content)
    for first, last in ((0, 3), (44, 99), (43, 1001), (100_001, 200_000), (size - 5, size + 9)):
        part = http.get(
            f"/api/jobs/{id}/audio?form=wav", headers={"Range": f"bytes={first}-{last}"}
        )
        assert part.status_code == 206 and part.content == whole[first : last + 1]
        assert part.headers["content-range"] == f"bytes {first}-{min(last, size - 1)}/{size}"
    end = http.get(f"/api/jobs/{id}/audio?form=wav", headers={"Range": "bytes=-7"})
    assert end.content == whole[-7:]
    outside = http.get(f"/api/jobs/{id}/audio?form=wav", headers={"Range": f"bytes={size}-"})
    assert outside.status_code == 416
    assert outside.json()["error"]["code"] == "range_not_satisfiable"
    shown = http.get(f"/api/jobs/{id}/peaks", params={"per_second": 20, "start": 1, "end": 3})
    first = shown.json()["peaks"][:2]
    block = samples[16_000 : 16_000 + 800]
    assert first == [int(block.min()) >> 8, int(block.max()) >> 8]
    query: dict[str, str | int] = {"per_second": 20, "start": 1, "end": 3, "format": "binary"}
    assert len(http.get(f"/api/jobs/{id}/peaks", params=query).content) == 80
    assert http.get("/api/jobs/none/peaks").status_code == httpx.codes.NOT_FOUND


def test_a_playable_copy_of_silence_is_small_and_expires(tmp_path: Path) -> None:
    database = Database("sqlite://")
    jobs = Jobs(database, tmp_path / "jobs", queue_size=10)
    _, files = jobs.new_folder()
    silence = tmp_path / "silence.wav"
    with WavWriter(silence) as file:
        file.write(np.zeros(16_000 * 600, np.float32))
    decoders = Decoders(1, 1 << 30, timeout=60)
    try:
        decoded = decoders.decode(silence, files.playable, "a.wav", DecodeRange())
    finally:
        decoders.close()
    assert decoded.duration == 600 == waveform.duration(files.playable)
    assert files.playable.stat().st_size < silence.stat().st_size / 100
    earlier = files.folder / "playable.wav"  # of an earlier version
    earlier.touch()
    jobs.sweep(0)
    assert files.playable.exists() and earlier.exists()
    for path in (files.playable, earlier):
        os.utime(path, (0, time.time() - jobs.store.copy_lifetime - 60))
    jobs.sweep(0)
    assert not files.playable.exists() and not earlier.exists()


def test_quotas_limit_each_owner_and_all_together(tmp_path: Path) -> None:
    database = Database("sqlite://")
    jobs = Jobs(database, tmp_path / "jobs", 10, Quotas(database, per_key=100, total=150))

    def store(owner: str, size: int) -> Job:
        id, files = jobs.new_folder()
        files.upload.write_bytes(bytes(size))
        return jobs.accept(Job(id, owner, "api", "a.wav", "faster", "tiny.en", {}))

    first = store("a", 60)
    assert first.size == 60
    with pytest.raises(OverQuota):
        store("a", 41)
    upload = jobs.uploads.create("a", "a.wav", 40)
    with pytest.raises(OverQuota):
        jobs.uploads.create("a", "a.wav", 1)
    store("a", 40)  # the finished upload becomes a job before its row is removed
    jobs.uploads.remove(upload.id)
    with pytest.raises(OverQuota):
        jobs.check_capacity("a")
    with pytest.raises(StorageFull):
        store("b", 51)
    store("b", 50)
    jobs.delete(first.id)
    assert store("a", 60).size == 60
    database.change(first.id, size=None)
    jobs.sweep(0)
    assert not database.unmeasured()
