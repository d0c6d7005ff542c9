"""Transcribing a corrected recording again, in two windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser
from support.page_scene import joined, submitted
from support.page_steps import added, first, saved
from support.serving import Server, until_ended

pytestmark = [pytest.mark.slow, *needs_browser]


@pytest.fixture(scope="module")
def job(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    with server.client() as http:
        id = submitted(http, joined(tmp_path_factory.mktemp("again") / "walk.wav", 4))
        until_ended(http, id)
    return id


@pytest.fixture
def windows(chromium: Any, tab: Tab, server: Server, job: str) -> Iterator[tuple[Tab, Tab]]:
    """Two windows with the recording."""
    context = chromium.new_context(locale="en-GB")
    other = Tab(context)
    for window in (tab, other):
        window.page.goto(f"{server.url}/#/job/{job}")
        first(window).wait_for(timeout=WAIT)
    yield tab, other
    assert tab.errors == other.errors == []
    context.close()


def transcribe_again(page: Any, model: str) -> None:
    page.locator(".toolbar").get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Transcribe again").click()
    dialog = page.get_by_role("dialog", name="Transcribe the whole recording again")
    dialog.get_by_label("Model").select_option(model)
    assert dialog.get_by_label("Language").count() == 1
    dialog.get_by_role("button", name="Transcribe again").click()


def test_a_cancelled_run_leaves_the_corrected_text(windows: tuple[Tab, Tab]) -> None:
    mine, theirs = windows
    added(mine, " Corrected.")
    transcribe_again(mine.page, "base")
    theirs.page.locator(".rerun", has_text="Transcribing again with base").wait_for(timeout=WAIT)
    theirs.page.locator(".rerun").get_by_role("button", name="Cancel").click()
    for window in windows:
        window.page.locator(".rerun").wait_for(state="hidden", timeout=WAIT)
        assert str(first(window).text_content()).endswith("Corrected.")
    added(mine, " Still here.")
    mine.page.reload()
    mine.page.get_by_text("Still here.").wait_for(timeout=WAIT)


def test_the_new_text_replaces_the_old_one_in_every_window(
    windows: tuple[Tab, Tab], server: Server, job: str
) -> None:
    mine, theirs = windows
    added(mine, " Old.")
    theirs.page.get_by_text("Old.", exact=False).first.wait_for(timeout=WAIT)
    transcribe_again(mine.page, "base")
    for window in windows:
        window.page.locator(".text", has_text="Old.").wait_for(state="detached", timeout=WAIT)
        assert str(first(window).text_content()).startswith("Good morning")
        saved(window)
    with server.client() as http:
        assert http.get(f"/api/jobs/{job}").json()["model"] == "base"
        kinds = [r["kind"] for r in http.get(f"/api/jobs/{job}/revisions").json()["revisions"]]
    assert kinds[:2] == ["decoded_again", "edited"]
