"""Live captions in a real browser whose fake microphone plays a real clip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import Tab, browser, microphone, needs_browser
from support.samples import SAMPLES, reference, words
from support.serving import Server
from support.wire import Wire

pytestmark = [pytest.mark.slow, pytest.mark.alone, *needs_browser]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser(*microphone(SAMPLES / "english.wav")) as launched:
        yield launched


@pytest.fixture
def context(chromium: Any) -> Iterator[Any]:
    """A new browser window with access to the microphone."""
    context = chromium.new_context(
        permissions=["microphone", "clipboard-read", "clipboard-write"], locale="en-GB"
    )
    yield context
    context.close()


def test_captions_are_shown_copied_downloaded_and_cleared(
    context: Any, server: Server, tmp_path: Path
) -> None:
    tab = Tab(context)
    page = tab.page
    page.goto(f"{server.url}/live")
    page.get_by_role("button", name="Start").click()
    hypothesis = page.locator("#captions .open").filter(has_text=re.compile(r"\w"))
    hypothesis.first.wait_for(timeout=60_000)
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
    # Switching views keeps the text; Clear removes it.
    page.get_by_role("link", name="Recordings").click()
    page.get_by_role("button", name="Choose files").wait_for()
    page.get_by_role("link", name="Live captions").click()
    page.get_by_text("the river").wait_for()
    page.get_by_role("button", name="Clear").click()
    assert not page.get_by_text("the river").count()
    assert tab.errors == []
    assert words((tmp_path / "captions.txt").read_text()) == words(copied)
    # The browser's echo and noise processing changes a few words.
    shown, expected = words(copied), words(reference("english"))
    assert len(set(expected) & set(shown)) >= 0.85 * len(set(expected)), copied


FIREFOX = """
  window.AudioContext = class extends AudioContext {
    constructor(options) { super(options); this.fixedRate = options?.sampleRate; }
    createMediaStreamSource(stream) {
      if (this.fixedRate) throw new DOMException("a different sample-rate", "NotSupportedError");
      return super.createMediaStreamSource(stream);
    }
  };
"""
"""Firefox refuses a context that resamples the microphone (bugzilla 1674892)."""


def test_the_server_resamples_if_the_browser_cannot(context: Any, server: Server) -> None:
    tab = Tab(context)
    tab.page.add_init_script(FIREFOX)
    tab.page.goto(f"{server.url}/live")
    tab.page.get_by_role("button", name="Start").click()
    tab.page.get_by_text("the river").wait_for(timeout=90_000)
    tab.page.get_by_role("button", name="Stop").click()
    tab.page.get_by_text("Stopped.").wait_for(timeout=60_000)
    hypothesis = words(tab.page.locator("#captions").inner_text())
    expected = words(reference("english"))
    assert len(set(expected) & set(hypothesis)) >= 0.85 * len(set(expected)), hypothesis
    assert tab.errors == []


def test_captions_resume_after_a_lost_connection(context: Any, server: Server) -> None:
    wire = Wire(server.port)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{wire.port}/live")
    page.get_by_role("button", name="Start").click()
    page.locator("#captions").filter(has_text="morning").wait_for(timeout=60_000)
    wire.cut()
    page.get_by_text("Reconnecting").wait_for(timeout=10_000)
    page.get_by_text("the river").wait_for(timeout=90_000)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped.").wait_for(timeout=60_000)
    hypothesis = words(page.locator("#captions").inner_text())
    expected = words(reference("english"))
    assert len(set(expected) & set(hypothesis)) >= 0.85 * len(set(expected)), hypothesis
