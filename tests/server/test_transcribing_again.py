"""A recording transcribed again: the old text stays until the new one is complete."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from support.samples import SAMPLES
from support.serving import Server, submit, until_ended


@pytest.fixture
def job(http: httpx.Client) -> str:
    """A finished job whose text was corrected."""
    id = submit(http, SAMPLES / "english.wav", word_timestamps="true")
    until_ended(http, id)
    edit(http, id, text=" Corrected.", speaker="Ada")
    return id


def segments(http: httpx.Client, job: str) -> list[dict[str, Any]]:
    answer = http.get(f"/api/jobs/{job}/transcript").raise_for_status()
    found: list[dict[str, Any]] = answer.json()["segments"]
    return found


def edit(http: httpx.Client, job: str, **changes: str) -> None:
    first = {**segments(http, job)[0], "words": [], **changes}
    edited = {name: first[name] for name in ("start", "end", "text", "speaker", "words")}
    change = {"at": 0, "remove": 1, "segments": [edited]}
    tag = {"If-Match": http.get(f"/api/jobs/{job}/transcript").headers["etag"]}
    http.patch(
        f"/api/jobs/{job}/transcript", json={"changes": [change]}, headers=tag
    ).raise_for_status()


def test_a_cancelled_retry_leaves_the_text(http: httpx.Client, job: str) -> None:
    http.post(f"/api/jobs/{job}/retry").raise_for_status()
    assert segments(http, job)[0]["text"] == " Corrected."
    http.post(f"/api/jobs/{job}/cancel").raise_for_status()
    assert until_ended(http, job)["state"] == "done"
    kinds = [
        revision["kind"] for revision in http.get(f"/api/jobs/{job}/revisions").json()["revisions"]
    ]
    assert "edited" in kinds and segments(http, job)


def test_a_failed_retry_leaves_the_text_and_warns(
    http: httpx.Client, service: Server, job: str
) -> None:
    (service.folder / "data" / "jobs" / job / "upload").unlink()
    http.post(f"/api/jobs/{job}/retry").raise_for_status()
    edit(http, job, text=" Corrected while it runs.")
    shown = until_ended(http, job)
    assert (shown["state"], shown["error"]) == ("done", None)
    assert shown["done"] == shown["duration"]
    assert "could not be transcribed again" in " ".join(
        http.get(f"/api/jobs/{job}").json()["warnings"]
    )
    assert segments(http, job)[0]["text"] == " Corrected while it runs."


def test_the_whole_recording_is_a_range_that_replaces_text_and_options(
    http: httpx.Client, job: str
) -> None:
    again = http.post(f"/api/jobs/{job}/ranges", json={"model": "base", "language": "en"})
    assert again.json()["range"] == [0.0, None]
    assert segments(http, job)[0]["text"] == " Corrected."
    done = until_ended(http, again.json()["id"])
    assert http.get(f"/api/jobs/{done['id']}").json()["applied"]
    shown = http.get(f"/api/jobs/{job}").json()
    assert (shown["model"], shown["options"]["language"]) == ("base", "en")
    first = segments(http, job)[0]
    assert first["text"].strip().startswith("Good morning") and first["speaker"] == "Ada"
