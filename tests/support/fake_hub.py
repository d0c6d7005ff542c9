"""A FAKE Hub on this machine, for downloads: the real Hub may be unreachable.

It answers the few requests that the Hub's client makes for a snapshot, with the files of a folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "f" * 40


class FakeHub(BaseHTTPRequestHandler):
    """GET api/models/ID/revision/REV and /tree/REV, HEAD and GET ID/resolve/REV/FILE."""

    repository: str
    folder: Path
    requests: list[str]

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        self.requests.append(f"{self.command} {self.path}")
        name = self.path.partition("/resolve/")[2].partition("/")[2].partition("?")[0]
        files = sorted(path.name for path in self.folder.iterdir())
        if self.path.startswith(f"/api/models/{self.repository}/tree/"):
            tree = [
                {
                    "type": "file",
                    "path": f,
                    "oid": "0" * 40,
                    "size": (self.folder / f).stat().st_size,
                }
                for f in files
            ]
            self.reply(200, json.dumps(tree).encode(), body)
        elif self.path.startswith(f"/api/models/{self.repository}/revision/"):
            info = {
                "id": self.repository,
                "sha": COMMIT,
                "siblings": [{"rfilename": f} for f in files],
            }
            self.reply(200, json.dumps(info).encode(), body)
        elif self.path.startswith(f"/{self.repository}/resolve/") and name in files:
            self.reply(200, (self.folder / name).read_bytes(), body)
        elif self.path == "/":
            self.reply(200, b"", body)
        else:
            self.reply(404, b"{}", body)

    def reply(self, status: int, content: bytes, body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(repository: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve a folder as a repository; yield the address, and the list of requests."""
    requests: list[str] = []
    attributes = {"repository": repository, "folder": folder, "requests": requests}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Hub", (FakeHub,), attributes))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()


RUN = """
import sys
from unispeech.errors import UnispeechError
from unispeech.models import weight_cache, store
try:
    print(store.obtain(sys.argv[1], sys.argv[2]))
    print(*sorted(model.format for model in weight_cache.cached_models()))
except UnispeechError as error:
    print(type(error).__name__, error)
"""


def obtain(
    where: Path, endpoint: str, name: str, format: str, **environment: str
) -> tuple[list[str], float]:
    """Run in a new process, since the Hub's client reads its settings once; return its lines."""
    settings = {
        "HF_ENDPOINT": endpoint, "UNISPEECH_CACHE_DIR": str(where / "store"),
        "HF_HOME": str(where / "home"), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(where),
        "NO_PROXY": "127.0.0.1",
    }  # fmt: skip
    inherited = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "HF_HUB_CACHE")}
    start = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-c", RUN, name, format],
        capture_output=True, text=True, env={**inherited, **settings, **environment},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines(), time.monotonic() - start
