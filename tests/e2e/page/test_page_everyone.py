"""For everyone: touch, German, light and dark. `test_page_views.py` has axe and narrow screens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser, until
from support.page_steps import place, saved, upload
from support.samples import SAMPLES
from support.serving import Server

pytestmark = [pytest.mark.slow, *needs_browser]


def test_correct_and_export_by_touch(chromium: Any, server: Server, tmp_path: Path) -> None:
    """By touch alone, in a window of 390 pixels."""
    context = chromium.new_context(
        viewport={"width": 390, "height": 780}, locale="en-GB", has_touch=True, is_mobile=True
    )
    tab = Tab(context)
    page = tab.page
    upload(tab, server)
    at = place(tab, "garden")
    page.touchscreen.tap(at["x"], at["y"])
    until(page, "!document.querySelector('audio').paused")
    page.keyboard.press("Control+End")  # like a second tap with an on-screen keyboard
    page.keyboard.type(" Indeed.")
    saved(tab)
    page.locator(".segment .more").nth(1).tap()
    page.get_by_role("menuitem", name="Join with the previous segment").tap()
    saved(tab)
    page.get_by_role("button", name="Find").tap()
    page.keyboard.type("garden")
    page.get_by_text("1 of 1").wait_for()
    page.locator(".findbar").get_by_role("button", name="Close").tap()
    page.get_by_role("button", name="Export").tap()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download txt").tap()
    download.value.save_as(tmp_path / "phone.txt")
    text = (tmp_path / "phone.txt").read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith("Good morning")
    assert "garden. Indeed. The roses" in text.splitlines()[0]
    page.get_by_role("link", name="english").tap()
    page.locator(".segment").first.wait_for(timeout=WAIT)
    page.get_by_role("link", name="Recordings").tap()
    page.get_by_role("button", name="Choose files").wait_for()
    assert tab.errors == []
    context.close()


def test_the_page_is_german_in_a_german_browser(
    chromium: Any, server: Server, tmp_path: Path
) -> None:
    """From upload to export in a German browser."""
    context = chromium.new_context(locale="de-DE")
    tab = Tab(context)
    page = tab.page
    page.goto(server.url)
    page.get_by_role("button", name="Dateien wählen").wait_for()
    assert page.evaluate("document.documentElement.lang") == "de"
    page.set_input_files("input[type=file]", SAMPLES / "english.wav")
    page.get_by_role("link", name="english.wav").first.click(timeout=WAIT)
    first_text = page.locator(".text").first
    first_text.wait_for(timeout=WAIT)
    first_text.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Jawohl.")
    page.get_by_text("Gespeichert", exact=True).wait_for(timeout=WAIT)
    page.get_by_role("button", name="Exportieren").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="srt laden").click()
    download.value.save_as(tmp_path / "deutsch.srt")
    assert "Jawohl." in (tmp_path / "deutsch.srt").read_text(encoding="utf-8")
    # Changing the language applies at once and is remembered.
    page.get_by_role("button", name="Aussehen und Sprache").click()
    page.get_by_role("menuitemradio", name="English").click()
    page.get_by_role("button", name="Download srt").wait_for()
    page.reload()
    page.get_by_role("button", name="Download srt").wait_for()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert tab.errors == []
    context.close()


def test_the_colour_scheme_is_remembered(tab: Tab, server: Server) -> None:
    page = tab.page
    page.emulate_media(color_scheme="light")
    page.goto(server.url)
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    page.get_by_role("button", name="Appearance and language").click()
    light = page.evaluate(ground)
    page.get_by_role("menuitemradio", name="Dark").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Appearance and language").click()
    page.get_by_role("menuitemradio", name="System colours").click()
    assert page.evaluate(ground) == light
