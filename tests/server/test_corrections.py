"""Edits of transcripts: conflicts, partial edits, revisions. A real server with real weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.page_scene import joined, submitted
from support.samples import SAMPLES
from support.serving import running, until_ended
from unispeech import Segment, TextRules, Transcript
from unispeech.server.jobs import corrections
from unispeech.text import formats
from unispeech.text.formats import FORMATS


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("corrections")
    with running(folder, jobs_at_once=1) as server, server.client() as client:
        yield client


@pytest.fixture(scope="module")
def job(http: httpx.Client) -> str:
    id = submitted(http, SAMPLES / "pause.wav")
    assert until_ended(http, id)["state"] == "done"
    return id


def put(
    http: httpx.Client, job: str, segments: list[dict[str, Any]], tag: str, **more: Any
) -> httpx.Response:
    body = {"segments": segments, **more}
    return http.put(f"/api/jobs/{job}/transcript", json=body, headers={"If-Match": tag})


def test_a_new_name_is_in_the_next_download_and_no_conflict(http: httpx.Client, job: str) -> None:
    path = f"/api/jobs/{job}/transcript"
    response = http.get(path)
    tag, name = response.headers["etag"], http.get(f"/api/jobs/{job}").json()["filename"]
    http.patch(f"/api/jobs/{job}", json={"filename": "Renamed.wav"}).raise_for_status()
    renamed = http.get(path, headers={"If-None-Match": tag})
    assert renamed.status_code == 200 and renamed.headers["etag"] != tag
    assert put(http, job, response.json()["segments"], tag).status_code == 204
    revision = http.get(f"/api/jobs/{job}").json()["revision"]
    assert put(http, job, response.json()["segments"], f'"{revision}"').status_code == 204
    http.patch(f"/api/jobs/{job}", json={"filename": name}).raise_for_status()


def test_concurrent_edits_do_not_overwrite_each_other(http: httpx.Client, job: str) -> None:
    path = f"/api/jobs/{job}/transcript"
    response = http.get(path)
    tag, before = response.headers["etag"], response.json()
    assert http.get(path, headers={"If-None-Match": tag}).status_code == 304
    segments = response.json()["segments"]
    words = segments[0]["words"]
    segments[0]["text"] = segments[0]["text"].replace("Please", "Pleased and very")
    segments[0]["speaker"] = "Ada"
    mine = put(http, job, segments, tag, author="Grace")
    assert mine.status_code == 204
    theirs = put(http, job, [], tag)
    assert theirs.status_code == 412 and theirs.json()["error"]["code"] == "revision_mismatch"
    assert theirs.headers["etag"] == mine.headers["etag"] != tag
    assert http.put(path, json={"segments": []}).status_code == 428
    assert http.get(f"/api/jobs/{job}").json()["revision"] == int(
        json.loads(mine.headers["etag"]).partition("-")[0]
    )

    first = http.get(path).json()["segments"][0]
    assert [word["word"] for word in first["words"][:3]] == [" Pleased", " and", " very"]
    assert first["words"][3:] == words[1:]
    assert words[0]["start"] <= first["words"][1]["start"] <= words[1]["start"]
    assert first["avg_logprob"] == before["segments"][0]["avg_logprob"]
    assert http.get(f"{path}?format=txt").text.startswith("[Ada]: Pleased and very")

    history = http.get(f"/api/jobs/{job}/revisions").json()["revisions"]
    assert history[0]["author"] == "Grace" and history[0]["kind"] == "edited"
    decoded = history[-1]["number"]
    assert history[-1]["kind"] == "decoded"
    old = http.get(f"/api/jobs/{job}/revisions/{decoded}?format=txt").text
    assert old.startswith("Please")
    back = f"/api/jobs/{job}/revisions/{decoded}/restore"
    assert http.post(back).status_code == 428
    assert http.post(back, headers={"If-Match": tag}).status_code == 412
    restored = http.post(back, headers={"If-Match": mine.headers["etag"]})
    assert restored.status_code == 204 and http.get(path).json() == before
    newest = http.get(f"/api/jobs/{job}/revisions").json()["revisions"][0]
    assert (newest["kind"], newest["from"]) == ("restored", str(decoded))
    assert http.get(f"/api/jobs/{job}/revisions/999").status_code == 404


def test_a_patch_replaces_segments_by_position(http: httpx.Client, job: str) -> None:
    """Positions are those of a revision; a patch of an old revision is rejected."""
    path = f"/api/jobs/{job}/transcript"
    response = http.get(path)
    tag, before = response.headers["etag"], response.json()["segments"]

    def patch(changes: list[dict[str, Any]], tag: str = tag, **more: Any) -> httpx.Response:
        return http.patch(path, json={"changes": changes, **more}, headers={"If-Match": tag})

    assert len(before) > 2
    last = before[-1]
    halves = [
        {"start": last["start"], "end": last["start"] + 1, "text": " First half"},
        {"start": last["start"] + 1, "end": last["end"], "text": " and second.", "words": []},
    ]
    prefixed = {**before[0], "text": f" Well: {before[0]['text'].strip()}"}
    changes = [
        {"at": 0, "remove": 1, "segments": [prefixed]},
        {"at": len(before) - 1, "remove": 1, "segments": halves},
    ]
    made = patch(changes, author="Grace")
    assert made.status_code == 204 and made.headers["etag"] != tag
    after = http.get(path).json()["segments"]
    assert after[0]["text"].startswith(" Well: ") and after[0]["words"][1:] == before[0]["words"]
    assert after[1:-2] == before[1:-1]
    assert [segment["text"] for segment in after[-2:]] == [" First half", " and second."]
    assert [segment["id"] for segment in after] == list(range(len(before) + 1))
    newest = http.get(f"/api/jobs/{job}/revisions").json()["revisions"][0]
    assert (newest["kind"], newest["author"]) == ("edited", "Grace")

    tag = made.headers["etag"]
    assert patch(changes).status_code == 412  # no longer the newest revision
    for wrong in (
        [{"at": len(after), "remove": 1}],
        [{"at": 1, "remove": 1}, {"at": 0, "remove": 1}],
        [{"at": 0, "segments": [{"start": 2, "end": 1, "text": "x"}]}],
    ):
        refused = patch(wrong, tag)
        assert refused.status_code == 400, refused.text
    assert patch([], "*").json()["error"]["code"] == "if_match_required"
    assert http.patch(path, json={"changes": []}).status_code == 428
    assert http.get(path).headers["etag"] == tag
    back = [{"at": 0, "remove": len(after), "segments": before}]
    assert patch(back, tag).status_code == 204
    assert http.get(path).json()["segments"] == before


def test_a_range_that_was_edited_meanwhile_is_not_overwritten(
    http: httpx.Client, job: str, tmp_path: Path
) -> None:
    path = f"/api/jobs/{job}"

    def decode_again(**more: Any) -> dict[str, Any]:
        answer = http.post(f"{path}/ranges", json={"start": 14, "end": 22, "beam_size": 1, **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def text() -> str:
        return str(http.get(f"{path}/transcript?format=txt").text)

    done = until_ended(http, decode_again()["id"])
    assert done["applies"] and done["applied"] == http.get(path).json()["revision"]
    newest = http.get(f"{path}/revisions").json()["revisions"][0]
    assert (newest["kind"], newest["from"]) == ("decoded_again", done["id"])

    unchanged = text()
    unapplied = decode_again(apply=False)
    ended = until_ended(http, unapplied["id"])
    assert (ended["applies"], ended["applied"]) == (False, None) and text() == unchanged
    result = http.get(f"/api/jobs/{unapplied['id']}/transcript?format=txt").text
    assert "bread" in result

    blocker = submitted(http, joined(tmp_path / "long.wav", 60))  # occupies the only worker
    blocked = decode_again()
    response = http.get(f"{path}/transcript")
    segments = [{**s, "text": " Mine.", "words": []} for s in response.json()["segments"]]
    put(http, job, segments, "*")
    http.delete(f"/api/jobs/{blocker}")
    assert until_ended(http, blocked["id"])["applied"] is None
    assert text().count("Mine.") == len(segments)
    applied = http.post(f"/api/jobs/{unapplied['id']}/apply").json()
    assert applied["applied"] == http.get(path).json()["revision"]
    assert "bread" in text() and "Mine." in text()
    assert http.post(f"{path}/apply").json()["error"]["code"] == "not_a_range"


def test_every_format_can_be_downloaded(http: httpx.Client, job: str) -> None:
    path = f"/api/jobs/{job}/transcript"
    for name, row in FORMATS.items():
        response = http.get(path, params={"format": name, "inline": True})
        if row.needs_speakers:
            assert response.status_code == 400
            assert "diarize" in response.json()["error"]["message"]
            continue
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].partition(";")[0] == row.media_type
        assert response.content
        laid_out = http.get(path, params={"format": name, "preset": "bbc"})
        assert laid_out.status_code == (200 if row.is_subtitle else 400)
    lines = http.get(path, params={"format": "txt", "times": True}).text.splitlines()
    assert all(line.startswith("[00:") for line in lines)
    refused = http.get(path, params={"format": "srt", "times": True})
    assert refused.status_code == 400 and "times" in refused.json()["error"]["message"]
    refused = http.get(path, params={"format": "jojo", "max_cps": 15})
    assert refused.status_code == 400 and refused.json()["error"]["param"] == "max_cps"


def test_a_format_without_speakers_says_so(http: httpx.Client, job: str) -> None:
    path = f"/api/jobs/{job}/transcript"
    response = http.get(path)
    segments = [{**segment, "speaker": "Ada"} for segment in response.json()["segments"]]
    assert put(http, job, segments, response.headers["etag"]).status_code == 204
    warned = http.get(path, params={"format": "tsv"})
    assert "speakers" in warned.headers["x-unispeech-warning"]
    assert "x-unispeech-warning" not in http.get(path, params={"format": "vtt"}).headers
    nameless = http.get(path, params={"format": "tsv", "speakers": False})
    assert "x-unispeech-warning" not in nameless.headers


def test_downloads_and_checks_follow_a_preset(http: httpx.Client, job: str) -> None:
    path = f"/api/jobs/{job}/transcript"
    karaoke = http.get(f"{path}?format=srt&preset=karaoke&max_line_width=20").text
    lines = [line for line in karaoke.splitlines() if line and "-->" not in line]
    assert max(map(len, lines)) <= 20
    checked = http.get(f"{path}/check?preset=karaoke&max_line_width=20").json()
    assert checked["cues"] == karaoke.count("-->")
    too_short = http.get(f"{path}/check?min_duration=60&preset=ebu&max_duration=60").json()
    assert {violation["rule"] for violation in too_short["violations"]} >= {"min_duration"}
    assert http.get(f"{path}?format=srt&preset=netflux").status_code == 400
    contradiction = http.get(f"{path}?format=srt&preset=netflix&max_duration=0.5")
    assert contradiction.status_code == 400 and "min_duration" in contradiction.text


def test_unknown_parameters_of_a_download_are_refused(http: httpx.Client, job: str) -> None:
    refused = http.get(f"/api/jobs/{job}/transcript?format=srt&max_line_widht=20")
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert error["param"] == "max_line_widht" and "max_line_width" in error["message"]


def test_repeated_parameters_of_a_download_are_refused(http: httpx.Client, job: str) -> None:
    refused = http.get(f"/api/jobs/{job}/transcript?format=srt&format=vtt")
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert error["param"] == "format" and "occurs twice" in error["message"]


def ruled() -> Transcript:
    """Three segments, of which a rule changes the first and removes the second."""
    texts = (" Um, colours", " Uh.", " stay")
    segments = tuple(Segment(n, n, n + 1.0, text) for n, text in enumerate(texts))
    whole = Transcript("Um, colours Uh. stay", "en", 3, segments, "faster", "base")
    rules = TextRules(remove_fillers=True, replacements="colours => colors")
    return whole.edited(rules)


def test_the_original_survives_edits_of_the_text() -> None:
    old = ruled()
    first, last = old.segments
    edited = corrections.correct(old, [replace(first, text=" Colors!"), last])
    assert edited.text == "Colors! stay"
    assert edited.original_text == "Um, colours Uh. stay"
    assert [s.text for s in edited.original.segments] == [" Um, colours", " Uh.", " stay"]
    again = formats.parse(edited.to("json").encode(), "json", "x")
    assert again.original.segments == edited.original.segments


def test_segments_that_are_cut_keep_the_original_text() -> None:
    old = ruled()
    cut = [replace(old.segments[0], end=0.5, text=" Col"), old.segments[1]]
    edited = corrections.correct(old, cut)
    assert edited.original_text == "Um, colours Uh. stay"
    assert [edit.original.text for edit in edited.edits] == [" Uh."]
    assert formats.parse(edited.to("json").encode(), "json", "x").original_text


def test_a_range_decoded_again_brings_its_own_record() -> None:
    old = ruled()
    segment = Segment(0, 2.0, 3.0, " uh, colours")
    part = Transcript("uh, colours", "en", 3, (segment,), "faster", "base")
    merged = corrections.merge(old, part.edited(TextRules(remove_fillers=True)), 2.0, 3.0)
    assert [s.text for s in merged.original.segments] == [" Um, colours", " Uh.", " uh, colours"]
    assert merged.original_text == "Um, colours Uh. uh, colours"
