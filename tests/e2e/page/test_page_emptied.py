"""Emptied segments, replacing, the order of Tab, and a recording without speech."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser, until
from support.page_scene import joined, submitted
from support.page_steps import plays, saved
from support.serving import Server, until_ended

pytestmark = [pytest.mark.slow, *needs_browser]


@pytest.fixture(scope="module")
def job(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    with server.client() as http:
        id = submitted(http, joined(tmp_path_factory.mktemp("emptied") / "walk.wav", 1))
        until_ended(http, id)
    return id


@pytest.fixture
def page(tab: Tab, server: Server, job: str) -> Iterator[Any]:
    tab.page.goto(f"{server.url}/#/job/{job}")
    tab.page.locator(".segment").first.wait_for(timeout=WAIT)
    yield tab.page
    assert tab.errors == []


def texts(server: Server, job: str) -> list[str]:
    with server.client() as http:
        segments = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    return [segment["text"].strip() for segment in segments]


def test_an_emptied_segment_is_saved_while_it_plays(
    page: Any, tab: Tab, server: Server, job: str
) -> None:
    before = texts(server, job)
    plays(tab)
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.get_by_text("Unsaved").wait_for()
    saved(tab)
    assert page.locator(".text").first.inner_html() == ""
    assert texts(server, job) == ["", *before[1:]]
    page.keyboard.type("Hello")
    saved(tab)
    assert texts(server, job)[0] == "Hello"
    while texts(server, job) != before:
        page.keyboard.press("Control+z")
        saved(tab)


def test_replace_does_not_find_its_own_result(page: Any, tab: Tab) -> None:
    page.keyboard.press("Control+h")
    page.get_by_label("Find", exact=True).fill("please")
    page.get_by_label("Replace with").fill("pleased")
    replace = page.get_by_role("button", name="Replace", exact=True)
    count = page.locator(".findbar .count")
    until(page, "document.querySelector('.count').textContent === '1 of 2'")
    replace.click()
    replace.click()
    assert count.text_content() == "No more after this"
    text = " ".join(page.locator(".text").all_text_contents())
    assert text.count("pleased") + text.count("Pleased") == 2 and "pleasedd" not in text
    page.get_by_label("Find", exact=True).fill("pleased")
    page.get_by_label("Replace with").fill("please")
    page.get_by_role("button", name="All", exact=True).click()
    assert count.text_content() == "Replaced 2 times."
    page.keyboard.press("Escape")
    saved(tab)


def test_tab_leads_out_of_the_text(page: Any) -> None:
    """In a wide window the panel beside the text comes before the player."""
    page.locator(".text").nth(2).focus()
    page.keyboard.press("Tab")
    until(page, "document.activeElement.closest('.desk, .player') !== null")
    page.keyboard.press("Shift+Tab")
    text = page.locator(".text").nth(2).text_content()
    assert page.evaluate("document.activeElement.textContent") == text
    page.locator(".text").first.focus()
    page.keyboard.press("Control+End")
    page.keyboard.press("Delete")  # join, so that all rows have a new position
    sizes = page.locator(".segment").evaluate_all("rows => rows.map((row) => row.ariaSetSize)")
    assert set(sizes) == {str(len(sizes))}
    page.keyboard.press("Control+z")


def test_a_recording_without_speech_can_be_given_a_segment(
    tab: Tab, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * 16_000 * 4))
    with server.client() as http:
        silent = submitted(http, path)
        until_ended(http, silent)
    tab.page.goto(f"{server.url}/#/job/{silent}")
    tab.page.get_by_text("No speech was found").wait_for(timeout=WAIT)
    tab.page.get_by_role("button", name="New segment at the player").click()
    tab.page.keyboard.type("A bird.")
    tab.page.get_by_text("Unsaved").wait_for()
    saved(tab)
    assert texts(server, silent) == ["A bird."]
    assert not tab.page.get_by_text("No speech was found").is_visible()
