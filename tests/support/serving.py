"""Real server processes, for tests and benchmarks."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from support.samples import words


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """Process of `unispeech serve` or `worker` that can be killed and restarted on its data."""

    def __init__(
        self, folder: Path, *, command: str = "serve", has_group: bool = False, **settings: object
    ) -> None:
        self.folder = folder
        self.has_group = has_group
        """The process leads a group of its own, so that `signal_group` reaches only it."""
        self.command = command
        self.port = free_port()
        self.log = folder / f"{command}-{self.port}.log"
        names = {
            "data_dir": folder / "data", "model": "tiny.en", "waas_model": "tiny.en",
            "threads": 1,  # the client has the other core
        }  # fmt: skip
        self.environment = {
            name.upper() if name.startswith(("email", "allowed", "base_url"))
            else f"UNISPEECH_{name.upper()}": str(value)
            for name, value in {**names, **settings}.items()
        }  # fmt: skip
        self.before_exec: Callable[[], None] | None = None
        """Called in the new process before the program starts."""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, wait: bool = True) -> Server:
        arguments = ["--port", str(self.port)] if self.command == "serve" else []
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "unispeech", self.command, *arguments],
                env={**os.environ, **self.environment},
                stderr=log,
                stdout=log,
                start_new_session=self.has_group,
                preexec_fn=self.before_exec,
            )
        if wait and self.command == "serve":
            self.wait()
        return self

    def wait(self, seconds: float = 240.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process is not None and self.process.poll() is None, self.log.read_text()
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"not ready in {seconds} s:\n{self.log.read_text()}")

    @property
    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """Kill the process without a warning."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def signal_group(self, number: int) -> None:
        """Send a signal to the process and its children, as systemd and Ctrl-C do."""
        assert self.process is not None and self.has_group
        os.killpg(self.process.pid, number)

    def stop(self) -> int:
        """Stop the process by SIGTERM, and return its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=90)

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=120, headers=headers)


def until_ended(client: httpx.Client, job: str, seconds: float = 120.0) -> dict[str, Any]:
    """Wait until the job is done, failed or cancelled, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        shown: dict[str, Any] = client.get(f"/api/jobs/{job}").raise_for_status().json()
        if shown["state"] in ("done", "failed", "cancelled"):
            return shown
        time.sleep(0.1)
    raise AssertionError(f"still {shown}")


def submit(client: httpx.Client, path: Path, **fields: str) -> str:
    """Create a job of a file, and return its ID."""
    with path.open("rb") as file:
        answer = client.post("/api/jobs", files={"file": (path.name, file)}, data=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def until(condition: Callable[[], object], seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def until_decoding(http: httpx.Client, job: str) -> None:
    """Wait for the first chunk of a job."""
    until(lambda: http.get(f"/api/jobs/{job}").json()["done"])


def is_correct(http: httpx.Client, job: str, text: str) -> bool:
    ended = until_ended(http, job)
    assert ended["state"] == "done", ended
    found = http.get(f"/api/jobs/{job}/transcript?format=txt").text
    return words(found) == words(text)


class Receiver:
    """Server for webhooks that stores requests, and answers the first `failures` with 500, after a
    call of `on_failure`."""

    def __init__(self, failures: int = 0, on_failure: Callable[[], None] = lambda: None) -> None:
        self.arrived: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.arrived.append((dict(self.headers.items()), body))
                is_failure = len(receiver.arrived) <= failures
                if is_failure:
                    on_failure()
                self.send_response(500 if is_failure else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.arrived]

    def wait(self, count: int, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while len(self.arrived) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(self.arrived) >= count, self.arrived

    def allow(self, folder: Path, id: str = "desk", token: str = "s3cret") -> Path:
        """Write an allow-list with this receiver, and return its path."""
        path = folder / "webhooks.json"
        path.write_text(json.dumps([{"id": id, "url": self.url, "token": token}]))
        return path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running(folder: Path, **settings: object) -> Iterator[Server]:
    server = Server(folder, **settings)  # type: ignore[arg-type]
    try:
        yield server.start()
    finally:
        server.stop()
