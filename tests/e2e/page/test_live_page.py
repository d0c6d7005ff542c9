"""Live captions in a real browser whose fake microphone plays a real clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import Tab, browser, microphone, needs_browser
from support.samples import SAMPLES, reference, words
from support.serving import Server
from support.wire import Wire

pytestmark = [pytest.mark.slow, *needs_browser]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser(*microphone(SAMPLES / "english.wav")) as launched:
        yield launched


@pytest.fixture
def context(chromium: Any) -> Iterator[Any]:
    """A new window of the browser that is allowed to listen."""
    context = chromium.new_context(
        permissions=["microphone", "clipboard-read", "clipboard-write"], locale="en-GB"
    )
    yield context
    context.close()


def test_somebody_speaks_reads_stops_and_takes_the_text_along(
    context: Any, server: Server, tmp_path: Path
) -> None:
    tab = Tab(context)
    page = tab.page
    page.goto(f"{server.url}/live")
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


FIREFOX = """
  window.AudioContext = class extends AudioContext {
    constructor(options) { super(options); this.asked = options?.sampleRate; }
    createMediaStreamSource(stream) {
      if (this.asked) throw new DOMException("a different sample-rate", "NotSupportedError");
      return super.createMediaStreamSource(stream);
    }
  };
"""
"""What Firefox does where a context shall resample a microphone (bugzilla 1674892)."""


def test_a_browser_that_does_not_resample_leaves_it_to_the_server(
    context: Any, server: Server
) -> None:
    tab = Tab(context)
    tab.page.add_init_script(FIREFOX)
    tab.page.goto(f"{server.url}/live")
    tab.page.get_by_role("button", name="Start").click()
    tab.page.get_by_text("the river").wait_for(timeout=90_000)
    tab.page.get_by_role("button", name="Stop").click()
    tab.page.get_by_text("Stopped.").wait_for(timeout=60_000)
    said = words(tab.page.locator("#captions").inner_text())
    wanted = words(reference("english"))
    assert len(set(wanted) & set(said)) >= 0.85 * len(set(wanted)), said
    assert tab.errors == []


def test_a_connection_that_is_cut_comes_back_and_nothing_is_missing(
    context: Any, server: Server
) -> None:
    wire = Wire(server.port)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{wire.port}/live")
    page.get_by_role("button", name="Start").click()
    page.locator("#captions").filter(has_text="morning").wait_for(timeout=60_000)
    wire.cut()
    page.get_by_text("Connecting again").wait_for(timeout=10_000)
    page.get_by_text("the river").wait_for(timeout=90_000)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped.").wait_for(timeout=60_000)
    said = words(page.locator("#captions").inner_text())
    wanted = words(reference("english"))
    assert len(set(wanted) & set(said)) >= 0.85 * len(set(wanted)), said
