"""Speakers: detected by the server, named by hand, and in exports.

The diarization pipeline has RANDOM weights (`random_diarization.py`), so these tests do not check
which speakers it assigns.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser
from support.page_scene import joined, submitted
from support.page_steps import saved
from support.samples import SAMPLES
from support.serving import Server, running, until_ended

pytestmark = [pytest.mark.slow, *needs_browser]


@pytest.fixture(scope="module")
def server(random_pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("speakers")
    with running(folder, diarize_model=random_pipeline) as server:
        yield server


def test_speakers_are_distinguished_on_request(tab: Tab, server: Server) -> None:
    page = tab.page
    page.goto(server.url)
    page.get_by_label("Speakers").select_option("2 speakers")
    page.set_input_files("input[type=file]", SAMPLES / "pause.wav")
    page.get_by_role("link", name="pause.wav").click(timeout=WAIT)
    page.locator(".segment.named .speaker").first.wait_for(timeout=WAIT)
    assert (page.locator(".speaker").first.text_content() or "").startswith("SPEAKER_0")
    with server.client() as http:
        (job,) = http.get("/api/jobs").json()["jobs"]
        options = http.get(f"/api/jobs/{job['id']}").json()["options"]
    requested = {name: options[name] for name in ("speakers", "min_speakers", "max_speakers")}
    assert requested == {"speakers": True, "min_speakers": 2, "max_speakers": 2}
    assert tab.errors == []


def test_speakers_are_named_renamed_and_exported(tab: Tab, server: Server, tmp_path: Path) -> None:
    page = tab.page
    with server.client() as http:
        job = submitted(http, joined(tmp_path / "walk.wav", 1))
        until_ended(http, job)
    page.goto(f"{server.url}/#/job/{job}")
    page.locator(".segment").first.wait_for(timeout=WAIT)
    count = page.locator(".segment").count()
    choose_speaker(page, 0, "New speaker …")
    enter_name(page, "Ada")
    choose_speaker(page, 1, "New speaker …")
    enter_name(page, "Bob")
    for index in range(2, count):
        choose_speaker(page, index, "Ada" if index % 2 else "Bob", role="menuitemradio")
    choose_speaker(page, count - 1, "No speaker", role="menuitemradio")
    choose_speaker(page, 0, "Rename Ada everywhere …")
    assert page.get_by_role("textbox", name="Name").input_value() == "Ada"
    enter_name(page, "Dr Ada Ng")
    saved(tab)
    expected = ["Dr Ada Ng", "Bob", *("Dr Ada Ng" if i % 2 else "Bob" for i in range(2, count))]
    with server.client() as http:
        segments = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    assert [segment.get("speaker") for segment in segments] == [*expected[:-1], None]
    # A name is shown where the speaker changes; screen readers get it for every text.
    assert page.locator(".segment.named .speaker").nth(1).text_content() == "Bob"
    assert page.get_by_role("textbox", name="Dr Ada Ng, text").count() >= 1
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download txt").click()
    download.value.save_as(tmp_path / "walk.txt")
    lines = (tmp_path / "walk.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("[Dr Ada Ng]: Good morning")
    assert lines[1].startswith("[Bob]: ") and lines[-1].startswith("[?]: ")
    assert tab.errors == []


def choose_speaker(page: Any, index: int, choice: str, role: Any = "menuitem") -> None:
    """Choose an entry of the speaker menu."""
    page.locator(".text").nth(index).focus()
    page.keyboard.press("Alt+w")
    page.get_by_role(role, name=choice).click()


def enter_name(page: Any, name: str) -> None:
    """Replace the name in the dialog."""
    page.keyboard.press("Control+a")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for(state="detached")
