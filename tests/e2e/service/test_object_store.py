"""A server and a worker without a common folder: PostgreSQL, and recordings in a fake of S3."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from support import postgres
from support.fake_s3 import BUCKET, FakeS3, fake_s3
from support.samples import SAMPLES, reference
from support.serving import Server, is_correct, running, submit, until, until_decoding, until_ended

pytestmark = [pytest.mark.slow, postgres.NEEDED]

ENGLISH, PAUSE = SAMPLES / "english.wav", SAMPLES / "pause.wav"
TEXT = reference("pause")
FOLDER = f"s3://{BUCKET}/recordings"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeS3]:
    with fake_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, s3: FakeS3) -> Iterator[dict[str, Any]]:
    with postgres.postgres(tmp_path_factory.mktemp("database")) as database:
        yield {"database_url": database.url, "store": FOLDER}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any]) -> Iterator[Server]:
    """A server that runs no jobs."""
    with running(tmp_path_factory.mktemp("server"), jobs_at_once=0, **settings) as started:
        yield started


@pytest.fixture(scope="module")
def worker(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any], server: Server
) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("worker"), command="worker", **settings)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def recordings(folder: Path) -> list[Path]:
    """Files of recordings in the data folder of a process."""
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 100_000]


def send_by_tus(http: httpx.Client, data: bytes) -> str:
    """Send an upload in two pieces, and return its ID."""
    headers = {"Upload-Length": str(len(data)), "Upload-Metadata": "filename YS53YXY="}
    place = http.post("/api/uploads", headers=headers).headers["location"]
    half = len(data) // 2
    for first, piece in ((0, data[:half]), (half, data[half:])):
        offset = {"Upload-Offset": str(first), "Content-Type": "application/offset+octet-stream"}
        sent = http.patch(place, content=piece, headers=offset)
        assert sent.status_code == 204, sent.text
    return place.rpartition("/")[2]


def test_a_worker_elsewhere_transcribes_and_all_is_deleted(
    http: httpx.Client, server: Server, worker: Server, s3: FakeS3
) -> None:
    data = ENGLISH.read_bytes()
    upload = send_by_tus(http, data)
    assert len(s3.keys(f"recordings/uploads/{upload}")) == 3  # the mark of the upload, two pieces
    job = http.post("/api/jobs", data={"upload": upload}).raise_for_status().json()["id"]
    assert s3.keys("recordings/uploads") == []
    assert is_correct(http, job, reference("english"))
    whole = http.get(f"/api/jobs/{job}/audio")
    assert whole.content == data and whole.headers["accept-ranges"] == "bytes"
    part = http.get(f"/api/jobs/{job}/audio", headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, data[1000:2000])
    sound = http.get(f"/api/jobs/{job}/audio?form=wav").content
    with wave.open(BytesIO(sound)) as file:
        assert file.getnframes() > 160_000
    part = http.get(f"/api/jobs/{job}/audio?form=wav", headers={"Range": "bytes=200000-299999"})
    assert (part.status_code, part.content) == (206, sound[200_000:300_000])
    assert http.get(f"/api/jobs/{job}/media").json()["type"] == "audio/wav"
    peaks = http.get(f"/api/jobs/{job}/peaks?per_second=50").json()
    assert len(peaks["peaks"]) > 1000
    names = {key.rpartition("/")[2] for key in s3.keys(f"recordings/jobs/{job}")}
    assert names == {"upload", "playable.flac", "waveform", "properties.json"}
    used = http.get("/api/usage").json()["bytes"]
    assert used == len(data)
    again = http.post(f"/api/jobs/{job}/ranges", json={"start": 1, "end": 4}).json()["id"]
    assert until_ended(http, again)["state"] == "done"
    assert recordings(server.folder / "data") == recordings(worker.folder / "data") == []
    deleted = http.delete(f"/api/jobs/{job}").json()["deleted"]
    assert deleted["recording"] == "a.wav" and deleted["bytes"] > len(data)
    assert s3.keys("recordings/jobs") == s3.keys("recordings/uploads") == []


def test_a_killed_worker_leaves_its_copy_only_until_the_next_start(
    http: httpx.Client, worker: Server, s3: FakeS3, tmp_path: Path
) -> None:
    long = tmp_path / "long.wav"
    with wave.open(str(ENGLISH)) as source, wave.open(str(long), "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(source.getnframes()) * 5)
    job = submit(http, long, chunk_length="5", batch_size="1")
    until_decoding(http, job)
    assert recordings(worker.folder / "data")
    worker.kill()
    assert recordings(worker.folder / "data")
    worker.start()
    shown = until_ended(http, job, 240)
    assert shown["state"] == "done", shown
    until(lambda: recordings(worker.folder / "data") == [], 30)
    http.delete(f"/api/jobs/{job}").raise_for_status()
    assert s3.keys("recordings/jobs") == s3.keys("recordings/uploads") == []


def test_requests_get_503_and_jobs_wait_while_the_store_is_away(
    http: httpx.Client, server: Server, worker: Server, s3: FakeS3, settings: dict[str, Any]
) -> None:
    job = submit(http, PAUSE)
    other = submit(http, PAUSE)
    assert is_correct(http, job, TEXT) and is_correct(http, other, TEXT)
    with s3.away():
        http.post(f"/api/jobs/{job}/retry").raise_for_status()
        with PAUSE.open("rb") as file:
            new = http.post("/api/jobs", files={"file": file})
        for answer in (new, http.get(f"/api/jobs/{job}/audio"), http.delete(f"/api/jobs/{other}")):
            assert answer.status_code == 503 and answer.headers["retry-after"], answer.text
            assert answer.json()["error"]["code"] == "store_unavailable"
        assert http.get(f"/api/jobs/{job}/transcript").status_code == 200
        assert http.get(f"/api/jobs/{job}").json()["holds"]["bytes"] == PAUSE.stat().st_size
        assert http.get("/readyz").status_code == 200
        until(lambda: "the job waits: the store" in worker.log.read_text())
        late = Server(server.folder, **settings)
        late.start(wait=False)
        assert late.process is not None and late.process.wait(120) == 1
        line = late.log.read_text().strip().splitlines()[-1]
        assert FOLDER in line and "UNISPEECH_STORE" in line and "Traceback" not in line
    assert is_correct(http, job, TEXT)
    for id in (job, other):
        http.delete(f"/api/jobs/{id}").raise_for_status()
    assert s3.keys("recordings/jobs") == s3.keys("recordings/uploads") == []
    assert "Traceback" not in worker.log.read_text() + server.log.read_text()


def test_a_server_killed_while_it_receives_leaves_no_object(
    tmp_path: Path, settings: dict[str, Any], worker: Server, s3: FakeS3
) -> None:
    """What was sent completely is a job, and the rest is gone with the next start."""
    server = Server(tmp_path, jobs_at_once=0, **settings).start()
    with server.client() as http:
        job = submit(http, PAUSE)

        def endless() -> Iterator[bytes]:
            yield b"RIFF" + bytes(2_000_000)
            until(lambda: recordings(tmp_path / "data"))
            server.kill()
            yield bytes(300_000)

        with pytest.raises(httpx.TransportError):
            http.post("/v1/transcribe?webhook_id=x", content=endless())
    assert s3.keys("recordings/jobs/") and recordings(tmp_path / "data")
    server.start()
    try:
        with server.client() as http:
            assert recordings(tmp_path / "data") == []
            assert is_correct(http, job, TEXT)
            http.delete(f"/api/jobs/{job}").raise_for_status()
    finally:
        server.stop()
    assert s3.keys("recordings/jobs") == s3.keys("recordings/uploads") == []
