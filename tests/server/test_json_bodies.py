"""Bodies that are read only for callers who may send them, and that do not stop the server."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.types import Message

from unispeech.server import settings
from unispeech.server.api.transcript_schemas import Edited
from unispeech.server.app import create_app
from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.json_bodies import MAX_COUNTS, parse
from unispeech.server.http.openapi_document import PUBLIC


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("guarded")
    yield create_app(settings.read(data_dir=folder, api_key="secret"))


def guarded(app: Any) -> list[tuple[str, str]]:
    """Return method and path of all routes that need a key; `OPTIONS` describes the API."""
    paths = app.openapi()["paths"]
    return [
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if method != "options" and not path.startswith(PUBLIC)
    ]


async def status_without_key(app: Any, method: str, path: str) -> int:
    """Send a request whose body never comes, and fail if the application asks for it."""
    statuses: list[int] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "headers": headers,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
        "client": ("192.0.2.1", 1), "server": ("localhost", 80), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return statuses[0]


def test_no_body_is_read_without_a_key(app: Any) -> None:
    async def all_statuses() -> dict[tuple[str, str], int]:
        return {
            (method, path): await status_without_key(app, method, re.sub("[{}]", "", path))
            for method, path in guarded(app)
        }

    found = asyncio.run(all_statuses())
    assert {route: status for route, status in found.items() if status != 401} == {}
    assert len(found) > 40
    assert {("PUT", "/api/jobs/{job_id}/transcript"), ("POST", "/asr")} <= found.keys()


def test_routes_without_a_key_are_those_of_the_threat_model(app: Any) -> None:
    paths = {path for path in app.openapi()["paths"] if path.startswith(PUBLIC)}
    shared = {path for path in paths if path.startswith("/api/shared/{token}")}
    others = {"/health", "/healthz", "/ping", "/readyz", "/metrics"}
    assert paths - shared == {*others, "/api/captions/{captions_id}"}


SEGMENT = {"start": 0.0, "end": 1.0, "text": " word", "words": []}


def test_a_transcript_is_parsed() -> None:
    body = json.dumps({"segments": [SEGMENT] * 3, "author": "desk"}).encode()
    assert [s.text for s in parse(Edited, body).segments] == [" word"] * 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"segments": [' + b"9" * 5000 + b"]}", 400),
        (b"\xff\xfe\x00", 400),
        (b'{"segments": [' + b"[]," * MAX_COUNTS[b"["] + b"0]}", 413),
        (b'{"segments": [' + b"0," * (MAX_COUNTS[b","] + 1) + b"0]}", 413),
        (b'{"segments": [' + b"{}," * (MAX_COUNTS[b"{"] + 1) + b"0]}", 413),
    ],
)
def test_bodies_that_are_not_json_or_too_large_to_parse(body: bytes, status: int) -> None:
    with pytest.raises(RequestError) as refused:
        parse(Edited, body)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, ("body", "segments")),
        ([], ("body",)),
        ({"segments": [SEGMENT, {**SEGMENT, "end": "x"}, {}]}, ("body", "segments", 1, "end")),
        ({"segments": [SEGMENT] * 100_001}, ("body", "segments")),
    ],
)
def test_only_the_first_error_is_told(body: object, location: tuple[object, ...]) -> None:
    with pytest.raises(RequestValidationError) as refused:
        parse(Edited, json.dumps(body).encode())
    (error,) = refused.value.errors()
    assert error["loc"] == location
