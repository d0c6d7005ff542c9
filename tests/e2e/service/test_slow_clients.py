"""Clients that send or read next to nothing keep nobody out.

`tests/server/test_limits.py` tests the timeouts that end them.
"""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from support.samples import SAMPLES
from support.serving import Server, running, submit, until_ended

pytestmark = pytest.mark.slow

ENGLISH = SAMPLES / "english.wav"
REQUESTS = 200
HEADERS = b"GET /api/jobs HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = (
    b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
)
SOCKET = (
    b"GET /v1/realtime?intent=transcription HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def memory(server: Server) -> float:
    """Resident memory of the server's process in MB."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@pytest.mark.parametrize("clients", [25, pytest.param(400, marks=pytest.mark.soak)])
def test_slow_clients_keep_nobody_out(tmp_path: Path, clients: int) -> None:
    """`clients` of each kind: those that stop in the headers, in the body, in the download of a
    recording and in a live stream."""
    with running(tmp_path, rate_limit="100000/minute", streams_per_key=1000) as server:
        with server.client() as http:
            job = submit(http, ENGLISH)
            assert until_ended(http, job)["state"] == "done"
        download = f"GET /api/jobs/{job}/audio HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        before = memory(server)
        with ExitStack() as stack:
            for start in (HEADERS, BODY, download, SOCKET) * clients:
                slow = stack.enter_context(socket.socket())
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                slow.connect(("127.0.0.1", server.port))
                slow.sendall(start)
            with server.client() as http, ThreadPoolExecutor(REQUESTS) as threads:
                file = {"file": ("a.wav", ENGLISH.read_bytes())}
                answer = http.post(
                    "/v1/audio/transcriptions", files=file, data={"model": "whisper-1"}
                )
                assert answer.status_code == 200
                paths = [f"/api/jobs/{job}", "/api/jobs", "/v1/queue", "/healthz"]
                statuses = threads.map(lambda n: _status(server, paths[n % 4]), range(REQUESTS))
                assert set(statuses) == {200}
            # Each connection may hold 64 KiB of a response in the server.
            assert memory(server) - before < 100 + 4 * clients * 0.2
    assert "Traceback" not in server.log.read_text()


def _status(server: Server, path: str) -> int:
    return httpx.get(server.url + path, timeout=120).status_code
