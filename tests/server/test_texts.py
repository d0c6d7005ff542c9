"""Text that a database cannot store, in every place where a client can send it, on SQLite and on
PostgreSQL (which has no NUL). It is rejected in one line, or stored if possible."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from support import postgres
from support.samples import SAMPLES
from support.serving import Receiver, running, submit, until_ended

pytestmark = pytest.mark.slow

ENGLISH = SAMPLES / "english.wav"
HALF = "\ud800"
"""Lone surrogate: JSON can express it, UTF-8 cannot."""
POSTGRES = pytest.param(
    True,
    marks=[pytest.mark.slow, postgres.NEEDED],
)


@pytest.fixture(scope="module", params=[pytest.param(False, id="sqlite"), POSTGRES])
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    folder, receiver = tmp_path_factory.mktemp("texts"), Receiver()
    settings = {"rate_limit": "100000/minute", "allowed_webhooks_file": receiver.allow(folder)}
    if request.param:
        with (
            postgres.postgres(folder) as database,
            running(folder, database_url=database.url, **settings) as server,
            server.client() as http,
        ):
            yield http
    else:
        with running(folder, **settings) as server, server.client() as http:
            yield http
    receiver.close()


@pytest.fixture(scope="module")
def job(client: httpx.Client) -> str:
    id = submit(client, ENGLISH)
    assert until_ended(client, id)["state"] == "done"
    return id


def refused(answer: httpx.Response) -> str:
    """Return the text of an answer that rejects the request in one line."""
    assert 400 <= answer.status_code < 500, (answer.request.url, answer.status_code, answer.text)
    assert answer.text.count("\n") == 0
    return answer.text


def test_odd_parameters_never_cause_a_server_error(client: httpx.Client, job: str) -> None:
    """Every route of the document, with a NUL in each of its parameters in turn."""
    document = client.get("/openapi.json").json()
    known = {"job_id": job, "number": "1", "share_id": "x", "upload_id": "x", "token": "x"}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path == "/v1/models/{model}" or "/events" in path or method == "delete":
                continue
            parameters = operation.get("parameters", [])
            for odd in ("\0", "a\0.b", "\ufffe", "9" * 25):
                for name in [p["name"] for p in parameters if p["in"] == "path"]:
                    values = {**known, name: quote(odd, safe="")}
                    answer = client.request(method, path.format(**values))
                    assert answer.status_code < 500, (method, path, name, answer.text)
                for name in [p["name"] for p in parameters if p["in"] == "query"]:
                    answer = client.request(method, path.format(**known), params={name: odd})
                    assert answer.status_code < 500, (method, path, name, answer.text)


def test_malformed_ids_are_404(client: httpx.Client, job: str) -> None:
    for path in ("/api/jobs/%00", "/api/jobs/%00/events", "/v1/jobs/%00", "/v1/download/%00",
                 "/api/uploads/%00", "/api/jobs/..%2f..%2fetc%2fpasswd",
                 f"/api/jobs/{job}%00", f"/api/jobs/{job}/revisions/{2**31}?format=txt",
                 f"/api/jobs/{job}/revisions/{10**30}"):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 404, (path, answer.text)
        refused(answer)
    for path in ("/api/jobs/%00", f"/api/jobs/{job}/shares/%00", "/api/uploads/%00"):
        assert client.delete(path).status_code == 404
    assert client.get("/api/jobs?parent=%00").json() == {"jobs": [], "total": 0}
    assert client.get("/api/jobs?before=1e400").status_code < 500


def test_odd_text_in_edits_and_jobs(client: httpx.Client, job: str) -> None:
    path, always = (
        f"/api/jobs/{job}/transcript",
        {"If-Match": "*", "Content-Type": "application/json"},
    )

    def put(**edited: Any) -> httpx.Response:
        segment = {"start": 0, "end": 1, "text": " Hm.", **edited.pop("segment", {})}
        body = json.dumps({"segments": [segment], **edited})
        return client.put(path, content=body, headers=always)

    assert "body.author: contains a character that cannot be stored (U+0000)" in refused(
        put(author="A\0da")
    )
    assert "author" in refused(put(author=HALF))
    assert "text" in refused(put(segment={"text": HALF}))
    assert put(segment={"text": " N\0UL", "speaker": "\0"}).status_code == 204
    assert client.get(path).json()["segments"][0]["text"] == " N\0UL"
    assert put(author="Ada \U0001f600").status_code == 204
    share = client.post(f"/api/jobs/{job}/shares", json={"name": "for\0 Ada"})
    assert share.status_code == 201 and share.json()["name"] == "for Ada"
    odd = submit(client, ENGLISH, filename="a\0b\ud7ff.wav", initial_prompt="\0", hotwords="\0")
    assert client.get(f"/api/jobs/{odd}").json()["filename"].startswith("ab")
    assert until_ended(client, odd)["state"] == "done"


def test_odd_text_of_a_waas_client(client: httpx.Client) -> None:
    sound = ENGLISH.read_bytes()
    for email in ("a%00@b.c", "nobody", "a@b.c%0d%0aBcc:%20d@e.f,g@h.i", "%3Ca@b.c%3E"):
        answer = client.post(f"/v1/transcribe?email_callback={email}", content=sound)
        assert refused(answer) == "email_callback is not an e-mail address"
    assert client.post("/v1/transcribe?webhook_id=%00", content=sound).status_code == 405
    named = client.post("/v1/transcribe?webhook_id=desk&filename=%2500%00%250d", content=sound)
    job = named.json()["job_id"]
    shown = client.get(f"/v1/jobs/{job}").json()
    assert shown["meta"]["uploaded_filename"] == "untitled-transcription"
    assert until_ended(client, job)["state"] == "done"
