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


WINDOWS = {"desk": (1280, 800), "phone": (390, 664), "phone on its side": (740, 360)}
EARLIER = """async () => {
  const { Captions } = await import(new URL("static/live/captions.js", document.baseURI));
  const captions = new Captions("", "", () => {});
  for (let number = 0; number < 80; number++) {
    captions.show({ type: "final", start: number, text: `Sentence ${number} of an earlier talk.` });
    captions.end();
  }
}"""
"""Fills the list that outlives the views."""
PLACES = """() => {
  const box = (selector) => document.querySelector(selector).getBoundingClientRect();
  const [last, captions] = [box("#captions p:last-child"), box("#captions")];
  const inside = (rect) =>
    rect.top >= 0 && rect.bottom <= innerHeight && rect.left >= 0 && rect.right <= innerWidth;
  const buttons = [...document.querySelectorAll(".live-foot button")]
    .filter((button) => button.checkVisibility());
  return {
    page: document.documentElement.scrollHeight - innerHeight,
    hidden: buttons.filter((button) => !inside(button.getBoundingClientRect()))
      .map((button) => button.textContent),
    newest: last.bottom <= captions.bottom + 1 && last.bottom > captions.top && inside(captions),
  };
}"""


def test_many_captions_scroll_above_the_controls(context: Any, server: Server) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/live")
    page.get_by_role("button", name="Start").wait_for()
    page.evaluate(EARLIER)
    page.get_by_role("link", name="Recordings").click()
    page.get_by_role("button", name="Choose files").wait_for()
    page.get_by_role("link", name="Live captions").click()
    page.get_by_text("Sentence 79").wait_for()
    page.get_by_role("button", name="Start").click()
    page.get_by_text("the river").wait_for(timeout=90_000)
    for is_big in (False, True):
        for name, (width, height) in WINDOWS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(300)
            places = page.evaluate(PLACES)
            assert places == {"page": 0, "hidden": [], "newest": True}, (name, is_big)
        if not is_big:
            page.get_by_role("button", name="Big text").click()
    # A reader at an earlier caption stays there.
    page.evaluate("document.querySelector('#captions').scrollTop = 0")
    page.wait_for_timeout(100)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped.").wait_for(timeout=60_000)
    assert page.evaluate("document.querySelector('#captions').scrollTop") == 0


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
