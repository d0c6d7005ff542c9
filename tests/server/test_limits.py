"""What is too large, too long or too slow, whatever its headers say."""

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
    def much() -> Iterator[bytes]:
        for _ in range(4000):
            yield bytes(65536)

    for path in ("/v1/transcribe?webhook_id=desk", "/v1/detect"):
        with contextlib.suppress(httpx.WriteError):  # it may hang up before we have read
            assert http.post(path, content=much()).status_code == 413
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
    for path in ("audio?form=wav", "peaks"):  # it is still there to be heard, but not all of it
        heard = http.get(f"/api/jobs/{job}/{path}")
        assert heard.status_code == 413 and "longer than 60 s" in heard.text
    assert [path.name for path in folder.iterdir()] == ["upload"]


def test_a_list_of_files_opens_none_of_them(http: httpx.Client, tmp_path: Path) -> None:
    """FFmpeg reads playlists and scripts that name files and addresses; here they are no media."""
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


def test_what_is_too_large_is_answered(http: httpx.Client) -> None:
    long = http.get("/healthz", headers={"X-Long": "a" * 200_000})
    assert long.status_code == 431 and long.json()["error"]["code"] == "headers_too_large"
    with contextlib.suppress(httpx.WriteError):  # it may hang up before we have read
        document = http.put("/api/jobs/x/transcript", content=(bytes(1 << 20) for _ in range(40)))
        assert document.status_code == 413
        assert document.json()["error"]["message"] == "the body is larger than 33554432 bytes"
    assert http.get("/healthz").status_code == 200


class ImpatientConnection(Connection):
    header_timeout = 0.3
    linger = 0.3


@contextmanager
def listening(app: ASGIApp) -> Iterator[socket.socket]:
    """A connection to a server of this process that runs `app`."""
    config = uvicorn.Config(app, port=0, http=ImpatientConnection, log_config=None, lifespan="off")
    server = Listener(config, lambda port: None, lambda: None)
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


def everything(client: socket.socket) -> bytes:
    """What comes until the other side hangs up."""
    return b"".join(iter(lambda: client.recv(65536), b""))


async def eager(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that wants the whole body, and says how long it was."""
    size = len(await Request(scope, receive).body())
    await PlainTextResponse(f"{size} bytes")(scope, receive, send)


def test_headers_that_do_not_come_are_not_waited_for() -> None:
    with listening(eager) as client:
        assert everything(client) == b""  # whoever says nothing is told nothing
    with listening(eager) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        said = everything(client)
        assert said.startswith(b"HTTP/1.1 408 ") and b"request_timeout" in said
    with listening(eager) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        time.sleep(0.6)  # of a body this is not the limit
        client.sendall(b"cd")
        assert client.recv(9) == b"HTTP/1.1 "
        client.sendall(b"GET")  # the next one begins, and goes no further
        assert b"408 Request Timeout" in everything(client)


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    limited = BodyLimit(eager, 1000, timeout=0.3)
    with listening(limited) as client:
        client.sendall(b"POST /asr HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        for letter in (b"a", b"b", b"c", b"d"):
            time.sleep(0.15)
            client.sendall(letter)
        assert client.recv(12) == b"HTTP/1.1 200"
    with listening(limited) as client:
        client.sendall(b"POST /asr HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        said = everything(client)
        assert said.startswith(b"HTTP/1.1 408 ") and b"stalled for 0.3 s" in said


def test_a_slow_client_takes_nobody_s_place(tmp_path: Path) -> None:
    """One request at a time is transcribed, and one is still being sent."""
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
    """And the folder for temporary files of the process stays as it is."""
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


def test_what_is_no_form_is_said_to_be_none(http: httpx.Client) -> None:
    def said(content: bytes, kind: str, path: str = "/api/jobs") -> str:
        answer = http.post(path, content=content, headers={"Content-Type": kind} if kind else {})
        assert answer.status_code == 400, answer.text
        return answer.text

    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    for path in ("/api/jobs", "/v1/audio/transcriptions", "/asr", "/detect-language"):
        for kind in ("", "application/json", "text/plain", "audio/wav"):
            assert "not a form" in said(b"{}", kind, path)
        for content, kind in (
            (b"", "multipart/form-data; boundary=x"),
            (part + b"abc", "multipart/form-data; boundary=y"),
            (part.replace(b"name=", b"nam="), "multipart/form-data; boundary=x"),
            (part + b"abc", "multipart/form-data"),
            (b"\xff\xfe", "application/x-www-form-urlencoded"),
            (part.replace(b"\r\n\r\n", b"\r\nX: \x00\r\n\r\n"), "multipart/form-data; boundary=x"),
            (b"--x\r\n" * 400, "multipart/form-data; boundary=x"),
        ):
            said(content, kind, path)
    whole = part + ENGLISH.read_bytes() + b"\r\n--x--\r\n"
    upper = {"Content-Type": "Multipart/Form-Data; boundary=x"}
    assert http.post("/api/jobs", content=whole, headers=upper).status_code == 201
