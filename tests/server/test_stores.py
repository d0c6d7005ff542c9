"""The contract of stores: the data folder, other folders, memory, and S3 (moto, a fake)."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
import tracemalloc
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from support.fake_s3 import BUCKET, FakeS3, fake_s3
from support.samples import SAMPLES
from unispeech.errors import OptionError, UnispeechError
from unispeech.server.http.byte_ranges import RangedFile, RangedObject
from unispeech.server.http.wav_response import WavResponse
from unispeech.server.jobs.lifecycle import ABANDONED, Jobs
from unispeech.server.service_errors import StoreUnavailable
from unispeech.server.speech.decoders import DecodeRange, Decoders
from unispeech.server.storage import object_store, tables
from unispeech.server.storage.database import Database, Job, State
from unispeech.server.storage.disk import is_full
from unispeech.server.storage.local_copies import LocalCopies, PrivateFolder
from unispeech.server.storage.machine_faults import is_patient, machine_fault
from unispeech.server.storage.object_store import ObjectStore
from unispeech.server.storage.partial_uploads import EXPIRES, Uploads, WrongOffset
from unispeech.server.storage.recording_store import LocalStore, Store
from unispeech.server.storage.upload_parts import StoredParts, parts_of

KINDS = ["local", "file", "memory", "s3"]


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeS3]:
    with fake_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    name = uuid.uuid4().hex
    if request.param == "local":
        (tmp_path / "jobs" / "1").mkdir(parents=True)
        yield LocalStore(tmp_path)
        return
    if request.param == "s3":
        request.getfixturevalue("s3")
    urls = {"file": f"file://{tmp_path}/store", "memory": f"memory://{name}"}
    opened = ObjectStore(urls.get(request.param, f"s3://{BUCKET}/{name}"))
    yield opened
    opened.close()


def stored_in(s3: FakeS3) -> ObjectStore:
    return ObjectStore(f"s3://{BUCKET}/{uuid.uuid4().hex}")


def test_files_are_added_found_read_and_removed(store: Store, tmp_path: Path) -> None:
    store.check()
    data = os.urandom(3_000_000)
    source = tmp_path / "received"
    source.write_bytes(data)
    key = "jobs/1/upload"
    assert (
        store.find(key) is None
        and store.get(key) is None
        and store.find("jobs") is None
        or (isinstance(store, LocalStore))
    )
    store.add(source, key)
    stored = store.find(key)
    assert stored is not None and stored.size == len(data)
    assert abs(stored.modified - time.time()) < 60
    store.put("jobs/1/waveform", b"peaks")
    assert store.get("jobs/1/waveform") == b"peaks"
    assert [(file.key, file.size) for file in store.list("jobs")] == [
        (key, len(data)), ("jobs/1/waveform", 5),
    ]  # fmt: skip
    for first, end in ((0, len(data)), (5, 9), (1_048_575, 2_500_000), (len(data) - 1, len(data))):
        assert b"".join(store.read(key, first, end)) == data[first:end]
    with store.open(key) as file:
        file.seek(-10, os.SEEK_END)
        assert file.read() == data[-10:]
        file.seek(7)
        assert file.read(5) == data[7:12] and file.tell() == 12
    store.copy(key, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data
    store.touch(key)
    store.remove("jobs/1/waveform")
    assert [file.key for file in store.list("jobs")] == [key]
    store.remove("jobs/1")
    store.remove("jobs/1")
    assert store.list("jobs") == [] and store.find(key) is None


def test_missing_files_are_told_apart_from_a_silent_store(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.copy("jobs/1/none", tmp_path / "copy")
    with pytest.raises(FileNotFoundError):
        store.open("jobs/1/none")
    store.touch("jobs/1/none")
    store.remove("jobs/1/none")
    assert not (tmp_path / "copy").exists() and store.find("jobs/1/none") is None


def test_uploads_resume_and_expire(store: Store, tmp_path: Path) -> None:
    database = Database("sqlite://")
    parts = parts_of(store)
    uploads = Uploads(database, parts)
    data = os.urandom(10_000_000)

    async def pieces(first: int, end: int) -> Any:
        for at in range(first, end, 1_000_000):
            yield data[at : min(end, at + 1_000_000)]

    async def send() -> None:
        upload = uploads.create("me", "a.wav", len(data))
        assert await uploads.append(upload, 0, pieces(0, 9_500_000)) == 9_500_000
        with pytest.raises(WrongOffset):
            await uploads.append(upload, 5, pieces(5, 9))
        found = uploads.find("me", upload.id)
        assert found is not None and found.offset == 9_500_000
        assert await uploads.append(found, 9_500_000, pieces(9_500_000, len(data))) == len(data)
        uploads.take(found, tmp_path / "whole")
        assert (tmp_path / "whole").read_bytes() == data
        uploads.remove(upload.id)
        with pytest.raises(FileNotFoundError):
            await uploads.append(found, 0, pieces(0, 5))

    asyncio.run(send())
    assert store.list("uploads") == []
    kept = uploads.create("me", "b.wav", 3)
    parts.create(str(uuid.uuid4()))  # the process died before the row
    assert uploads.sweep() == 0
    with database.engine.begin() as c:
        c.execute(tables.uploads.update().values(created=time.time() - 2 * EXPIRES))
    assert uploads.sweep() == 0 and uploads.find("me", kept.id)


def test_overlapping_parts_of_two_servers_are_joined(tmp_path: Path) -> None:
    store = ObjectStore(f"memory://{uuid.uuid4().hex}")
    parts = StoredParts(store)
    data = bytes(range(200))
    parts.create("u")
    for first, end in ((0, 50), (0, 80), (50, 120), (130, 200)):
        parts.write("u", first, data[first:end])
    received = parts.received("u")
    assert received is not None and received.size == 120
    parts.write("u", 120, data[120:])
    parts.take("u", tmp_path / "joined")
    assert (tmp_path / "joined").read_bytes() == data
    store.close()


def served(s3: FakeS3, store: Store, key: str, form: str) -> TestClient:
    async def send_file(scope: Scope, receive: Receive, send: Send) -> None:
        path, stored = store.path(key), store.find(key)
        assert stored is not None
        if form == "wav":
            await WavResponse(store, key, {})(scope, receive, send)
        elif path is not None:
            await RangedFile(path, media_type="application/octet-stream")(scope, receive, send)
        else:
            response = RangedObject(store, stored, {}, "application/octet-stream")
            await response(scope, receive, send)

    return TestClient(Starlette(routes=[Mount("/", send_file)]))


@pytest.mark.parametrize("form", ["upload", "wav"])
def test_ranges_of_a_store_are_those_of_a_file(s3: FakeS3, tmp_path: Path, form: str) -> None:
    local, remote, key = LocalStore(tmp_path), stored_in(s3), "jobs/1/upload"
    (tmp_path / "jobs" / "1").mkdir(parents=True)
    recording = tmp_path / "playable.flac"
    decoders = Decoders(1, 1 << 30, timeout=60)
    try:
        decoders.decode(SAMPLES / "english.wav", recording, "a", DecodeRange())
    finally:
        decoders.close()
    remote.add(recording, key)
    local.add(recording, key)
    file, stored = served(s3, local, key, form), served(s3, remote, key, form)
    ranges = (
        None, "bytes=0-", "bytes=0-0", "bytes=100-200000", "bytes=45-46", "bytes=-7", "bytes=5-2",
        "bytes=1-2,4-5", "lines=1-2", "bytes=99999999-", "bytes=-0",
    )  # fmt: skip
    for method in ("GET", "HEAD"):
        for value in ranges:
            headers = {"Range": value} if value else {}
            one = file.request(method, "/", headers=headers)
            other = stored.request(method, "/", headers=headers)
            assert (one.status_code, one.content) == (other.status_code, other.content), value
            for name in ("content-length", "content-range", "accept-ranges", "content-type"):
                assert one.headers.get(name) == other.headers.get(name), (name, value)
    if form == "upload":
        tag = stored.get("/").headers["etag"]
        for condition, status in ((tag, 206), ('"another"', 200)):
            headers = {"Range": "bytes=0-1", "If-Range": condition}
            assert stored.get("/", headers=headers).status_code == status


def test_a_store_that_is_away_is_a_fault_of_the_machine(tmp_path: Path) -> None:
    with fake_s3(tmp_path) as server:
        store = stored_in(server)
        store.check()
        server.stop()
        works: list[Callable[[], object]] = [
            lambda: store.find("jobs/1/upload"),
            lambda: store.put("jobs/1/x", b""),
        ]
        for work in works:
            with pytest.raises(StoreUnavailable) as failure:
                work()
            assert machine_fault(failure.value) and is_patient(failure.value)
            assert BUCKET not in failure.value.message
        with pytest.raises(UnispeechError) as refusal:
            store.check()
        assert f"s3://{BUCKET}/" in refusal.value.message and "\n" not in str(refusal.value)
        store.close()


@pytest.mark.parametrize(
    ("url", "part"),
    [("s3://", "bucket"), ("nothing://x", "nothing"), ("sftp://me:secret@host/x", "host")],
)
def test_urls_that_cannot_be_used_are_refused(url: str, part: str) -> None:
    with pytest.raises(UnispeechError) as refusal:
        ObjectStore(url).check()
    line = str(refusal.value)
    assert part in line and "UNISPEECH_STORE" in line
    assert "\n" not in line and "secret" not in line


def test_a_bucket_that_does_not_exist_is_one_line(s3: FakeS3) -> None:
    with pytest.raises(UnispeechError, match="s3://nowhere/x cannot be used"):
        ObjectStore("s3://nowhere/x").check()


def test_a_sweep_finds_what_killed_processes_leave(s3: FakeS3, tmp_path: Path) -> None:
    """Recordings without a job, transfers that never ended, and expired playable copies."""
    store, database = stored_in(s3), Database("sqlite://")
    jobs = Jobs(database, tmp_path / "jobs", 10, store=store)
    id, files = jobs.new_folder()
    files.upload.write_bytes(b"sound")
    jobs.accept(Job(id, "", "api", "a.wav", "faster", "tiny.en", {}))
    jobs.discard_unaccepted(id)
    assert not files.folder.exists()
    store.put(f"jobs/{id}/playable.flac", b"")
    store.put("jobs/lost/upload", b"sound")
    client, prefix = s3.client(), store.url.removeprefix(f"s3://{BUCKET}/")
    for key in (f"{prefix}/jobs/{id}/upload", "of-another-program"):
        client.create_multipart_upload(Bucket=BUCKET, Key=key)
    jobs.sweep(0)
    assert len(s3.keys(f"{prefix}/jobs")) == 3
    for jobs._sweep_store._abandoned in (ABANDONED, -60.0):
        jobs._sweep_store._last = float("-inf")
        store.copy_lifetime = jobs._sweep_store._abandoned
        jobs.sweep(0)
    assert s3.keys(f"{prefix}/jobs") == [f"{prefix}/jobs/{id}/upload"]
    unfinished = client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert [upload["Key"] for upload in unfinished] == ["of-another-program"]
    database.change(id, state=State.DONE, ended=time.time() - 10 * 86_400)
    jobs.sweep(7)
    assert s3.keys(f"{prefix}/jobs") == [] and database.job(id) is None


def test_recordings_of_another_database_are_not_swept(
    s3: FakeS3, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = stored_in(s3)
    for name in ("first", "second"):
        jobs = Jobs(Database("sqlite://"), tmp_path / name, 10, store=store)
        jobs._sweep_store._abandoned = -60.0
        jobs.sweep(0)
        store.put("jobs/of-the-first/upload", b"sound")
    assert store.find("jobs/of-the-first/upload")
    assert "another database" in caplog.text


def test_a_job_that_was_not_accepted_leaves_nothing(s3: FakeS3, tmp_path: Path) -> None:
    store = stored_in(s3)
    database = Database("sqlite://")
    jobs = Jobs(database, tmp_path / "jobs", 10, store=store)
    id, files = jobs.new_folder()
    files.upload.write_bytes(b"sound")
    job = Job(id, "", "api", "a.wav", "faster", "tiny.en", {"chunk_length": object()})
    with pytest.raises(TypeError):  # from the database, which stores JSON
        jobs.accept(job)
    assert store.find(f"jobs/{id}/upload")
    jobs.discard_unaccepted(id)
    assert store.list("jobs") == [] and not files.folder.exists()


def test_a_copy_is_made_once_and_removed_by_its_last_user(s3: FakeS3, tmp_path: Path) -> None:
    store = stored_in(s3)
    store.put("jobs/1/upload", b"sound")
    copies = LocalCopies(store, tmp_path)
    with copies.lend("jobs/1/upload") as first:
        store.remove("jobs/1")
        with copies.lend("jobs/1/upload") as second:
            assert first == second and second.read_bytes() == b"sound"
        assert first.exists()
    assert not first.exists()
    with copies.lend("jobs/1/upload") as missing:
        assert not missing.exists()


def test_a_copy_that_the_disk_has_no_room_for_is_not_begun(
    s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, begun = stored_in(s3), []
    store.put("jobs/1/upload", b"sound")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 5, 4))
    monkeypatch.setattr(store._files, "get_file", lambda *_, **__: begun.append(1))
    with pytest.raises(OSError) as error:
        store.copy("jobs/1/upload", tmp_path / "copy")
    assert is_full(error.value) and machine_fault(error.value) and is_patient(error.value)
    assert not begun and list(tmp_path.iterdir()) == []


def test_transfers_of_large_files_need_little_memory(
    s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """s3fs alone would hold ten pieces of 50 MB."""
    monkeypatch.setattr(object_store, "PART", 5 << 20)  # S3 takes no smaller ones
    store, source, target = stored_in(s3), tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        file.truncate(120 << 20)
    tracemalloc.start()
    try:
        store.add(source, "jobs/1/upload")
        _, sent = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        store.copy("jobs/1/upload", target)
        _, received = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert target.stat().st_size == 120 << 20
    pieces = object_store.PARTS * object_store.PART
    assert max(sent, received) < 4 * pieces, "each is there as it arrives and joined"


def test_the_folder_of_a_killed_process_is_removed_by_the_next_one(tmp_path: Path) -> None:
    running = PrivateFolder(tmp_path)
    (tmp_path / "dead").mkdir()
    (tmp_path / "dead" / "copy").write_bytes(b"sound")
    (tmp_path / "dead.lock").touch()
    other = PrivateFolder(tmp_path)
    assert running.path.is_dir() and other.path.is_dir() and not (tmp_path / "dead").exists()
    running.close()
    other.close()
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_store_needs_a_url() -> None:
    from unispeech.server import settings

    with pytest.raises(OptionError, match="setting store"):
        settings.read(store="bucket/folder")
