"""HEAD, ranges of bytes, tus details, and a proxy that serves the service under a path."""

from __future__ import annotations

import logging
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from unispeech.server import settings
from unispeech.server.app import create_app
from unispeech.server.http.byte_ranges import RangedFile, requested
from unispeech.server.storage.database import Job


def client_of(folder: Path, **values: object) -> TestClient:
    """A client of the application, whose workers are not started."""
    app = create_app(settings.read(data_dir=folder, **values))
    return TestClient(app, base_url="http://localhost", follow_redirects=False)


@pytest.mark.parametrize(
    "path",
    [
        "/", "/api/jobs", "/api/info", "/api/uploads", "/v1/models", "/v1/models/whisper-1",
        "/v1/queue", "/v1/jobs/none", "/api/jobs/none", "/api/shared/none", "/healthz", "/docs",
        "/openapi.json", "/metrics", "/nothing",
    ],
)  # fmt: skip
def test_head_answers_as_get_without_the_body(tmp_path: Path, path: str) -> None:
    client = client_of(tmp_path)
    get, head = client.get(path), client.head(path)
    assert head.status_code == get.status_code
    assert head.headers.get("content-type") == get.headers.get("content-type")


def test_head_of_an_event_stream_ends(http: httpx.Client) -> None:
    head = http.head("/api/events", timeout=60)  # the stream of GET does not end
    assert head.status_code == 200 and not head.content
    assert head.headers["content-type"].startswith("text/event-stream")


def test_head_is_refused_where_there_is_no_get(tmp_path: Path) -> None:
    assert client_of(tmp_path).head("/v1/audio/transcriptions").status_code == 405


@pytest.mark.parametrize(
    ("value", "range"),
    [
        ("bytes=0-", (0, 99)),
        ("Bytes=0-0", (0, 0)),
        ("bytes=90-200", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-1000", (0, 99)),
        ("bytes=100-", (100, 99)),  # cannot be satisfied
        ("bytes=-0", (100, 99)),
        ("bytes=0-1,5-6", None),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("seconds=0-1", None),
        ("", None),
    ],
)
def test_malformed_ranges_are_ignored(value: str, range: tuple[int, int] | None) -> None:
    assert requested(value, 100) == range


@given(st.text("bytes=0123456789-, ") | st.from_regex(r"bytes=\d*-\d*"), st.integers(1, 1 << 40))
def test_a_range_is_in_the_file_or_after_it(value: str, size: int) -> None:
    range = requested(value, size)
    assert range is None or range[0] >= size or 0 <= range[0] <= range[1] < size


def test_a_file_is_sent_whole_if_its_range_is_malformed(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123456789")

    async def send_file(scope: Scope, receive: Receive, send: Send) -> None:
        await RangedFile(path)(scope, receive, send)

    client = TestClient(Starlette(routes=[Mount("/", send_file)]))

    def get(value: str) -> Any:
        return client.get("/", headers={"Range": value})

    for value in ("bytes=5-2", "bytes=x", "lines=1-2", "bytes=1-2,4-5"):
        assert (get(value).status_code, get(value).content) == (200, b"0123456789")
    assert (get("bytes=2-3").status_code, get("bytes=2-3").content) == (206, b"23")
    beyond = get("bytes=10-")
    assert beyond.status_code == 416 and beyond.headers["content-range"] == "bytes */10"
    assert beyond.json()["error"]["code"] == "range_not_satisfiable"


def test_tus_methods_in_a_header_and_refused_concatenation(tmp_path: Path) -> None:
    client = client_of(tmp_path)
    headers = {"Upload-Length": "5", "Tus-Resumable": "1.0.0"}
    refused = client.post("/api/uploads", headers={**headers, "Upload-Concat": "partial"})
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "tus_extension"
    place = client.post("/api/uploads", headers=headers).headers["location"]
    body = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    sent = client.post(place, content=b"12345", headers={**body, "X-HTTP-Method-Override": "PATCH"})
    assert sent.status_code == 204 and sent.headers["upload-offset"] == "5"
    read = client.post(place, headers={"X-HTTP-Method-Override": "HEAD"})
    assert read.headers["upload-offset"] == "5"
    assert client.post(place, headers={"X-HTTP-Method-Override": "GET"}).status_code == 405
    assert client.post(place, headers={"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    # Elsewhere the header means nothing.
    job = client.post("/api/jobs/none", headers={"X-HTTP-Method-Override": "DELETE"})
    assert job.status_code == 405


@pytest.mark.parametrize(
    "values", [{"root_path": "/speech/"}, {"base_url": "https://example.org/speech"}]
)
@pytest.mark.parametrize("prefix", ["", "/speech"], ids=["removed by the proxy", "left"])
def test_a_proxy_may_serve_it_under_a_path(
    tmp_path: Path, values: dict[str, object], prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(tmp_path, **values)
    made = client.post(f"{prefix}/api/uploads", headers={"Upload-Length": "5"})
    assert made.headers["location"].startswith("/speech/api/uploads/")
    # The body is a recording, so the limit of JSON bodies does not hold.
    body = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    place = prefix + made.headers["location"].removeprefix("/speech")
    assert client.patch(place, content=b"12345", headers=body).status_code == 204
    refused = client.post(f"{prefix}/v1/transcribe?task=x", content=b"x")
    assert (refused.status_code, refused.text) == (400, "Task not supported")
    assert client.get(f"{prefix}/api/jobs/none").json()["error"]["code"] == "job_not_found"
    assert client.get(f"{prefix}/static/main.js").status_code == 200
    assert client.get(f"{prefix}/").text.startswith("<!doctype html>")
    bare = client.get("/speech", follow_redirects=False)
    assert bare.is_redirect and bare.headers["location"] == "/speech/"
    moved = client.get(f"{prefix}/api/jobs/")
    assert moved.is_redirect and httpx.URL(moved.headers["location"]).path == "/speech/api/jobs"
    with caplog.at_level(logging.INFO, "unispeech.access"):
        client.get(f"{prefix}/api/jobs")
    assert caplog.records[-1].route == "/api/jobs"  # type: ignore[attr-defined]


def test_links_of_a_job_begin_with_the_path(tmp_path: Path) -> None:
    client = client_of(tmp_path, root_path="speech")
    job = str(uuid.uuid4())
    service = client.app.state.service  # type: ignore[attr-defined]
    service.database.add(Job(job, "", "api", "a.wav", "faster", "tiny.en", {}))
    ticket = client.post(f"/api/jobs/{job}/ticket").json()
    assert ticket["path"] == f"/speech/api/shared/{ticket['token']}"
    assert client.get(ticket["path"]).status_code == 200
    share = client.post(f"/api/jobs/{job}/shares", json={}).json()
    assert share["url"] == f"http://localhost/speech/#/shared/{share['token']}"
