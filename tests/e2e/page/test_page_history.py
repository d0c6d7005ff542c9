"""The history of a transcript, and two windows on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser
from support.page_scene import joined, submitted
from support.page_steps import added, first, saved
from support.serving import Server, until_ended

pytestmark = [pytest.mark.slow, *needs_browser]


@pytest.fixture
def job(server: Server, tmp_path: Path) -> str:
    with server.client() as http:
        id = submitted(http, joined(tmp_path / "walk.wav", 1))
        until_ended(http, id)
    return id


@pytest.fixture
def page(tab: Tab, server: Server, job: str) -> Iterator[Any]:
    opened(tab, server, job)
    yield tab.page
    # What the browser itself says of a lost connection, or of a 412, is no mistake of the page.
    assert [one for one in tab.errors if "Failed to load resource" not in one] == []


@pytest.fixture
def other(chromium: Any, page: Any, server: Server, job: str) -> Iterator[Tab]:
    """Another window, on another device, with the same recording."""
    context = chromium.new_context(locale="en-GB")
    other = Tab(context)
    opened(other, server, job)
    yield other
    context.close()


def opened(tab: Tab, server: Server, job: str) -> None:
    tab.page.goto(f"{server.url}/#/job/{job}")
    first(tab).wait_for(timeout=WAIT)


def texts(server: Server, job: str, number: int | None = None) -> list[str]:
    """What the server has, or had as a revision."""
    place = f"/api/jobs/{job}" + (f"/revisions/{number}" if number else "/transcript")
    with server.client() as http:
        found = http.get(f"{place}?format=json").raise_for_status().json()["segments"]
    return [str(one["text"]).strip() for one in found]


def numbers(server: Server, job: str) -> list[int]:
    with server.client() as http:
        return [one["number"] for one in http.get(f"/api/jobs/{job}/revisions").json()["revisions"]]


def writes(tab: Tab, index: int, text: str) -> None:
    """At the end of a segment."""
    tab.page.locator(".text").nth(index).focus()
    tab.page.keyboard.press("Control+End")
    tab.page.keyboard.type(text)


def test_every_save_is_a_version_that_can_come_back(
    page: Any, tab: Tab, server: Server, job: str
) -> None:
    decoded = texts(server, job)
    added(tab, " One.")
    added(tab, " Two.")
    page.locator(".toolbar").get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="History").click()
    versions = page.locator(".revisions li")
    versions.first.wait_for(timeout=WAIT)
    assert versions.count() == 3
    assert "now" in versions.first.inner_text() and "decoded" in versions.nth(2).inner_text()
    # The newest that is not the present one has the focus; the arrows go to the others.
    assert page.evaluate("document.activeElement.value") == str(numbers(server, job)[1])
    page.keyboard.press("ArrowDown")
    page.locator(".preview").get_by_text(decoded[0], exact=True).wait_for(timeout=WAIT)
    assert "1 segment is different there" in page.locator(".preview").inner_text()
    page.get_by_role("button", name="Restore this version").click()
    page.get_by_text("Restored.").wait_for(timeout=WAIT)
    assert first(tab).text_content() == decoded[0]
    assert texts(server, job) == decoded and len(numbers(server, job)) == 4
    # It is one step of undo, and then a version again.
    page.get_by_role("button", name="Undo").click()
    saved(tab)
    assert texts(server, job)[0] == f"{decoded[0]} One. Two."
    assert len(numbers(server, job)) == 5


def test_changes_at_different_places_are_put_together(
    page: Any, tab: Tab, other: Tab, server: Server, job: str
) -> None:
    before = texts(server, job)
    last = len(before) - 1
    writes(tab, 0, " Mine.")
    writes(other, last, " Theirs.")
    for _ in range(300):
        if texts(server, job) == [f"{before[0]} Mine.", *before[1:-1], f"{before[-1]} Theirs."]:
            break
        page.wait_for_timeout(100)
    for window in (tab, other):
        saved(window)
        window.page.locator(".text", has_text="Mine.").wait_for(timeout=WAIT)
        window.page.locator(".text", has_text="Theirs.").wait_for(timeout=WAIT)
    assert texts(server, job) == [f"{before[0]} Mine.", *before[1:-1], f"{before[-1]} Theirs."]


@pytest.mark.parametrize("answer", ["All the other", "As chosen"])
def test_the_same_place_is_asked_about_and_nothing_is_lost(
    page: Any, tab: Tab, other: Tab, server: Server, job: str, answer: str
) -> None:
    """Whatever is chosen: what is not stays in the history, mine too, which was never saved."""
    before = texts(server, job)
    page.context.set_offline(True)
    writes(tab, 0, " Mine.")
    writes(tab, 2, " Also mine.")
    added(other, " Theirs.")
    writes(other, 2, " Also theirs.")
    saved(other)
    page.context.set_offline(False)
    asked = page.get_by_role("dialog", name="Changed in two windows")
    asked.wait_for(timeout=WAIT)
    mine = [f"{before[0]} Mine.", before[1], f"{before[2]} Also mine.", *before[3:]]
    theirs = [f"{before[0]} Theirs.", before[1], f"{before[2]} Also theirs.", *before[3:]]
    wanted = theirs
    if answer == "As chosen":
        asked.get_by_role("radio").last.check()
        wanted = [mine[0], *theirs[1:]]
    asked.get_by_role("button", name=answer).click()
    saved(tab)
    assert page.locator(".text").all_text_contents() == wanted
    for _ in range(100):
        if texts(server, job) == wanted:
            break
        page.wait_for_timeout(100)
    assert texts(server, job) == wanted
    history = [texts(server, job, number) for number in numbers(server, job)]
    assert mine in history and theirs in history


def test_who_puts_the_question_off_overwrites_nobody(
    page: Any, tab: Tab, other: Tab, server: Server, job: str
) -> None:
    page.context.set_offline(True)
    writes(tab, 0, " Mine.")
    added(other, " Theirs.")
    page.context.set_offline(False)
    asked = page.get_by_role("dialog", name="Changed in two windows")
    asked.wait_for(timeout=WAIT)
    asked.get_by_role("button", name="Later").click()
    page.get_by_text("Changed elsewhere").wait_for()
    assert texts(server, job)[0].endswith(" Theirs.")
    assert first(tab).text_content().endswith(" Mine.")
    # With the next letter it is asked again.
    writes(tab, 0, " Still.")
    asked.get_by_role("button", name="All yours").click(timeout=WAIT)
    saved(tab)
    assert texts(server, job)[0].endswith(" Mine. Still.")
