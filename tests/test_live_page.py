"""Live captions in a real browser whose fake microphone plays a real clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from browsing import Tab, browser, microphone, needs_browser
from conftest import SAMPLES, reference, words
from serving import running

pytestmark = [pytest.mark.slow, *needs_browser]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("page")) as server:
        yield f"{server.url}/live"


def test_somebody_speaks_reads_stops_and_takes_the_text_along(url: str, tmp_path: Path) -> None:
    with browser(*microphone(SAMPLES / "english.wav")) as chromium:
        context = chromium.new_context(
            permissions=["microphone", "clipboard-read", "clipboard-write"], locale="en-GB"
        )
        tab = Tab(context)
        page = tab.page
        page.goto(url)
        page.get_by_role("button", name="Start").click()
        page.locator("#captions .open").filter(has_text="morning").wait_for(timeout=60_000)
        page.get_by_text("the river").wait_for(timeout=90_000)
        page.get_by_role("button", name="Big text").click()
        assert page.locator("body.big").count() == 1
        page.keyboard.press("Escape")
        assert page.locator("body.big").count() == 0
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Stopped.").wait_for(timeout=60_000)
        page.get_by_role("button", name="Copy").click()
        copied = page.evaluate("navigator.clipboard.readText()")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        download.value.save_as(tmp_path / "captions.txt")
        # Looking elsewhere loses nothing; clearing does.
        page.get_by_role("link", name="Recordings").click()
        page.get_by_role("button", name="Choose files").wait_for()
        page.get_by_role("link", name="Live captions").click()
        page.get_by_text("the river").wait_for()
        page.get_by_role("button", name="Clear").click()
        assert not page.get_by_text("the river").count()
        assert tab.errors == []
    assert words((tmp_path / "captions.txt").read_text()) == words(copied)
    # The browser's own echo and noise processing is in between: nearly word for word.
    said, wanted = words(copied), words(reference("english"))
    assert len(set(wanted) & set(said)) >= 0.85 * len(set(wanted)), copied
