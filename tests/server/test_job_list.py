"""The routes for all recordings of a caller."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from support.samples import SAMPLES
from support.serving import submit, until_ended

ENGLISH = SAMPLES / "english.wav"


@pytest.fixture(scope="module")
def job(http: httpx.Client) -> Iterator[str]:
    id = submit(http, ENGLISH, filename="Zyzzyva, a talk.wav")
    assert until_ended(http, id)["state"] == "done"
    yield id
    http.delete(f"/api/jobs/{id}")


def test_a_search_returns_the_place_and_its_text(http: httpx.Client, job: str) -> None:
    page = http.get("/api/jobs", params={"q": "zyzzyva garden", "ranges": "false"}).json()
    assert [found["id"] for found in page["jobs"]] == [job] and page["total"] == 1
    name, text = page["jobs"][0]["places"][:2]
    assert name["start"] is None and name["parts"][0] == {"text": "Zyzzyva", "match": True}
    assert text["start"] >= 0
    assert [part["text"] for part in text["parts"] if part["match"]][0].lower() == "garden"
    assert http.get("/api/jobs", params={"q": "zyzzyva quokka"}).json()["total"] == 0
    many = http.get("/api/jobs", params={"q": "garden " * 17})
    assert (many.status_code, many.json()["error"]["param"]) == (400, "q")
    assert http.get("/api/jobs", params={"limit": 1}).json()["jobs"][0]["places"] == []


def test_a_recording_is_renamed_and_tagged(http: httpx.Client, job: str) -> None:
    path = f"/api/jobs/{job}"
    changed = http.patch(path, json={"filename": "Dr. Zyzzyva on roses", "tags": [" Garden "]})
    assert (changed.json()["filename"], changed.json()["tags"]) == (
        "Dr. Zyzzyva on roses", ["Garden"],
    )  # fmt: skip
    assert http.patch(path, json={}).json()["tags"] == ["Garden"]
    assert {"tag": "Garden", "recordings": 1} in http.get("/api/tags").json()["tags"]
    assert [found["id"] for found in http.get("/api/jobs?tag=Garden").json()["jobs"]] == [job]
    saved = http.get(f"{path}/transcript?format=srt").headers["content-disposition"]
    assert 'filename="Dr__Zyzzyva_on_roses.srt"' in saved  # not cut at the first point
    for wrong in (
        {"filename": ""}, {"filename": "a/b"}, {"filename": None}, {"filename": "x" * 201},
        {"tags": [""]}, {"tags": ["a\nb"]}, {"tags": ["x"] * 21}, {"name": "x"},
    ):  # fmt: skip
        assert http.patch(path, json=wrong).status_code == 400, wrong
    assert http.patch("/api/jobs/none", json={}).status_code == 404


def test_a_name_that_is_the_whole_match_is_a_place(http: httpx.Client, job: str) -> None:
    http.patch(f"/api/jobs/{job}", json={"filename": "Zyzzyva"}).raise_for_status()
    found = http.get("/api/jobs", params={"q": "zyzzyva"}).json()["jobs"][0]
    assert found["places"] == [{"start": None, "parts": [{"text": "Zyzzyva", "match": True}]}]


def test_several_transcripts_are_downloaded_together(http: httpx.Client, job: str) -> None:
    other = submit(http, ENGLISH)
    until_ended(http, other)
    for id in (job, other):
        http.patch(f"/api/jobs/{id}", json={"filename": "Same.wav"}).raise_for_status()
    answer = http.post("/api/jobs/export?format=srt", json={"ids": [job, other, job]})
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as pack:
        assert pack.namelist() == ["Same.srt", "Same (2).srt"]
        assert b"-->" in pack.read("Same (2).srt")
    http.delete(f"/api/jobs/{other}")
    for wrong, status in (([job, other], 404), ([], 400), ([job] * 501, 400)):
        assert http.post("/api/jobs/export", json={"ids": wrong}).status_code == status
    assert http.post("/api/jobs/export?format=doc", json={"ids": [job]}).status_code == 400


def test_the_space_used_counts_recordings(http: httpx.Client, job: str) -> None:
    usage = http.get("/api/usage").json()
    assert usage["recordings"] >= 1 and usage["bytes"] >= ENGLISH.stat().st_size
    assert usage["limit"] is None
    shown = http.get(f"/api/jobs/{job}").json()
    assert shown["expires"] is None or shown["expires"] > shown["ended"]
