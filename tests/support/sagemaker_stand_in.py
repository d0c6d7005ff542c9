"""Stand-in for SageMaker, which exists only at AWS: it runs the Dockerfile's stage by the published
rules for containers, without a container.

The stage's `ENV`, `ENTRYPOINT` and the argument `serve` are those of the Dockerfile. The folder of
the model and the port differ, as does the folder of temporary files.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from support.samples import ROOT
from support.serving import free_port

MAX_PAYLOAD = 6 * 1024 * 1024
"""Bytes of a request and of a response, at real-time endpoints."""
PING_TIMEOUT = 2.0
INVOCATION_TIMEOUT = 60.0
STARTUP_TIMEOUT = 480.0
STOP_TIMEOUT = 30.0
"""Seconds from SIGTERM to SIGKILL."""
HEADERS = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes")
"""Headers that SageMaker passes on; it removes all others."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Environment and entry point of a stage of the Dockerfile."""

    environment: Mapping[str, str]
    entry_point: tuple[str, ...]


def stage(name: str) -> Stage:
    """Return a stage, without what it inherits."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    (body,) = re.findall(rf"(?ms)^FROM \S+ AS {name}\n(.*?)(?=^FROM |\Z)", text)
    pairs = [
        pair.partition("=")
        for line in re.findall(r"(?m)^ENV (.*)$", body)
        for pair in shlex.split(line)
    ]
    (entry_point,) = re.findall(r"(?m)^ENTRYPOINT (.*)$", body)
    environment = {key: value for key, _, value in pairs}
    return Stage(environment, tuple(json.loads(entry_point)))


class Endpoint:
    """Endpoint of one container."""

    def __init__(self, url: str) -> None:
        self._url = url

    def invoke(
        self, body: bytes, content_type: str, attributes: str = ""
    ) -> tuple[int, dict[str, object]]:
        """Return the status and the JSON of an invocation.

        Raises:
            ValueError: the request or the response is too large.
        """
        if len(body) > MAX_PAYLOAD:
            raise ValueError(f"the payload has {len(body)} bytes")
        headers = dict(zip(HEADERS, (content_type, "application/json", attributes), strict=True))
        response = httpx.post(
            f"{self._url}/invocations", content=body, headers=headers, timeout=INVOCATION_TIMEOUT
        )
        if len(response.content) > MAX_PAYLOAD:
            raise ValueError("the response is too large")
        return response.status_code, response.json()


@contextmanager
def endpoint(model: Path, temporary: Path, **variables: str) -> Iterator[Endpoint]:
    """Run the container with a model, and yield its endpoint once `/ping` answers 200.

    `variables` are the environment that the model's owner sets.
    """
    settings = stage("sagemaker")
    own = {
        name: value.replace("/tmp/", f"{temporary}/")
        for name, value in settings.environment.items()
    }
    port = free_port()
    environment = {
        **os.environ,
        **own,
        **variables,
        "UNISPEECH_HOST": "127.0.0.1",
        "UNISPEECH_MODEL": str(model),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "PATH": f"{_command(temporary)}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    log = temporary / "container.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*settings.entry_point, "serve"], env=environment, stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield Endpoint(url)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"SIGTERM did not end it:\n{log.read_text()}") from None


def _command(folder: Path) -> Path:
    """Return a folder with `unispeech`, as the image has it in its path."""
    target = folder / "bin" / "unispeech"
    target.parent.mkdir()
    target.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m unispeech "$@"\n')
    target.chmod(0o755)
    return target.parent


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTUP_TIMEOUT
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/ping", timeout=PING_TIMEOUT).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"not ready in {STARTUP_TIMEOUT} s:\n{log.read_text()}")
