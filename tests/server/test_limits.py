"""Limits on size, duration and time, whatever the headers of a request say."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from support.samples import SAMPLES
from support.serving import Server, running, submit, until_ended
from unispeech.server.http import forms
from unispeech.server.http.forms import BodyLimit
from unispeech.server.http.protocol import Connection, Listener

pytestmark = pytest.mark.slow

ENGLISH = SAMPLES / "english.wav"
PAUSE = SAMPLES / "pause.wav"


def test_limits_hold_whatever_the_headers_say(http: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(4000):
            yield bytes(65536)

    for path in ("/v1/transcribe?webhook_id=desk", "/v1/detect"):
        with contextlib.suppress(httpx.WriteError):  # the server may close before we read
            assert http.post(path, content=endless()).status_code == 413
    files = {"file": ("long.wav", bytes(9_500_000))}
    answer = http.post("/v1/audio/transcriptions", files=files, data={"model": "whisper-1"})
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "upload_too_large"


def test_a_small_file_that_is_hours_long_hits_the_duration_limit(
    http: httpx.Client, service: Server, tmp_path: Path
) -> None:
    import numpy as np
    import soundfile

    bomb = tmp_path / "bomb.flac"
    soundfile.write(bomb, np.zeros(16_000 * 3600, np.int16), 16_000, subtype="PCM_16")
    assert bomb.stat().st_size < 1_000_000
    files = {"file": ("bomb.flac", bomb.read_bytes())}
    answer = http.post("/v1/audio/transcriptions", files=files, data={"model": "whisper-1"})
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "audio_too_long"
    job = submit(http, bomb)
    shown = until_ended(http, job)
    assert shown["state"] == "failed" and "longer than 60 s" in shown["error"]
    folder = service.folder / "data" / "jobs" / job
    for path in ("audio?form=wav", "peaks"):  # the upload is stored, but the limit still holds
        answer = http.get(f"/api/jobs/{job}/{path}")
        assert answer.status_code == 413 and "longer than 60 s" in answer.text
    assert [path.name for path in folder.iterdir()] == ["upload"]


def test_a_playlist_opens_none_of_its_files(http: httpx.Client, tmp_path: Path) -> None:
    """FFmpeg reads playlists that name files and addresses; the service rejects them."""
    listing = tmp_path / "list.wav"
    for text in (
        "ffconcat version 1.0\nfile upload\nfile sound-0.wav\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:1/\n#EXT-X-ENDLIST\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    ):
        listing.write_text(text)
        job = submit(http, listing)
        ended = until_ended(http, job)
        assert ended["state"] == "failed" and "not audio or video" in ended["error"]
        answer = http.get(f"/api/jobs/{job}/media")
        assert answer.status_code == 409 and answer.json()["error"]["code"] == "not_media"
        assert http.get(f"/api/jobs/{job}/audio?form=wav").status_code == 400


def test_large_headers_and_documents_are_rejected(http: httpx.Client) -> None:
    job = f"/api/jobs/{submit(http, ENGLISH)}"
    long = http.get("/healthz", headers={"X-Long": "a" * 200_000})
    assert long.status_code == 431 and long.json()["error"]["code"] == "headers_too_large"
    with contextlib.suppress(httpx.WriteError):  # the server may close before we read
        document = http.put(f"{job}/transcript", content=(bytes(1 << 20) for _ in range(40)))
        assert document.status_code == 413
        assert document.json()["error"]["message"] == "the body is larger than 33554432 bytes"
    for path in ("/api/check", f"{job}/shares", f"{job}/ranges"):
        kind = {"Content-Type": "application/json"}
        answer = http.post(path, content=b" " * (1 << 20) + b"{}", headers=kind)
        assert answer.status_code == 413
        assert answer.json()["error"]["message"] == "the body is larger than 1048576 bytes"
    assert http.get("/healthz").status_code == 200


class ImpatientConnection(Connection):
    header_timeout = 0.3
    unread_timeout = 3.0
    read_timeout = 0.3
    linger = 0.3


@contextmanager
def listening(app: ASGIApp) -> Iterator[socket.socket]:
    """Run `app` on a server in this process, and yield a connection to it."""
    config = uvicorn.Config(app, port=0, http=ImpatientConnection, log_config=None, lifespan="off")
    server = Listener(config, lambda port: None, lambda: None, pytest.fail)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        with socket.create_connection(server.servers[0].sockets[0].getsockname()) as client:
            client.settimeout(20)
            yield client
    finally:
        server.should_exit = True
        thread.join()


def read_all(client: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    return b"".join(iter(lambda: client.recv(65536), b""))


async def measuring_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the whole body and answer with its size."""
    size = len(await Request(scope, receive).body())
    await PlainTextResponse(f"{size} bytes")(scope, receive, send)


