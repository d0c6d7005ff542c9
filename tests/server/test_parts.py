"""Parts of the service without a server."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import tempfile
import time
import wave
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
import sqlalchemy as sa
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from support.samples import SAMPLES
from support.serving import Receiver
from unispeech.errors import AudioError, ModelUnavailable, OptionError
from unispeech.server import settings
from unispeech.server.http import error_responses
from unispeech.server.http.forms import header_name
from unispeech.server.http.middleware import ResponseMiddleware
from unispeech.server.jobs import notices, waveform
from unispeech.server.jobs.lifecycle import Jobs
from unispeech.server.observe.logs import JsonLines
from unispeech.server.speech.decoders import DecodeRange, Decoders, TooLong
from unispeech.server.speech.diarization_weights import RETRY_AFTER, Weights
from unispeech.server.speech.speech import public
from unispeech.server.storage import tables
from unispeech.server.storage.database import Database, Job, State
from unispeech.server.storage.disk import clean_name
from unispeech.server.storage.partial_uploads import Uploads
from unispeech.server.storage.recording_store import LocalStore
from unispeech.server.storage.upload_parts import parts_of

ENGLISH = SAMPLES / "english.wav"


def test_a_malformed_list_of_webhooks_is_reported(tmp_path: Path) -> None:
    assert notices.webhooks(None) == {}
    with pytest.raises(OptionError, match="ALLOWED_WEBHOOKS_FILE"):
        notices.webhooks(tmp_path / "none.json")
    bad = tmp_path / "bad.json"
    bad.write_text('[{"id": 1}]')
    with pytest.raises(OptionError, match="not a list of webhooks"):
        notices.webhooks(bad)
    receiver = Receiver()
    assert notices.webhooks(receiver.allow(tmp_path))["desk"].token == "s3cret"
    receiver.close()


def test_the_waas_payload_is_pythons_default_json() -> None:
    job = Job("1", "", "waas", "café.wav", "faster", "tiny.en", {}, state=State.DONE)
    body = json.dumps(notices.payload(job, "https://x")).encode()
    assert b'"job_id": "1"' in body and b"caf\\u00e9" in body
    assert notices.payload(
        Job("1", "", "waas", "x", "faster", "tiny.en", {}, state=State.FAILED), "u"
    ) == {
        "source": "waas",
        "job_id": "1",
        "success": False,
    }


def test_public_errors_contain_no_paths() -> None:
    error = OptionError("/srv/data/jobs/1/upload.wav: no; see /var/log/x", "or https://a.b/c/d")
    assert public(error) == "upload.wav: no; see x; or https://a.b/c/d"


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [("../../etc/passwd", "passwd"), ("a\\b.wav", "b.wav"), ("x\r\nHost: y", "xHost: y"),
     ("", "recording"), ("x" * 300, "x" * 200)],
)  # fmt: skip
def test_file_names_are_cleaned(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned
    assert header_name("Ærø 1.wav") == "Aero_1_wav"


def test_decoding_is_limited_in_length_and_time(tmp_path: Path) -> None:
    decoders = Decoders(1, 1 << 30, timeout=60)
    try:
        decoded = decoders.decode(ENGLISH, tmp_path / "out.wav", "a", DecodeRange())
        assert 10 < decoded.duration < 11 and decoded.complete
        part = decoders.decode(ENGLISH, tmp_path / "part.wav", "a", DecodeRange(2.0, 5.5))
        assert part.duration == 3.5
        with pytest.raises(TooLong, match="talk.wav: the recording is longer than 3 s"):
            decoders.decode(ENGLISH, tmp_path / "x.wav", "talk.wav", DecodeRange(max_duration=3.0))
    finally:
        decoders.close()
    hours = tmp_path / "hours.flac"  # seconds of work, however fast the machine
    soundfile.write(hours, np.zeros(44_100 * 1800, np.int16), 44_100)
    hurried = Decoders(1, 1 << 30, timeout=0.001)
    try:
        with pytest.raises(AudioError, match="takes too long"):
            hurried.decode(hours, tmp_path / "x.wav", "talk.wav", DecodeRange())
    finally:
        hurried.close()


def test_expired_jobs_and_abandoned_files_are_removed(tmp_path: Path) -> None:
    database = Database("sqlite://")
    jobs = Jobs(database, tmp_path / "jobs", queue_size=10)
    old, files = jobs.new_folder()
    files.upload.write_bytes(b"x")
    long_ago = time.time() - 10 * 86400
    database.add(
        Job(old, "", "api", "x", "faster", "tiny.en", {}, state=State.DONE, ended=long_ago)
    )
    fresh, _ = jobs.new_folder()
    database.add(
        Job(fresh, "", "api", "x", "faster", "tiny.en", {}, state=State.DONE, ended=time.time())
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for name in ("old", "new"):
        (scratch / name).write_bytes(b"x")
    os.utime(scratch / "old", (long_ago, long_ago))
    _, abandoned = jobs.new_folder()
    os.utime(abandoned.folder, (long_ago, long_ago))
    assert jobs.sweep(0) == 0 and not abandoned.folder.exists() and files.folder.exists()
    assert [path.name for path in scratch.iterdir()] == ["new"]
    assert jobs.sweep(7) == 1
    assert database.job(old) is None and not files.folder.exists() and database.job(fresh)


def test_an_upload_stays_until_it_is_removed(tmp_path: Path) -> None:
    database = Database("sqlite://")
    uploads = Uploads(database, parts_of(LocalStore(tmp_path)))
    upload = uploads.create("me", "a.wav", 3)
    (tmp_path / "uploads" / upload.id).write_bytes(b"abc")
    elsewhere = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    for target in (tmp_path / "here", elsewhere / "there"):  # the second is on another file system
        uploads.take(upload, target)
        assert target.read_bytes() == b"abc" and uploads.find("me", upload.id)
    shutil.rmtree(elsewhere)
    uploads.remove(upload.id)
    assert uploads.find("me", upload.id) is None and (tmp_path / "here").is_file()
    lost = uploads.create("me", "b.wav", 3)
    (tmp_path / "uploads" / lost.id).unlink()
    assert uploads.sweep() == 0  # created just now
    with database.engine.begin() as c:
        c.execute(tables.uploads.update().values(created=time.time() - 10 * 86400))
    assert uploads.sweep() == 1 and uploads.sweep() == 0


def test_a_failed_download_of_weights_is_not_repeated_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path))
    attempts = 0

    async def fake_hub(work: object) -> None:
        nonlocal attempts
        attempts += 1
        await asyncio.sleep(0.05)
        raise ModelUnavailable("nobody answers")

    async def obtain() -> None:
        weights = Weights("speaker-diarization-community-1")
        calls = [weights.obtain(fake_hub) for _ in range(20)]
        errors = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(error) for error in errors} == {ModelUnavailable} and attempts == 1
        weights._failed_at -= RETRY_AFTER
        for expected in (2, 2):
            with pytest.raises(ModelUnavailable, match="nobody answers"):
                await weights.obtain(fake_hub)
            assert attempts == expected
        cached = tmp_path / "speaker-diarization-community-1" / "pyannote"
        cached.mkdir(parents=True)
        (cached / "unispeech.json").write_text("{}")  # another process has fetched it meanwhile
        with pytest.raises(ModelUnavailable):
            await weights.obtain(fake_hub)
        assert attempts == 3

    asyncio.run(obtain())


@pytest.mark.parametrize(
    ("address", "is_valid"),
    [("a.b+c@d.example", True), ("Ä@d.example", True), ("a@b", True), ("a", False), ("a@", False),
     ("a@b@c", False), ("a@b.c, d@e.f", False), ("a\0@b.c", False), ("a@b.c\nX: y", False),
     ("<a@b.c>", False), ('"a"@b.c', False), ("a@b[", False)],
)  # fmt: skip
def test_valid_addresses_are_safe_in_a_header(address: str, is_valid: bool) -> None:
    assert notices.is_address(address) is is_valid
    if is_valid:
        message = notices.compose_email(
            Job("1", "", "api", "x\ny", "faster", "tiny.en", {}, email=address), settings.read()
        )
        assert message["To"] == address and message.as_bytes()


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    raise ZeroDivisionError("a defect")


def test_a_defect_is_a_500_whose_request_id_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(ResponseMiddleware(broken))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/api/jobs", headers={"X-Request-ID": "mine"})

    caplog.handler.setFormatter(JsonLines())
    with caplog.at_level("INFO", "unispeech"):
        answer = asyncio.run(request())
    assert answer.status_code == 500 and answer.headers["x-request-id"] == "mine"
    assert answer.json()["error"]["message"] == "internal error; the log has the details"
    assert answer.headers["x-content-type-options"] == "nosniff"
    failed, access = (json.loads(line) for line in caplog.text.splitlines())
    assert failed["request"] == access["request"] == "mine"
    assert "ZeroDivisionError" in failed["error"] and access["status"] == 500


def test_a_waveform_is_measured_in_blocks(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).integers(-(2**15), 2**15, 16_000 * 7 + 123, np.int16)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    for rate in (3, 100):
        step = 16_000 // rate
        peaks = waveform.measure_peaks(tmp_path / "a.wav", rate, 0.5, 6.3)
        part = samples[8000:100_800]
        pieces = [part[at : at + step] for at in range(0, len(part), step)]
        pieces[-1] = np.append(pieces[-1], np.int16(0)) if len(pieces[-1]) < step else pieces[-1]
        assert peaks.ravel().tolist() == [
            int(edge) >> 8 for piece in pieces for edge in (piece.min(), piece.max())
        ]
    assert waveform.duration(tmp_path / "a.wav") == len(samples) / 16_000
    assert len(waveform.measure_peaks(tmp_path / "a.wav", 10, 8.0, None)) == 0


def test_a_full_disk_is_507_and_an_unreachable_database_503() -> None:
    scope = {"type": "http", "path": "/api/jobs", "headers": []}
    full = error_responses.answer(
        HTTPConnection(scope), OSError(errno.ENOSPC, "No space left on device")
    )
    assert full.status_code == 507
    assert b"disk is full" in bytes(full.body)
    other = error_responses.answer(HTTPConnection(scope), OSError(errno.ENXIO, "No such device"))
    assert other.status_code == 500
    sqlite = sa.exc.OperationalError("x", {}, Exception("database or disk is full"))
    assert error_responses.answer(HTTPConnection(scope), sqlite).status_code == 507
    away = sa.exc.OperationalError("x", {}, Exception("connection refused"))
    assert error_responses.answer(HTTPConnection(scope), away).status_code == 503
