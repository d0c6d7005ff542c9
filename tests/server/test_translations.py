"""The English translation of a recording, beside its transcript."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
import httpx
import pytest

from support.samples import SAMPLES, words
from support.serving import submit, until_ended
from unispeech.text.formats import parse


def asked(http: httpx.Client, job: str, **engine: str) -> dict[str, Any]:
    answer = http.post(f"/api/jobs/{job}/translation", json=engine or None)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def translation(http: httpx.Client, job: str) -> dict[str, Any]:
    shown: dict[str, Any] = http.get(f"/api/jobs/{job}/translation").raise_for_status().json()
    return shown


def translated(http: httpx.Client, job: str, **engine: str) -> dict[str, Any]:
    """Ask for a translation and return it when it is done."""
    shown = asked(http, job, **engine)
    ended = until_ended(http, shown["job"]["id"])
    assert ended["state"] == "done", ended
    return translation(http, job)


@pytest.fixture(scope="module")
def german(http: httpx.Client) -> Iterator[str]:
    """A finished job of a German recording, with word times and named speakers."""
    id = submit(http, SAMPLES / "german.wav", model="base", word_timestamps="true")
    until_ended(http, id)
    edit(http, id, [{**segment(http, id), "speaker": "Ada"}])
    translated(http, id)
    yield id
    http.delete(f"/api/jobs/{id}")


def transcript(http: httpx.Client, job: str, **query: str) -> httpx.Response:
    return http.get(f"/api/jobs/{job}/transcript", params=query)


def segment(http: httpx.Client, job: str, at: int = 0) -> dict[str, Any]:
    found = transcript(http, job).json()["segments"][at]
    return {name: found.get(name) for name in ("start", "end", "text", "speaker")}


def edit(http: httpx.Client, job: str, segments: list[dict[str, Any]], remove: int = 1) -> None:
    """Replace the first segments."""
    tag = transcript(http, job).headers["etag"]
    change = {"at": 0, "remove": remove, "segments": segments}
    http.patch(
        f"/api/jobs/{job}/transcript", json={"changes": [change]}, headers={"If-Match": tag}
    ).raise_for_status()


def test_the_translation_stands_beside_the_text(http: httpx.Client, german: str) -> None:
    before = transcript(http, german)
    shown = translation(http, german)
    assert shown["job"]["state"] == "done" and shown["source"] == shown["job"]["id"]
    assert (shown["job"]["parent"], shown["job"]["applies"]) == (german, False)
    assert (shown["job"]["model"], shown["job"]["options"]["task"]) == ("base", "translate")
    assert shown["job"]["options"]["language"] == "de"
    assert (shown["language"], shown["revision"]) == ("en", before.json().get("revision", 2))
    english = words(" ".join(row["text"] for row in shown["segments"]))
    assert {"the", "and"} <= set(english) and "und" not in english
    count = len(before.json()["segments"])
    assert all(row["segment"] in range(count) for row in shown["segments"])
    assert "morgen" in words(before.json()["text"]) or "guten" in words(before.json()["text"])
    assert http.get(f"/api/jobs/{german}").json()["translation"] == "done"
    listed = http.get("/api/jobs", params={"ranges": "false", "limit": 500}).json()["jobs"]
    assert shown["job"]["id"] not in [job["id"] for job in listed]


def test_places_follow_later_edits(http: httpx.Client, german: str) -> None:
    rows = translation(http, german)["segments"]
    old = segment(http, german)
    assert rows[0]["segment"] == 0
    middle = (rows[0]["start"] + rows[0]["end"]) / 2
    split = middle - 0.01
    parts = [{**old, "end": split, "text": " Erst."}, {**old, "start": split, "text": " Dann."}]
    edit(http, german, parts)
    assert translation(http, german)["segments"][0]["segment"] == 1
    edit(http, german, [old], remove=2)
    assert translation(http, german)["segments"][0]["segment"] == 0


def test_exports_have_both_texts_side_by_side(http: httpx.Client, german: str) -> None:
    segments = transcript(http, german).json()["segments"]
    rows = translation(http, german)["segments"]
    beside = [
        " ".join(row["text"].strip() for row in rows if row["segment"] == place)
        for place in range(len(segments))
    ]
    table = transcript(http, german, format="csv", translation="1")
    assert [row["translation"] for row in csv.DictReader(io.StringIO(table.text))] == beside
    blocks = transcript(http, german, format="txt", translation="true").text.split("\n\n")
    assert blocks[0].splitlines() == [f"[Ada]: {segments[0]['text'].strip()}", beside[0]]
    document = docx.Document(
        io.BytesIO(transcript(http, german, format="docx", translation="1").content)
    )
    cells = [row.cells[1].text for table in document.tables for row in table.rows]
    assert cells == beside
    page = transcript(http, german, format="html", translation="1").text
    assert page.count('lang="en"') == page.count('class="pair"') > 0
    refused = transcript(http, german, format="srt", translation="1")
    assert refused.status_code == 400 and refused.json()["error"]["param"] == "translation"
    assert "txt, docx, html, csv" in refused.json()["error"]["message"]
    assert transcript(http, german, format="jojo", translation="1").status_code == 400


def test_the_translation_alone_is_a_transcript(http: httpx.Client, german: str) -> None:
    answer = transcript(http, german, format="srt", translation="only").raise_for_status()
    assert '.en.srt"' in answer.headers["content-disposition"]
    cues = parse(answer.content, "srt", "x").segments
    rows = translation(http, german)["segments"]
    assert words(" ".join(cue.text for cue in cues)) == words(" ".join(r["text"] for r in rows))
    assert {cue.speaker for cue in cues} == {"Ada"}
    shown = transcript(http, german, format="json", translation="only").json()
    assert shown["language"] == "en"


def test_a_new_translation_changes_the_tag_of_a_download(http: httpx.Client, german: str) -> None:
    plain = transcript(http, german).headers["etag"]
    both = transcript(http, german, format="csv", translation="1").headers["etag"]
    assert plain != both
    path, tag = f"/api/jobs/{german}/transcript?format=csv&translation=1", {"If-None-Match": both}
    assert http.get(path, headers=tag).status_code == 304
    before = translation(http, german)["source"]
    asked(http, german)
    again = http.post(f"/api/jobs/{german}/translation")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "translation_running")
    running = translation(http, german)
    assert running["source"] == before and running["segments"]
    until_ended(http, running["job"]["id"])
    assert http.get(path, headers=tag).status_code == 200
    asked(http, german)  # removes the first
    assert http.get(f"/api/jobs/{before}").status_code == 404
    until_ended(http, translation(http, german)["job"]["id"])


def test_a_corrected_translation_changes_the_tag_of_a_download(
    http: httpx.Client, german: str
) -> None:
    path = f"/api/jobs/{german}/transcript?format=csv&translation=1"
    tag = {"If-None-Match": http.get(path).headers["etag"]}
    plain = transcript(http, german).headers["etag"]
    source = translation(http, german)["source"]
    edit(http, source, [{**segment(http, source), "text": "Corrected by hand."}])
    changed = http.get(path, headers=tag)
    assert changed.status_code == 200 and "Corrected by hand." in changed.text
    assert transcript(http, german).headers["etag"] == plain


def test_a_share_link_and_an_archive_have_it_too(http: httpx.Client, german: str) -> None:
    token = http.post(f"/api/jobs/{german}/shares", json={}).json()["token"]
    path = f"/api/shared/{token}/transcript?format=csv&translation=1"
    assert "translation" in http.get(path).raise_for_status().text
    about = http.get(f"/api/shared/{token}").json()
    assert about["translation"].startswith(translation(http, german)["source"])
    pack = http.post(
        "/api/jobs/export?format=vtt&translation=only", json={"ids": [german]}
    ).raise_for_status()
    with zipfile.ZipFile(io.BytesIO(pack.content)) as archive:
        assert archive.namelist() == ["german.en.vtt"]


@pytest.mark.parametrize("model", ["tiny.en", "large-v3-turbo", "distil-large-v3"])
def test_models_that_cannot_translate_are_refused_by_name(
    http: httpx.Client, german: str, model: str
) -> None:
    refused = http.post(f"/api/jobs/{german}/translation", json={"model": model})
    assert refused.status_code == 400, refused.text
    assert "translate" in refused.json()["error"]["message"]
    assert model in refused.json()["error"]["message"]


def test_another_model_translates_if_that_of_the_job_cannot(http: httpx.Client) -> None:
    id = submit(http, SAMPLES / "german.wav", model="tiny.en", vad="false")
    until_ended(http, id)
    missing = transcript(http, id, format="csv", translation="1")
    assert (missing.status_code, missing.json()["error"]["code"]) == (409, "no_translation")
    assert http.get(f"/api/jobs/{id}/translation").json()["error"]["code"] == "no_translation"
    assert http.get(f"/api/jobs/{id}").json()["translation"] is None
    shown = translated(http, id)
    assert shown["job"]["model"] == "base"
    assert "language" not in shown["job"]["options"]
    assert shown["job"]["options"]["vad"] is False, "what chooses the sound is inherited"
    assert http.delete(f"/api/jobs/{id}/translation").status_code == 204
    assert http.get(f"/api/jobs/{shown['source']}").status_code == 404
    assert http.delete(f"/api/jobs/{id}/translation").status_code == 404


def test_deleting_the_job_deletes_the_translation(http: httpx.Client) -> None:
    id = submit(http, SAMPLES / "german.wav", model="base")
    until_ended(http, id)
    translation_job = asked(http, id)["job"]["id"]
    http.delete(f"/api/jobs/{id}").raise_for_status()
    assert http.get(f"/api/jobs/{translation_job}").status_code == 404


def test_a_translation_is_not_translated_again(http: httpx.Client) -> None:
    id = submit(http, SAMPLES / "german.wav", model="base", task="translate")
    unfinished = http.post(f"/api/jobs/{id}/translation")
    assert (unfinished.status_code, unfinished.json()["error"]["code"]) == (409, "no_transcript")
    until_ended(http, id)
    refused = http.post(f"/api/jobs/{id}/translation")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "already_translated")
    http.delete(f"/api/jobs/{id}")
