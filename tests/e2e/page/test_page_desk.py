"""Speakers, several segments at once, doubtful places, quotations and the panel beside the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser, until
from support.page_scene import corrected, joined, submitted
from support.page_steps import saved
from support.serving import Server, until_ended

pytestmark = [pytest.mark.slow, *needs_browser]

COPIED = """
  navigator.clipboard.writeText = async (text) => { window.copied = text; };
"""


@pytest.fixture(scope="module")
def job(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    with server.client() as http:
        id = submitted(http, joined(tmp_path_factory.mktemp("desk") / "walk.wav", 1))
        until_ended(http, id)
        corrected(http, id)
    return id


@pytest.fixture
def page(chromium: Any, server: Server, job: str) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    tab = Tab(context)
    tab.page.add_init_script(COPIED)
    tab.page.goto(f"{server.url}/#/job/{job}")
    tab.page.locator(".segment").first.wait_for(timeout=WAIT)
    yield tab.page
    undo = tab.page.get_by_role("button", name="Undo")
    while undo.get_attribute("aria-disabled") is None:
        undo.click()
    saved(tab)
    assert tab.errors == []
    context.close()


def names(page: Any) -> list[str]:
    return [str(name) for name in page.locator(".segment .speaker").all_text_contents()]


def test_dragged_rows_are_given_to_a_speaker_by_a_digit(
    page: Any, server: Server, job: str
) -> None:
    before = names(page)
    boxes = [page.locator(".text").nth(index).bounding_box() for index in range(3)]
    page.mouse.move(boxes[0]["x"] + 40, boxes[0]["y"] + 12)
    page.mouse.down()
    page.mouse.move(boxes[2]["x"] + 90, boxes[2]["y"] + 12, steps=8)
    page.mouse.up()
    assert page.locator(".chosen-bar strong").text_content() == "3 segments"
    page.keyboard.press("2")
    assert names(page) == ["Visitor"] * 3 + before[3:]
    page.keyboard.press("0")
    assert names(page) == ["No speaker"] * 3 + before[3:]
    page.get_by_role("toolbar", name="Chosen segments").get_by_role("button", name="Copy").click()
    until(page, "(window.copied ?? '').startsWith('“Good morning')")
    page.keyboard.press("Escape")
    assert page.locator(".segment.chosen").count() == 0
    page.get_by_text("Saved", exact=True).wait_for(timeout=WAIT)
    with server.client() as http:
        segments = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    assert [segment.get("speaker") for segment in segments[:4]] == [None, None, None, before[3]]


def test_the_rest_of_a_speaker_is_another_from_here_on(page: Any) -> None:
    before = names(page)
    page.locator(".text").nth(2).focus()
    page.keyboard.press("Alt+w")
    page.get_by_role("menuitem", name="From here on").click()
    page.get_by_role("menuitem", name="Gardener").click()
    assert names(page) == [*before[:2], *["Gardener"] * (len(before) - 2)]


def test_the_panel_names_merges_and_plays_speakers(page: Any) -> None:
    rows = page.locator(".desk-speakers li")
    assert "Gardener" in rows.first.inner_text() and "%" in rows.first.inner_text()
    page.get_by_role("button", name="Play a sample of Visitor").click()
    until(page, "!document.querySelector('audio').paused")
    until(page, "document.querySelector('audio').currentTime > 9")
    page.get_by_role("button", name="More for Visitor").click()
    page.get_by_role("menuitem", name="Merge with").click()
    page.get_by_role("menuitem", name="Gardener").click()
    assert set(names(page)) == {"Gardener"}
    until(page, "document.querySelectorAll('.desk-speakers li').length === 1")


def test_doubtful_words_are_played_confirmed_and_counted(
    page: Any, server: Server, job: str
) -> None:
    page.get_by_role("tab", name="To check").click()
    count = page.locator(".desk-checks > p")
    assert count.inner_text() == "0 of 3 doubtful places seen"
    page.locator(".desk").get_by_role("button", name="Next").click()
    until(page, "String(getSelection()).trim() === 'bloom'")
    with server.client() as http:
        segments = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    start = next(w["start"] for s in segments for w in s["words"] if "bloom" in w["word"])
    at = page.evaluate("document.querySelector('audio').currentTime")
    assert start - 1.01 <= at < start
    until(page, "document.querySelector('.desk-checks > p').textContent.startsWith('1 of 3')")
    page.keyboard.press("Alt+r")
    until(page, "document.activeElement.textContent === 'Decode again'")
    page.get_by_role("button", name="2 doubtful places").wait_for()
    page.get_by_text("Saved", exact=True).wait_for(timeout=WAIT)
    with server.client() as http:
        segments = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    assert [w["probability"] for s in segments for w in s["words"] if "bloom" in w["word"]] == [1.0]
    page.locator("#checks-grade").select_option("1")
    page.get_by_role("button", name="1 doubtful place").wait_for()  # the gap


def test_quotations_links_and_print(page: Any, server: Server, job: str) -> None:
    page.locator(".text").nth(2).focus()
    page.keyboard.press("Alt+q")
    until(page, "(window.copied ?? '').endsWith('” (Visitor, 0:10)')")
    page.keyboard.press("Alt+Shift+q")
    until(page, f"/#.job.{job}@10/.test(window.copied)")
    page.goto(f"{server.url}/#/job/{job}@10.5")
    until(page, "document.activeElement.textContent.startsWith('Please wait')")
    until(page, "document.querySelector('audio')?.currentTime >= 10")  # of the new view
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(".printed p").first.inner_text().endswith("down to the river.")
    assert not page.locator(".toolbar").is_visible()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_playback_resumes_a_second_before_its_pause_and_keys_can_be_changed(page: Any) -> None:
    time = "document.querySelector('audio').currentTime"
    page.evaluate(f"{time} = 5")
    page.keyboard.press("F9")
    until(page, f"{time} > 6.5")
    page.keyboard.press("F4")
    paused = page.evaluate(time)
    page.keyboard.press("Alt+h")
    page.get_by_role("button", name="Change the keys of: Play, pause").click()
    page.keyboard.press("Alt+u")
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    page.keyboard.press("Alt+u")
    until(page, "!document.querySelector('audio').paused")
    assert page.evaluate(time) < paused