def test_incomplete_headers_time_out() -> None:
    with listening(measuring_app) as client:
        assert read_all(client) == b""  # an idle connection is closed without a response
    with listening(measuring_app) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        response = read_all(client)
        assert response.startswith(b"HTTP/1.1 408 ") and b"request_timeout" in response
    with listening(measuring_app) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        time.sleep(0.6)  # longer than the header timeout, which does not apply to bodies
        client.sendall(b"cd")
        assert client.recv(9) == b"HTTP/1.1 "
        client.sendall(b"GET")  # the next request remains incomplete
        assert b"408 Request Timeout" in read_all(client)


def test_a_stalled_body_times_out() -> None:
    limited = BodyLimit(measuring_app, 1000, timeout=0.3, min_rate=0)
    with listening(limited) as client:
        client.sendall(b"POST /asr HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        for letter in (b"a", b"b", b"c", b"d"):
            time.sleep(0.15)
            client.sendall(letter)
        assert client.recv(12) == b"HTTP/1.1 200"
    with listening(limited) as client:
        client.sendall(b"POST /asr HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        response = read_all(client)
        assert response.startswith(b"HTTP/1.1 408 ") and b"stalled for 0.3 s" in response


def trickle(client: socket.socket, piece: bytes, pause: float) -> bytes:
    """Send a request whose body arrives in pieces, and return the response."""
    client.sendall(b"POST /asr HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n")
    client.settimeout(pause)
    for _ in range(5000 // len(piece)):
        with contextlib.suppress(TimeoutError):
            return client.recv(65536)
        client.sendall(piece)
    client.settimeout(20)
    return client.recv(65536)


def test_a_body_that_never_stalls_has_a_minimum_rate() -> None:
    """At one byte per pause it would take 8 minutes; a body at a higher rate takes longer than the
    timeout and is accepted."""
    limited = BodyLimit(measuring_app, 5000, timeout=3.0, min_rate=1000)
    with listening(limited) as client:
        response = trickle(client, b"a", 0.1) + read_all(client)
        assert response.startswith(b"HTTP/1.1 408 ") and b"slower than 1000 bytes/s" in response
    with listening(limited) as client:
        assert trickle(client, b"a" * 500, 0.4).startswith(b"HTTP/1.1 200")


def test_the_rest_of_a_body_cannot_hold_the_connection() -> None:
    """It would for 8 minutes, at one byte per pause. A body that ends soon keeps the connection."""

    async def refusing_app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("no", 401)(scope, receive, send)

    with listening(refusing_app) as client, contextlib.suppress(ConnectionError):
        assert trickle(client, b"a", 0.1).startswith(b"HTTP/1.1 401 ")
        client.settimeout(20)
        for _ in range(4999):
            client.sendall(b"a")
            time.sleep(0.1)
        pytest.fail("the connection is still open")
    with listening(refusing_app) as client:
        client.sendall(b"POST /asr HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n")
        assert client.recv(9) == b"HTTP/1.1 "
        client.sendall(b"a" * 5000 + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert read_all(client).count(b"401 Unauthorized") == 2


def test_a_client_that_reads_nothing_is_disconnected() -> None:
    """A client that reads slowly is served."""
    sent: list[int] = []

    async def endless_app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not await request.is_disconnected():
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
            sent.append(100_000)

    with listening(endless_app) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        received = 0
        for _ in range(10):
            time.sleep(0.15)
            received += len(client.recv(500_000))
        assert received > 1_000_000
        time.sleep(2.0)
        read_all(client)  # a few megabytes that the kernel holds; without the timeout, endless
    assert sum(sent) < 100_000_000


def test_a_slow_upload_holds_no_slot(tmp_path: Path) -> None:
    """With one slot, a request is transcribed while another is still being sent."""
    sound = ENGLISH.read_bytes()
    head = b"POST /v1/detect HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(sound)
    with (
        running(tmp_path, requests_at_once=1) as server,
        server.client() as http,
        socket.create_connection(("127.0.0.1", server.port)) as slow,
    ):
        slow.sendall(head + sound[:-1])
        answer = http.post("/asr?output=txt", files={"audio_file": sound}, timeout=60)
        assert answer.status_code == 200 and "garden" in answer.text
        slow.sendall(sound[-1:])
        assert slow.recv(12) == b"HTTP/1.1 200"


def test_large_files_of_forms_are_spooled_into_the_given_folder(tmp_path: Path) -> None:
    """The process's temporary folder stays unchanged."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body = head + bytes(3 << 20) + b"\r\n--x--\r\n"
    system = tempfile.gettempdir()

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def read() -> Path:
        headers = [(b"content-type", b"multipart/form-data; boundary=x")]
        request = Request({"type": "http", "headers": headers}, receive)
        fields = await forms.form(request, len(body), tmp_path)
        file = forms.file_field(fields, "file")
        assert file is not None and file.size == 3 << 20
        place = Path(f"/proc/self/fd/{file.file.fileno()}").readlink()
        await fields.close()
        return place

    assert asyncio.run(read()).is_relative_to(tmp_path)
    assert tempfile.gettempdir() == system


@pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
def test_the_fields_of_a_form_share_one_limit(http: httpx.Client, kind: str) -> None:
    """Each field is small enough; together they would fill the memory."""
    fields = {f"field{number}": "x" * 60_000 for number in range(20)}
    files = {name: (None, value) for name, value in fields.items()}
    for path in ("/api/jobs", "/v1/audio/transcriptions", "/asr"):
        answer = (
            http.post(path, files=files) if kind == "multipart" else http.post(path, data=fields)
        )
        assert answer.status_code == 413, path
        assert "larger than 1048576 bytes" in answer.text


def test_the_headers_of_parts_count_as_fields(http: httpx.Client) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\nX-A: %s\r\n\r\n\r\n'
    body = part % (b"a" * 4000) * 280 + b"--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert http.post("/api/jobs", content=body, headers=kind).status_code == 413


def test_malformed_forms_are_rejected(http: httpx.Client) -> None:
    def rejection(content: bytes, kind: str, path: str = "/api/jobs") -> str:
        answer = http.post(path, content=content, headers={"Content-Type": kind} if kind else {})
        assert answer.status_code == 400, answer.text
        return answer.text

    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    for path in ("/api/jobs", "/v1/audio/transcriptions", "/asr", "/detect-language"):
        for kind in ("", "application/json", "text/plain", "audio/wav"):
            assert "not a form" in rejection(b"{}", kind, path)
        for content, kind in (
            (b"", "multipart/form-data; boundary=x"),
            (part + b"abc", "multipart/form-data; boundary=y"),
            (part.replace(b"name=", b"nam="), "multipart/form-data; boundary=x"),
            (part + b"abc", "multipart/form-data"),
            (b"\xff\xfe", "application/x-www-form-urlencoded"),
            (part.replace(b"\r\n\r\n", b"\r\nX: \x00\r\n\r\n"), "multipart/form-data; boundary=x"),
            (b"--x\r\n" * 400, "multipart/form-data; boundary=x"),
        ):
            rejection(content, kind, path)
    whole = part + ENGLISH.read_bytes() + b"\r\n--x--\r\n"
    upper = {"Content-Type": "Multipart/Form-Data; boundary=x"}
    assert http.post("/api/jobs", content=whole, headers=upper).status_code == 201
