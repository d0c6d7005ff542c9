"""Text rules of jobs and downloads, and house rules over HTTP. A real server with real weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.samples import SAMPLES
from support.serving import running, until_ended
from unispeech.text import formats
from unispeech.text.layout.presets import PRESETS
from unispeech.text.rules import TEXT_RULES

RULES = {"replacements": "bread => BREAD\nre: \\bfor waiting => \\g<0>!", "numerals": "words"}


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("rules")
    with running(folder, jobs_at_once=1) as server, server.client() as client:
        yield client


def posted(http: httpx.Client, **fields: str) -> httpx.Response:
    path = SAMPLES / "pause.wav"
    with path.open("rb") as file:
        return http.post("/api/jobs", files={"file": (path.name, file)}, data=fields)


@pytest.fixture(scope="module")
def job(http: httpx.Client) -> dict[str, Any]:
    made = posted(http, word_timestamps="true", **RULES).raise_for_status().json()
    ended = until_ended(http, made["id"])
    assert ended["state"] == "done"
    return ended


def test_a_job_changes_the_text_and_records_the_original(
    http: httpx.Client, job: dict[str, Any]
) -> None:
    assert job["options"]["replacements"] == RULES["replacements"]
    content = http.get(f"/api/jobs/{job['id']}/transcript").content
    transcript = formats.parse(content, "json", "x")
    assert "BREAD" in transcript.text and "for waiting!" in transcript.text
    assert "BREAD" not in transcript.original.text and "bread" in transcript.original_text
    events = http.get(f"/api/jobs/{job['id']}/events").text
    assert "BREAD" in events and "bread" not in events


def test_an_edit_on_the_page_keeps_the_original(http: httpx.Client, job: dict[str, Any]) -> None:
    place = f"/api/jobs/{job['id']}/transcript"
    shown = http.get(place)
    segment = shown.json()["segments"][-1] | {"text": " Something else."}
    change = {"at": len(shown.json()["segments"]) - 1, "remove": 1, "segments": [segment]}
    edited = http.patch(
        place, json={"changes": [change]}, headers={"If-Match": shown.headers["etag"]}
    )
    assert edited.status_code == 204
    transcript = formats.parse(http.get(place).content, "json", "x")
    assert transcript.segments[-1].text == " Something else."
    assert "bread" in transcript.original.segments[-1].text
    assert "bread" in transcript.original_text


def test_a_download_has_rules_of_its_own(http: httpx.Client, job: dict[str, Any]) -> None:
    place = f"/api/jobs/{job['id']}/transcript"
    text = http.get(place, params={"format": "txt", "replacements": "door => gate"}).text
    assert "gate" in text and "door" not in text
    assert "door" in http.get(place, params={"format": "txt"}).text


def test_share_links_take_no_regular_expressions(http: httpx.Client, job: dict[str, Any]) -> None:
    share = http.post(f"/api/jobs/{job['id']}/shares", json={}).raise_for_status().json()
    place = f"/api/shared/{share['token']}/transcript"
    refused = http.get(place, params={"replacements": "re: (a+)+$ => b"})
    assert refused.status_code == 403 and refused.json()["error"]["param"] == "replacements"
    fine = http.get(place, params={"format": "srt", "preset": "bbc", "remove_fillers": "true"})
    assert fine.status_code == 200


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"replacements": "no arrow"}, "replacements"),
        ({"numerals": "roman"}, "numerals"),
        ({"numerals": "digits", "language": "ja"}, "numerals"),
        ({"fillers": " , "}, "fillers"),
    ],
)
def test_bad_rules_are_refused_with_their_field(
    http: httpx.Client, job: dict[str, Any], fields: dict[str, str], param: str
) -> None:
    answer = posted(http, **fields)
    assert answer.status_code == 400 and answer.json()["error"]["param"] == param
    if "language" not in fields:
        answer = http.get(f"/api/jobs/{job['id']}/transcript", params=fields)
        assert answer.status_code == 400 and answer.json()["error"]["param"] == param


def test_the_server_describes_rules_and_house_rules(http: httpx.Client) -> None:
    info = http.get("/api/info").raise_for_status().json()
    options = {option["name"]: option for option in info["options"]}
    assert {row.name for row in TEXT_RULES} <= set(options)
    assert options["numerals"]["page"] and not options["fillers"]["page"]
    assert [preset["name"] for preset in info["layout"]["presets"]] == list(PRESETS)
    assert {"preset", "max_cps", "fps"} <= {row["name"] for row in info["layout"]["options"]}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_and_one_value_of_ones_own(
    http: httpx.Client, job: dict[str, Any], preset: str
) -> None:
    place = f"/api/jobs/{job['id']}/transcript"
    values = {"preset": preset, "max_line_width": "20"}
    shown = http.get(place, params={"format": "srt", **values}).raise_for_status().text
    lines = [line for line in shown.splitlines() if line and "-->" not in line]
    assert max(map(len, lines)) <= 20
    assert http.get(f"{place}/check", params=values).json()["cues"] == shown.count("-->")
