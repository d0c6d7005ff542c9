"""Memory and health checks of a server while clients send large bodies, or many small ones."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from service_load import health_delays
from service_upload import memory_samples
from support.samples import SAMPLES
from support.serving import Server, running, submit, until_ended

KEY = "the key of the benchmark"
MEGABYTE = 1 << 20


def attack(folder: Path, megabytes: int = 30, clients: int = 4) -> dict[str, dict[str, object]]:
    """For each kind of body, sent by `clients` at once: the statuses, the growth of the server's
    memory in MB, and the 95th percentile and the maximum of /healthz in seconds."""
    with running(folder, api_key=KEY, rate_limit="100000/minute") as server:
        with server.client(Authorization=f"Bearer {KEY}") as client:
            job = submit(client, SAMPLES / "english.wav")
            until_ended(client, job)
        transcript = f"/api/jobs/{job}/transcript"
        nested = b'{"segments": ' + b"[" * (megabytes * MEGABYTE)
        segment = {"start": 0, "end": 1, "text": "words of a segment " * 3}
        count = min(100_000, megabytes * MEGABYTE // 90)
        long = json.dumps({"segments": [segment] * count}).encode()
        field = b'--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\n' + b"x" * MEGABYTE
        form = b"".join(field % n + b"\r\n" for n in range(10 * megabytes)) + b"--x--\r\n"
        small = "/api/jobs"
        json_type, form_type = "application/json", "multipart/form-data; boundary=x"
        return {
            "nested JSON, no key": _measure(
                server, partial(_send, server, "PUT", transcript, nested, json_type, ""), clients
            ),
            "nested JSON": _measure(
                server, partial(_send, server, "PUT", transcript, nested, json_type), clients
            ),
            "form fields": _measure(
                server, partial(_send, server, "POST", small, form, form_type), clients
            ),
            "long transcripts": _measure(
                server, partial(_send, server, "PUT", transcript, long, json_type), clients
            ),
            "50 small requests of each client": _measure(
                server, partial(_send, server, "GET", small, b"", ""), clients, 50
            ),
        }


def _measure(
    server: Server, request: Callable[[], int], clients: int, times: int = 1
) -> dict[str, object]:
    with (
        memory_samples(server) as memory,
        health_delays(server) as delays,
        ThreadPoolExecutor(clients) as threads,
    ):
        futures = [threads.submit(request) for _ in range(clients * times)]
        statuses = Counter(future.result() for future in futures)
    return {
        "statuses": dict(statuses),
        "memory (MB)": round(max(memory) - memory[0]),
        "health, 95 % (s)": round(sorted(delays)[int(0.95 * (len(delays) - 1))], 3),
        "health, largest (s)": round(max(delays), 3),
    }


def _send(
    server: Server, method: str, path: str, body: bytes, kind: str, key: str = KEY
) -> int:  # fmt: skip
    """Send a request and return its status; 0 if the server closes the connection first."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    headers = {"Content-Type": kind, "If-Match": "*"} if kind else {}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    try:
        connection.request(method, path, body or None, headers)
        return connection.getresponse().status
    except (ConnectionError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
