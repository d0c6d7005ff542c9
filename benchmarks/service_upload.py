"""Large uploads, small files that last hours, and kills during an upload."""

from __future__ import annotations

import base64
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import httpx

from support.samples import SAMPLES, reference, words
from support.serving import Server, running, until_ended

ENGLISH = SAMPLES / "english.wav"
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A server's memory in megabytes, and the duration of the upload in seconds."""

    before: float
    peak: float
    seconds: float


class Endless(io.RawIOBase):
    """A recording followed by megabytes of zeros, generated while it is sent."""

    def __init__(self, megabytes: int) -> None:
        self._start = ENGLISH.read_bytes()
        self._left = len(self._start) + megabytes * MEGABYTE
        self.name = "long.wav"

    def read(self, size: int = -1) -> bytes:
        size = min(size if size > 0 else MEGABYTE, self._left)
        self._left -= size
        piece, self._start = self._start[:size], self._start[size:]
        return piece + bytes(size - len(piece))


def upload(folder: Path, megabytes: int, form: bool = False) -> Uploaded:
    """Upload megabytes as a raw body or a form, and measure the server's memory."""

    def pieces() -> Iterator[bytes]:
        source = Endless(megabytes)
        while piece := source.read(MEGABYTE):
            yield piece

    with running(folder, jobs_at_once=0) as server, server.client() as http:
        with memory_samples(server) as samples:
            start = time.monotonic()
            if form:
                files = {"file": ("long.wav", cast(BinaryIO, Endless(megabytes)))}
                answer = http.post("/api/jobs", files=files, timeout=900)
            else:
                url = "/v1/transcribe?email_callback=a@example.org"
                answer = http.post(url, content=pieces(), timeout=900)
            took = time.monotonic() - start
        assert answer.status_code == 201, answer.text
        job = answer.json()["id" if form else "job_id"]
        assert http.delete(f"/api/jobs/{job}").json()["deleted"]["bytes"] > megabytes * MEGABYTE
    return Uploaded(samples[0], max(samples), took)


@contextmanager
def memory_samples(server: Server) -> Iterator[list[float]]:
    """Collect the server's resident memory in megabytes while the block runs."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status")
    samples = [_resident(status)]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            samples.append(_resident(status))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        stop.set()
        thread.join()


def _resident(status: Path) -> float:
    row = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(row.split()[1]) / 1024


@dataclass(frozen=True, slots=True)
class Refusal:
    """Response to a small file that lasts hours."""

    file: int
    """Bytes."""
    status: int
    code: str
    seconds: float
    growth: float
    """Growth of the server's memory in megabytes."""


def bomb(folder: Path, hours: float = 10.0, known: bool = True) -> Refusal:
    """Upload silence in FLAC that exceeds the server's default limits.

    Unless the length is `known`, the header lacks it, so the server must decode to find out.
    """
    path = folder / "bomb.flac"
    _silence(path, hours, known)
    with running(folder) as server, server.client() as http, memory_samples(server) as samples:
        start = time.monotonic()
        with path.open("rb") as file:
            answer = http.post(
                "/v1/audio/transcriptions", files={"file": file}, data={"model": "whisper-1"}
            )
        took = time.monotonic() - start
    code = answer.json()["error"]["code"]
    return Refusal(path.stat().st_size, answer.status_code, code, took, max(samples) - samples[0])


def _silence(path: Path, hours: float, known: bool) -> None:
    import numpy as np
    import soundfile

    with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16", format="FLAC") as file:
        for _ in range(round(hours * 60)):
            file.write(np.zeros(60 * 8000, np.int16))
    if known:
        return
    with path.open("r+b") as raw:  # the 36 bits of STREAMINFO that count the samples
        raw.seek(21)
        half = raw.read(1)[0] & 0xF0
        raw.seek(21)
        raw.write(bytes([half, 0, 0, 0, 0]))


@dataclass(frozen=True, slots=True)
class CutOff:
    """Result of uploads during which the server was killed."""

    accepted: int
    correct: int
    """Jobs accepted before the kill whose text is correct."""
    resumed: bool
    """True if the resumable upload continued at its offset and its job's text is correct."""
    unexpected: int
    """Jobs that no client was told of."""


def cut_off(folder: Path, jobs: int = 3) -> CutOff:
    """Kill the server during three uploads, with accepted jobs waiting, and restart it.

    The uploads are a raw body, a form and a resumable upload. The first two were never accepted, so
    the client must send them again, and they must not show up as jobs.
    """
    sound = ENGLISH.read_bytes()
    server = Server(folder).start()
    try:
        with server.client() as http:
            files = {"file": ("english.wav", sound)}
            ids = [http.post("/api/jobs", files=files).json()["id"] for _ in range(jobs)]
            meta = base64.b64encode(b"english.wav").decode()
            head = {"Upload-Length": str(len(sound)), "Upload-Metadata": f"filename {meta}"}
            location = http.post("/api/uploads", headers=head).headers["location"]
            _patch(http, location, sound[:100_000], 0)
        half = threading.Event()
        senders = [threading.Thread(target=_half, args=(server, form, half)) for form in (0, 1)]
        for sender in senders:
            sender.start()
        time.sleep(1.0)
        server.kill()
        half.set()
        for sender in senders:
            sender.join()
        server.start()
        with server.client() as http:
            offset = int(http.head(location).headers["upload-offset"])
            _patch(http, location, sound[offset:], offset)
            fields = {"upload": location.rsplit("/", 1)[1]}
            last = http.post("/api/jobs", files={n: (None, v) for n, v in fields.items()}).json()
            texts = [_text(http, id) for id in (*ids, last["id"])]
            shown = {job["id"] for job in http.get("/api/jobs").json()["jobs"]}
        good = [words(text) == words(reference("english")) for text in texts]
        resumed = good[-1] and offset == 100_000
        return CutOff(jobs, sum(good[:-1]), resumed, len(shown - {*ids, last["id"]}))
    finally:
        server.stop()


def _half(server: Server, form: int, end: threading.Event) -> None:
    """Begin an upload, and leave it unfinished until the server is dead."""

    def pieces() -> Iterator[bytes]:
        if form:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        yield ENGLISH.read_bytes()[:200_000]
        end.wait(60)
        yield b"x"

    kind = {"Content-Type": "multipart/form-data; boundary=x"} if form else {}
    url = "/api/jobs" if form else "/v1/transcribe?email_callback=a@example.org"
    try:
        with server.client() as http:
            http.post(url, content=pieces(), headers=kind)
    except httpx.TransportError:
        return
    raise AssertionError("an upload was answered by a server that had been killed")


def _patch(http: httpx.Client, location: str, data: bytes, offset: int) -> None:
    kind = "application/offset+octet-stream"
    headers = {"Upload-Offset": str(offset), "Content-Type": kind}
    http.patch(location, content=data, headers=headers).raise_for_status()


def _text(http: httpx.Client, id: str) -> str:
    assert until_ended(http, id, 300)["state"] == "done"
    return http.get(f"/api/jobs/{id}/transcript?format=txt").raise_for_status().text
