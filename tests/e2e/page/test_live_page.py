"""Live captions in a real browser whose fake microphone plays a real clip."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import Tab, browser, files, microphone, needs_browser, until, with_sound
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


def downloaded(page: Any, name: str, folder: Path) -> str:
    """Text of the file that a menu entry of Download saves."""
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=name).click()
    download.value.save_as(folder / "captions")
    return (folder / "captions").read_text(encoding="utf-8")


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
    page.get_by_role("menuitem", name="Text", exact=True).click()
    page.get_by_text("on the clipboard").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    saved = {
        name: downloaded(page, name, tmp_path)
        for name in ("Text .txt", "Text with times", "SRT", "WebVTT")
    }
    # Switching views keeps the text; Clear removes it.
    page.get_by_role("link", name="Recordings").click()
    page.get_by_role("button", name="Choose files").wait_for()
    page.get_by_role("link", name="Live captions").click()
    page.get_by_text("the river").wait_for()
    page.get_by_role("button", name="Clear").click()
    assert not page.get_by_text("the river").count()
    assert tab.errors == []
    assert words(saved["Text .txt"]) == words(copied)
    assert re.match(r"0:0\d  \w", saved["Text with times"])
    assert re.match(r"1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n\w", saved["SRT"])
    assert saved["WebVTT"].startswith("WEBVTT\n\n00:00:0")
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
    const text = `Sentence ${number} of an earlier talk.`;
    const times = { start: number, end: number + 1 };
    captions.show({ type: "final", text, ...times, words: [{ word: text, ...times }] });
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


def test_others_watch_and_the_recording_opens_in_the_editor(context: Any, server: Server) -> None:
    tab = Tab(context)
    page = tab.page
    page.goto(f"{server.url}/live")
    page.get_by_role("button", name="Let others watch").click()
    page.get_by_label("Others can watch").check()
    page.get_by_label("Background").select_option("transparent")
    page.get_by_label("Lines").select_option("2")
    link = page.get_by_role("link", name="Open").get_attribute("href") or ""
    page.get_by_role("button", name="Close").last.click()
    page.get_by_role("button", name="Others can watch").wait_for()
    watching, dressed = context.new_page(), context.new_page()
    watching.goto(link.partition("?")[0])
    watching.get_by_text("Nobody is speaking yet").wait_for()
    dressed.goto(link)
    page.bring_to_front()
    page.get_by_role("button", name="Start").click()
    page.get_by_text("the river").wait_for(timeout=90_000)
    for other in (watching, dressed):
        other.locator(".lines").filter(has_text="the river").wait_for(timeout=30_000)
        assert not other.locator("header, button").filter(visible=True).count()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert dressed.evaluate(ground) == "rgba(0, 0, 0, 0)" != watching.evaluate(ground)
    dressed.close()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Open in the editor").click(timeout=60_000)
    page.locator(".segment").filter(has_text="the river").wait_for(timeout=90_000)
    assert "captions" in page.locator("main").inner_text().lower()
    assert tab.errors == []


STORED = """(async () => {
  if (!(await indexedDB.databases()).length) return false;  // opening it would create it
  return new Promise((resolve) => {
    indexedDB.open("unispeech").onsuccess = ({ target: { result: database } }) => {
      const pieces = database.transaction("pieces").objectStore("pieces").count();
      pieces.onsuccess = () => resolve(pieces.result > 0);
      database.close();
    };
  });
})()"""
"""Some of the recording is stored."""


def test_a_tab_that_dies_leaves_its_recording(context: Any, server: Server) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/live")
    page.get_by_role("button", name="Start").click()
    page.locator("#captions").filter(has_text="morning").wait_for(timeout=60_000)
    until(page, STORED)
    other = context.new_page()
    other.goto(server.url)
    other.get_by_role("button", name="Choose files").wait_for()
    other.wait_for_timeout(300)
    assert not other.get_by_text("not yet sent").count()
    page.close(run_before_unload=False)
    other.get_by_text("not yet sent").wait_for()
    other.get_by_role("button", name="Discard this recording").click()
    other.get_by_text("not yet sent").wait_for(state="hidden")


def test_captions_of_a_tab_until_it_closes(chromium: Any, server: Server, tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "english.wav", tmp_path / "talk.wav")
    (tmp_path / "index.html").write_text("<title>A talk</title><audio src=talk.wav autoplay loop>")
    choose = "--auto-select-tab-capture-source-by-title=A talk"
    with with_sound(chromium, choose) as loud, files(tmp_path) as address:
        context = loud.new_context()
        talk, tab = context.new_page(), Tab(context)
        page = tab.page
        talk.goto(address)
        page.goto(f"{server.url}/live")
        page.get_by_label("Source").select_option("Sound of a browser tab")
        page.get_by_role("button", name="Start").click()
        page.get_by_text("garden").wait_for(timeout=90_000)
        talk.close()
        page.get_by_text("The tab is no longer shared").wait_for()
        page.get_by_text("Stopped.").wait_for(timeout=60_000)
        page.reload()
        assert page.get_by_label("Source").input_value() == "tab"
        assert tab.errors == []
