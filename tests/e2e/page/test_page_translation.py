"""The English translation beside the text: asked for, read, exported, hidden and deleted."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pytest

from support.browsing import WAIT, Tab, needs_browser
from support.page_scene import joined, submitted
from support.page_steps import caret, first, saved
from support.serving import Server, until_ended

pytestmark = [pytest.mark.slow, *needs_browser]

BOXES = """() => {
  const row = document.querySelector(".segment:has(.beside:not([hidden]))");
  return [".text", ".beside"].map((name) => row.querySelector(name).getBoundingClientRect())
    .map(({ left, top, right, bottom }) => ({ left, top, right, bottom }));
}"""
OVERLAPS = """() => {
  const rows = [...document.querySelectorAll(".segment, .gap")]
    .map((row) => row.getBoundingClientRect()).sort((a, b) => a.top - b.top);
  return rows.slice(1).filter(({ top }, at) => Math.abs(top - rows[at].bottom) > 0.6).length;
}"""
"""Rows that do not begin where the row above ends."""


@pytest.fixture(scope="module")
def job(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    with server.client() as http:
        path = tmp_path_factory.mktemp("sound") / "Gartenweg.wav"
        id = submitted(http, joined(path, 2, ("german", "german")), model="base")
        until_ended(http, id)
    return id


@pytest.fixture
def page(tab: Tab, server: Server, job: str) -> Iterator[Any]:
    tab.page.goto(f"{server.url}/#/job/{job}")
    first(tab).wait_for(timeout=WAIT)
    yield tab.page
    assert tab.errors == []


def more(page: Any, name: str) -> Any:
    """The entry of the menu, if it has one of this name."""
    page.locator(".toolbar").get_by_role("button", name="More").click()
    return page.get_by_role("menu").get_by_text(name, exact=True)


def texts(page: Any) -> list[str]:
    found: list[str] = page.locator(".beside:not([hidden])").all_text_contents()
    return found


def test_a_recording_is_translated_beside_its_text(
    tab: Tab, page: Any, server: Server, job: str
) -> None:
    german = page.locator(".text").all_text_contents()
    more(page, "Translate into English").click()
    note = page.locator(".translating", has_text="Translating with base")
    note.get_by_role("button", name="Cancel").wait_for(timeout=WAIT)
    page.locator(".beside:not([hidden])").first.wait_for(timeout=WAIT)
    note.wait_for(state="hidden")
    beside = page.locator(".beside:not([hidden])").first
    assert (beside.get_attribute("lang"), beside.get_attribute("contenteditable")) == ("en", None)
    assert "garden" in " ".join(texts(page)).lower()
    assert page.locator(".text").all_text_contents() == german
    text, translation = page.evaluate(BOXES)
    assert abs(text["top"] - translation["top"]) < 3 and translation["left"] >= text["right"]
    page.set_viewport_size({"width": 390, "height": 780})
    page.wait_for_timeout(200)
    text, translation = page.evaluate(BOXES)
    assert translation["top"] >= text["bottom"] - 1 and abs(text["left"] - translation["left"]) < 3
    assert page.evaluate(OVERLAPS) == 0
    with server.client() as http:
        assert http.get(f"/api/jobs/{job}").json()["revision"] == 1


def test_find_searches_only_the_text(page: Any) -> None:
    page.locator(".beside:not([hidden])").first.wait_for(timeout=WAIT)
    page.keyboard.press("Control+f")
    page.keyboard.type("the garden")
    page.get_by_text("Not found", exact=True).wait_for()
    page.get_by_label("Find", exact=True).fill("Garten")
    page.get_by_text("1 of", exact=False).wait_for()


def test_the_translation_follows_edits_and_a_reload(tab: Tab, page: Any) -> None:
    page.locator(".beside:not([hidden])").first.wait_for(timeout=WAIT)
    before, rows = texts(page), page.locator(".segment").count()
    caret(tab, 12)
    page.keyboard.press("Enter")
    page.get_by_text("Unsaved").wait_for()
    saved(tab)
    assert page.locator(".segment").count() == rows + 1
    assert " ".join(texts(page)) == " ".join(before)
    assert page.evaluate(OVERLAPS) == 0
    page.reload()
    page.locator(".beside:not([hidden])").first.wait_for(timeout=WAIT)
    assert " ".join(texts(page)) == " ".join(before)
    page.keyboard.press("Control+z")  # nothing to undo after a reload
    page.locator(".text").nth(1).focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Backspace")
    page.get_by_text("Unsaved").wait_for()
    saved(tab)
    assert texts(page) == before


def test_it_can_be_hidden(page: Any) -> None:
    page.locator(".beside:not([hidden])").first.wait_for(timeout=WAIT)
    more(page, "Show the translation").click()
    assert texts(page) == []
    assert page.evaluate(OVERLAPS) == 0
    page.reload()
    page.locator(".segment").first.wait_for(timeout=WAIT)
    entry = more(page, "Show the translation")
    assert entry.get_attribute("aria-checked") == "false"
    assert texts(page) == []
    entry.click()
    page.locator(".beside:not([hidden])").first.wait_for()


def downloaded(page: Any, format: str, name: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Download {format}", exact=True).click()
    assert download.value.suggested_filename == name
    download.value.save_as(folder / name)
    return folder / name


def test_both_texts_are_exported(page: Any, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.locator(".beside:not([hidden])").first.wait_for(timeout=WAIT)
    german = page.locator(".text").all_text_contents()
    english = page.locator(".segment .beside").all_text_contents()
    page.get_by_role("button", name="Export").click()
    choice = page.get_by_label("Translation", exact=True)
    choice.select_option(label="Beside the text (text, Word, web page, CSV)")
    offered = page.get_by_role("button", name="Download").all_text_contents()
    assert sorted(offered) == [f"Download {name}" for name in ("csv", "docx", "html", "txt")]
    assert Axe().run(page).response["violations"] == []
    document = docx.Document(str(downloaded(page, "docx", "Gartenweg.docx", tmp_path)))
    rows = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    assert [row[0].partition("\t")[2] for row in rows] == german
    assert [row[1] for row in rows] == english
    with downloaded(page, "csv", "Gartenweg.csv", tmp_path).open(newline="") as file:
        assert [row["translation"] for row in csv.DictReader(file)] == english
    plain = downloaded(page, "txt", "Gartenweg.txt", tmp_path).read_text(encoding="utf-8")
    assert plain.split("\n\n")[0].splitlines() == [german[0], english[0]]
    other = page.context.new_page()
    other.goto(downloaded(page, "html", "Gartenweg.html", tmp_path).as_uri())
    pair = other.locator(".pair").first
    left, right = (pair.locator("p").nth(at).bounding_box() for at in range(2))
    assert right["x"] > left["x"] + left["width"] and abs(left["y"] - right["y"]) < 2
    assert pair.locator("p").nth(1).get_attribute("lang") == "en"


def test_the_translation_alone_is_exported(page: Any, tmp_path: Path) -> None:
    page.locator(".beside:not([hidden])").first.wait_for(timeout=WAIT)
    page.get_by_role("button", name="Export").click()
    page.get_by_label("Translation", exact=True).select_option(label="In place of the text")
    written = downloaded(page, "srt", "Gartenweg.en.srt", tmp_path).read_text(encoding="utf-8")
    assert "garden" in written.lower() and "Garten " not in written


def test_a_shared_page_shows_the_translation_too(
    chromium: Any, page: Any, server: Server, job: str
) -> None:
    page.locator(".beside:not([hidden])").first.wait_for(timeout=WAIT)
    english = texts(page)
    with server.client() as http:
        token = http.post(f"/api/jobs/{job}/shares", json={}).json()["token"]
    context = chromium.new_context(locale="en-GB")
    reader = Tab(context)
    reader.page.goto(f"{server.url}/#/shared/{token}")
    reader.page.locator(".beside:not([hidden])").first.wait_for(timeout=WAIT)
    assert texts(reader.page) == english
    reader.page.get_by_label("Show the translation").uncheck()
    assert texts(reader.page) == []
    assert reader.page.evaluate(OVERLAPS) == 0 and reader.errors == []
    context.close()


def test_a_deleted_translation_is_gone_in_every_window(
    chromium: Any, page: Any, server: Server, job: str
) -> None:
    context = chromium.new_context(locale="de-DE")
    other = Tab(context)
    other.page.goto(f"{server.url}/#/job/{job}")
    for window in (page, other.page):
        window.locator(".beside:not([hidden])").first.wait_for(timeout=WAIT)
    more(page, "Delete the translation").click()
    page.get_by_text("The translation was deleted.").wait_for()
    assert texts(page) == []
    other.page.locator(".beside:not([hidden])").first.wait_for(state="detached", timeout=WAIT)
    other.page.locator(".toolbar").get_by_role("button", name="Mehr").click()
    other.page.get_by_role("menuitem", name="Ins Englische übersetzen").wait_for()
    assert other.errors == []
    context.close()
    page.goto(f"{server.url}/#/job/{job}/export")
    page.locator(".formats").wait_for()
    assert page.get_by_label("Translation", exact=True).count() == 0
