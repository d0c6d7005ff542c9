"""The MCP server with the SDK's own client, over stdio and HTTP, with real weights."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from support.samples import SAMPLES

COMMAND = ["-m", "unispeech", "mcp", "--model", "tiny.en"]
PORT_LINE = re.compile(r"listening at (http://\S+)")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the SDK's pipes
]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    shutil.copy(SAMPLES / "english.wav", folder)
    (folder / "outside.wav").symlink_to(SAMPLES / "german.wav")
    (folder / "notes.wav").write_text("no sound")
    return folder


@asynccontextmanager
async def over_stdio(root: Path, log: Path, mode: str) -> AsyncIterator[Client]:
    parameters = StdioServerParameters(
        command=sys.executable, args=[*COMMAND, "--root", str(root)], env=dict(os.environ)
    )
    with log.open("w") as errors:
        async with Client(stdio_client(parameters, errlog=errors), mode=mode) as client:
            yield client


@pytest.fixture(scope="module")
def address(recordings: Path) -> Iterator[str]:
    with serving(recordings, recordings.parent / "no-keys") as url:
        yield url


@contextmanager
def serving(root: Path, data: Path, key: str = "") -> Iterator[str]:
    command = [sys.executable, *COMMAND, "--root", str(root), "--http", "127.0.0.1:0"]
    settings = {"UNISPEECH_DATA_DIR": str(data), "UNISPEECH_API_KEY": key}
    environment = {**os.environ, **settings}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        match = PORT_LINE.search(process.stderr.readline())
        assert match is not None
        yield match[1]
        process.terminate()


def run(use: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        with anyio.fail_after(120):  # a hang would last for ever
            await use()

    anyio.run(limited)


def text(result: Any) -> str:
    content = result.content[0]
    assert content.type == "text"
    return str(content.text)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_transcript_over_stdio_is_searched_and_read_as_a_resource(
    recordings: Path, tmp_path: Path, mode: str
) -> None:
    reports: list[tuple[float, float | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        reports.append((progress, total))

    async def use() -> None:
        async with over_stdio(recordings, tmp_path / "log", mode) as client:
            tools = (await client.list_tools()).tools
            assert [tool.name for tool in tools] == [
                "transcribe", "translate", "align", "search_transcript", "list_models",
            ]  # fmt: skip
            result = await client.call_tool(
                "transcribe", {"source": "english.wav"}, progress_callback=on_progress
            )
            assert not result.is_error, text(result)
            assert "garden" in result.structured_content["text"].lower()
            id = result.structured_content["transcript"]
            assert id in text(result)
            found = await client.call_tool(
                "search_transcript", {"transcript": id, "query": "THE  GARDEN. the"}
            )
            first = found.structured_content["matches"][0]
            assert "garden" in first["text"].lower()
            assert 0 <= first["start"] < first["end"]
            resources = (await client.list_resources()).resources
            assert [row.name for row in resources] == ["english.wav"]
            read = await client.read_resource(f"{resources[0].uri}/srt")
            assert "-->" in read.contents[0].text  # type: ignore[union-attr]
            with pytest.raises(MCPError):
                await client.read_resource("unispeech://transcripts/none")

    run(use)
    values = [value for value, _ in reports]
    assert values
    assert values == sorted(set(values))
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_paths_outside_the_roots_are_refused(recordings: Path, address: str) -> None:
    async def use() -> None:
        async with Client(address) as client:
            for source in ("../secret.wav", "/etc/passwd", "outside.wav", "file:///etc/passwd"):
                result = await client.call_tool("transcribe", {"source": source})
                assert result.is_error
                assert "\n" not in text(result)
            result = await client.call_tool(
                "search_transcript", {"transcript": str(SAMPLES / "x.srt"), "query": "a"}
            )
            assert result.is_error

    run(use)


BAD_CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("transcribe", {}, "source"),
    ("transcribe", {"source": "english.wav", "beam": 3}, "beam"),
    ("transcribe", {"source": "missing.wav"}, "missing.wav"),
    ("transcribe", {"source": "notes.wav"}, "notes.wav"),
    ("transcribe", {"source": "english.wav", "model": "openai/whisper-large-v3"}, "models pull"),
    ("transcribe", {"source": "english.wav", "model": "../weights"}, "../weights"),
    ("transcribe", {"source": "http://127.0.0.1:1/talk.mp3"}, "public address"),
    ("translate", {"source": "english.wav"}, "tiny.en"),
    ("search_transcript", {"transcript": "none", "query": "a"}, "none"),
    ("transcript", {}, "transcri"),
]


def test_bad_calls_are_errors_of_one_line(address: str) -> None:
    async def use() -> None:
        async with Client(address) as client:
            await client.list_tools()
            for name, arguments, named in BAD_CALLS:
                result = await client.call_tool(name, arguments)
                assert result.is_error, (name, arguments)
                assert named in text(result)
                assert "\n" not in text(result)
                assert not text(result).startswith("unexpected ")

    run(use)


def test_calls_at_once_are_all_answered(address: str) -> None:
    answers = []

    async def use() -> None:
        async with Client(address) as client, anyio.create_task_group() as group:

            async def transcribe() -> None:
                arguments = {"source": "english.wav", "format": "json"}
                result = await client.call_tool("transcribe", arguments)
                answers.append(text(result).rpartition("\n\n")[0])

            for _ in range(3):
                group.start_soon(transcribe)

    run(use)
    texts = {json.loads(answer)["text"] for answer in answers}
    assert len(answers) == 3
    assert len(texts) == 1


def test_a_known_text_is_aligned(address: str) -> None:
    words = (SAMPLES / "english.txt").read_text().strip()

    async def use() -> None:
        async with Client(address) as client:
            arguments = {"source": "english.wav", "text": words, "language": "en"}
            result = await client.call_tool("align", arguments)
            assert not result.is_error, text(result)
            document = json.loads(text(result).rpartition("\n\n")[0])
            assert document["segments"][0]["words"][0]["end"] > 0
            models = await client.call_tool("list_models", {})
            rows = {row["model"]: row for row in models.structured_content["models"]}
            assert rows["tiny.en"]["downloaded"]

    run(use)


def test_pages_of_other_sites_cannot_use_the_http_server(address: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    accept = {"Accept": "application/json, text/event-stream"}
    foreign_host = httpx.post(address, json=body, headers={**accept, "Host": "site.example"})
    foreign_origin = httpx.post(
        address, json=body, headers={**accept, "Origin": "https://site.example"}
    )
    assert (foreign_host.status_code, foreign_origin.status_code) == (421, 403)


def test_large_bodies_are_refused_by_the_http_server(address: str) -> None:
    accept = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": "' + b"a" * (5 << 20) + b'"}'
    assert httpx.post(address, content=body, headers=accept).status_code == 413
    pieces = iter([body[: 1 << 20]] * 5)  # without Content-Length
    assert httpx.post(address, content=pieces, headers=accept).status_code == 413


def test_http_clients_need_a_key_of_the_service_if_there_is_one(
    recordings: Path, tmp_path: Path
) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    keys = [sys.executable, "-m", "unispeech", "keys", "create", "agent"]
    environment = {**os.environ, "UNISPEECH_DATA_DIR": str(tmp_path)}
    with serving(recordings, tmp_path, key="operators-key") as url:
        created = subprocess.run(keys, env=environment, capture_output=True, text=True, check=True)

        async def use(key: str) -> None:
            headers = {"Authorization": f"Bearer {key}"}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=60) as http,
                Client(streamable_http_client(url, http_client=http)) as client,
            ):
                assert (await client.list_tools()).tools

        for key in ("operators-key", created.stdout.strip()):
            run(partial(use, key))
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            refused = httpx.post(url, json=ping, headers=headers)
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"] == "Bearer"
            assert refused.json()["error"]["code"] == "invalid_api_key"


def test_ctrl_c_ends_the_stdio_server_while_it_waits() -> None:
    command = [sys.executable, *COMMAND]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130  # a hang would last until stdin is closed
        assert process.stdout.read() == ""
        assert process.stderr.read().strip() == "unispeech: stopped"


@pytest.mark.parametrize(
    "options", [["--model", "nope"], ["--backend", "nope"], ["--root", "nope"]]
)
def test_wrong_usage_is_one_line_before_a_client_connects(options: list[str]) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "unispeech", "mcp", *options],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert process.returncode == 2
    assert "nope" in process.stderr
    assert process.stderr.count("\n") == 1
    assert process.stdout == ""


@pytest.mark.parametrize("address_", ["0.0.0.0:80", "192.0.2.1:80", "127.0.0.1", "127.0.0.1:x"])
def test_only_loopback_addresses_are_served(address_: str) -> None:
    command = [sys.executable, *COMMAND, "--http", address_]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert process.returncode == 2
    assert address_ in process.stderr
    assert process.stderr.count("\n") == 1
    assert process.stdout == ""
