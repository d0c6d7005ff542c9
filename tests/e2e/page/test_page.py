"""The page, end to end: a real browser, the real server, real weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
import pytest

from support.browsing import WAIT, Tab, needs_browser, until
from support.page_steps import first, saved, upload
from support.samples import SAMPLES, reference, words
from support.serving import Server, running

pytestmark = needs_browser


def test_upload_play_correct_reload_and_export(tab: Tab, server: Server, tmp_path: Path) -> None:
    upload(tab, server)
    text = " ".join(tab.page.locator(".text").all_text_contents())
    assert words(text) == words(reference("english"))
    first(tab).click(position={"x": 60, "y": 12})
    until(tab.page, "!document.querySelector('audio').paused")
    tab.page.keyboard.press("Control+End")
    tab.page.keyboard.type(" Indeed.")
    assert tab.page.evaluate("document.querySelector('audio').paused")
    tab.page.get_by_text("Unsaved").wait_for()
    saved(tab)
    tab.page.reload()
    first(tab).wait_for(timeout=WAIT)
    assert first(tab).text_content().endswith("garden. Indeed.")
    tab.page.get_by_role("button", name="Export").click()
    with tab.page.expect_download() as download:
        tab.page.get_by_role("button", name="Download srt").click()
    download.value.save_as(tmp_path / "english.srt")
    srt = (tmp_path / "english.srt").read_text(encoding="utf-8")
    assert srt.startswith("1\n00:00:0") and "to the garden. Indeed." in srt
    with tab.page.expect_download() as download:
        tab.page.get_by_role("button", name="Download docx").click()
    download.value.save_as(tmp_path / "english.docx")
    paragraphs = [
        paragraph.text for paragraph in docx.Document(str(tmp_path / "english.docx")).paragraphs
    ]
    assert paragraphs[0].startswith("english ") and paragraphs[2].startswith("00:0")
    assert any(text.endswith("garden. Indeed.") for text in paragraphs)


@pytest.mark.slow
def test_a_subtitle_problem_links_to_its_segment(tab: Tab, server: Server) -> None:
    id = upload(tab, server)
    tab.page.goto(f"{server.url}/#/job/{id}/export")
    tab.page.get_by_label("Characters per second").fill("5")
    wrong = tab.page.locator(".violations li", has_text="characters per second").first
    wrong.wait_for(timeout=WAIT)
    text = wrong.locator("[dir=auto]").text_content()
    wrong.get_by_role("link").click()
    first(tab).wait_for(timeout=WAIT)
    focused = tab.page.evaluate("document.activeElement.closest('.segment').textContent")
    assert text is not None and text.split("\n")[0] in focused
    tab.page.locator(".problems li").first.wait_for(timeout=WAIT)
    tab.page.goto(f"{server.url}/#/job/{id}/export")
    tab.page.get_by_label("Characters per second").fill("40")
    tab.page.locator(".violations .note:not(.doubt)").wait_for(timeout=WAIT)
    assert tab.page.locator(".violations li").count() == 0


@pytest.mark.slow
def test_editing_by_keyboard(tab: Tab, server: Server) -> None:
    """Split, join, move, undo, find and replace, without a pointer."""
    upload(tab, server)
    page = tab.page
    lines = page.locator(".text")
    before = lines.all_text_contents()
    first(tab).focus()
    page.keyboard.press("Home")
    for _ in range(len("Good morning,")):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert lines.all_text_contents()[0] == "Good morning,"
    page.keyboard.press("Backspace")
    assert lines.all_text_contents() == before
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert lines.all_text_contents() == before
    page.keyboard.press("Control+h")
    page.keyboard.type("garden")
    page.keyboard.press("Tab")
    page.get_by_label("Replace with").fill("park")
    page.get_by_role("button", name="All").click()
    page.keyboard.press("Escape")
    assert "park" in first(tab).text_content()
    page.keyboard.press("Control+z")
    saved(tab)
    assert lines.all_text_contents() == before


@pytest.mark.slow
def test_two_windows_do_not_overwrite_each_other(chromium: Any, tab: Tab, server: Server) -> None:
    upload(tab, server)
    address = tab.page.url
    context = chromium.new_context(locale="en-GB")
    other = Tab(context)
    other.page.goto(address)
    first(other).wait_for(timeout=WAIT)
    # Change the same segment in both before either has saved.
    for window, word in ((tab, " mine"), (other, " theirs")):
        first(window).focus()
        window.page.keyboard.press("Control+End")
        window.page.keyboard.type(word)
    window_with_dialog = None
    for _ in range(300):
        window_with_dialog = next(
            (w for w in (tab, other) if w.page.get_by_role("dialog").count()), None
        )
        if window_with_dialog:
            break
        tab.page.wait_for_timeout(100)
    assert window_with_dialog is not None
    window_with_dialog.page.get_by_role("button", name="Keep all of yours").click()
    saved(window_with_dialog)
    with server.client() as http:
        transcript = http.get(f"/api/jobs/{address.rpartition('/')[2]}/transcript").json()
    assert transcript["segments"][0]["text"].endswith(
        " mine" if window_with_dialog is tab else " theirs"
    )
    context.close()


@pytest.mark.slow
def test_decoding_and_saving_survive_a_killed_server(tab: Tab, tmp_path: Path) -> None:
    """Killed while it decodes, and while a correction waits to be saved: both continue."""
    with running(tmp_path) as server:
        page = tab.page
        page.goto(server.url)
        page.set_input_files("input[type=file]", SAMPLES / "pause.wav")
        page.get_by_role("link", name="pause.wav").first.click(timeout=WAIT)
        server.kill()
        page.wait_for_timeout(1500)
        server.start()
        page.locator(".segment").first.wait_for(timeout=WAIT)
        server.kill()
        first(tab).focus()
        page.keyboard.press("Control+End")
        page.keyboard.type(" kept")
        page.get_by_text("Offline, will save later").wait_for(timeout=WAIT)
        server.start()
        saved(tab)
        page.reload()
        first(tab).wait_for(timeout=WAIT)
        assert first(tab).text_content().endswith(" kept")
