"""Parts of the API that the web page uses, on a real server with real weights."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tusclient.client import TusClient

from support.samples import SAMPLES, reference, words
from support.serving import Server, running, until_ended

ENGLISH = SAMPLES / "english.wav"
PAUSE = SAMPLES / "pause.wav"
OFFSET = {"Content-Type": "application/offset+octet-stream"}


def submit(http: httpx.Client, path: Path = PAUSE, **fields: str) -> str:
    with path.open("rb") as file:
        answer = http.post("/api/jobs", files={"file": (path.name, file)}, data=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def fields(**values: str) -> dict[str, Any]:
    return {"files": {name: (None, value) for name, value in values.items()}}


# the page and its files


def test_the_page_is_served_with_a_strict_policy_and_revalidated(http: httpx.Client) -> None:
    for path in ("/", "/static/index.html", "/static/live/capture.js"):
        answer = http.get(path)
        assert answer.status_code == 200, path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'" in policy and "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-cache"
        again = http.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304 and not again.content
    assert http.get("/live").headers["location"] == "./#/live"
    assert http.get("/").headers["content-type"].startswith("text/html")
    script = http.head("/static/live/capture.js")
    assert script.headers["content-type"].startswith("text/javascript")
    packed = http.get("/static/api.js", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip" and "export function" in packed.text
    for path in ("/static/nothing.js", "/static/../page.py", "/static/..%2fpage.py"):
        assert http.get(path).status_code == 404


# resumable uploads


def test_a_tus_client_uploads_and_its_upload_becomes_a_job(
    http: httpx.Client, service: Server
) -> None:
    client = TusClient(f"{service.url}/api/uploads")
    with ENGLISH.open("rb") as file:
        uploader = client.uploader(
            file_stream=file, chunk_size=100_000, metadata={"filename": "café 1.wav"}
        )
        uploader.upload()
    id = str(uploader.url).rsplit("/", 1)[1]
    shown = http.get(f"/api/uploads/{id}").json()
    assert shown["offset"] == shown["size"] == ENGLISH.stat().st_size
    made = http.post("/api/jobs", **fields(upload=id))
    assert made.status_code == 201 and made.json()["filename"] == "café 1.wav"
    job = made.json()["id"]
    assert until_ended(http, job)["state"] == "done"
    text = http.get(f"/api/jobs/{job}/transcript?format=txt").text
    assert words(text) == words(reference("english"))
    assert http.get(f"/api/uploads/{id}").status_code == 404


@pytest.mark.slow
def test_an_upload_resumes_after_the_server_was_killed(tmp_path: Path) -> None:
    data = ENGLISH.read_bytes()
    with running(tmp_path) as server, server.client() as http:
        made = http.post("/api/uploads", headers={"Upload-Length": str(len(data))})
        place = made.headers["location"]
        half = len(data) // 2

        def dying() -> Iterator[bytes]:
            yield data[:half]
            time.sleep(1.0)
            server.kill()
            yield data[half:]

        with pytest.raises(httpx.TransportError):
            http.patch(place, content=dying(), headers={**OFFSET, "Upload-Offset": "0"})
        server.start(wait=False)
        server.wait(180)
        offset = int(http.head(place).headers["upload-offset"])
        assert 0 <= offset <= half
        headers = {**OFFSET, "Upload-Offset": str(offset)}
        rest = http.patch(place, content=data[offset:], headers=headers)
        assert rest.headers["upload-offset"] == str(len(data))
        job = http.post("/api/jobs", **fields(upload=place.rsplit("/", 1)[1])).json()["id"]
        stored = server.folder / "data" / "jobs" / job / "upload"
        assert stored.read_bytes() == data


def test_bytes_received_before_a_lost_connection_are_stored(http: httpx.Client) -> None:
    data = bytes(range(256)) * 4000
    place = http.post("/api/uploads", headers={"Upload-Length": str(len(data))}).headers["location"]
    stalled = threading.Event()

    def slow() -> Iterator[bytes]:
        yield data[:300_000]
        stalled.wait(30)

    def send() -> None:
        with httpx.Client(base_url=http.base_url, timeout=60) as other:
            other.patch(place, content=slow(), headers={**OFFSET, "Upload-Offset": "0"})

    first = threading.Thread(target=send)
    first.start()
    time.sleep(1.0)
    # The first connection is still open but sends nothing: the second one takes over.
    taken = http.patch(place, content=b"", headers={**OFFSET, "Upload-Offset": "0"})
    assert taken.status_code == 409 and taken.json()["error"]["code"] == "wrong_offset"
    offset = int(taken.headers["upload-offset"])
    assert offset == 300_000
    stalled.set()
    first.join()
    headers = {**OFFSET, "Upload-Offset": str(offset)}
    assert http.patch(place, content=data[offset:], headers=headers).status_code == 204
    assert http.head(place).headers["upload-offset"] == str(len(data))
    assert http.delete(place).status_code == 204 and http.head(place).status_code == 404


def test_malformed_uploads_are_rejected(http: httpx.Client) -> None:
    def create(**headers: str) -> httpx.Response:
        return http.post("/api/uploads", headers=headers)

    assert create(**{"Upload-Length": "8000001"}).status_code == 413
    assert create(**{"Upload-Length": "0"}).status_code == 400
    assert create(**{"Upload-Length": "many"}).status_code == 400
    assert create().status_code == 400
    wrong = create(**{"Upload-Length": "10", "Upload-Metadata": "filename ???"})
    assert "base64" in wrong.json()["error"]["message"]
    old = create(**{"Upload-Length": "10", "Tus-Resumable": "0.2.0"})
    assert old.status_code == 412 and old.headers["tus-version"] == "1.0.0"
    assert http.options("/api/uploads").headers["tus-max-size"] == "8000000"

    place = create(**{"Upload-Length": "10"}).headers["location"]
    id = place.rsplit("/", 1)[1]
    early = http.post("/api/jobs", **fields(upload=id))
    assert early.status_code == 409 and early.json()["error"]["code"] == "upload_incomplete"
    assert http.post("/api/jobs", **fields(upload="none")).status_code == 404
    assert http.post("/api/jobs", **fields(upload=id, url="http://x/")).status_code == 400
    assert http.patch(place, content=b"x", headers={"Upload-Offset": "0"}).status_code == 415
    much = http.patch(place, content=bytes(11), headers={**OFFSET, "Upload-Offset": "0"})
    assert much.status_code == 413 and much.headers["tus-resumable"] == "1.0.0"
    assert http.head(place).headers["upload-offset"] == "10"
    assert id in [upload["id"] for upload in http.get("/api/uploads").json()["uploads"]]
    http.delete(place)


# events


def test_the_list_of_jobs_is_live(http: httpx.Client) -> None:
    seen: list[tuple[str, Any]] = []
    kind, job = "", ""
    with http.stream("GET", "/api/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("event: "):
                kind = line[7:]
            if not line.startswith("data: "):
                continue
            body = json.loads(line[6:])
            seen.append((kind, body))
            if kind == "jobs":
                job = submit(http, ENGLISH)
            elif kind == "job" and body["id"] == job and body["state"] == "done":
                http.delete(f"/api/jobs/{job}")
            elif kind == "deleted" and body["id"] == job:
                break
    assert seen[0][0] == "jobs" and isinstance(seen[0][1]["jobs"], list)
    states = [body["state"] for kind, body in seen if kind == "job" and body["id"] == job]
    assert states[-1] == "done"
