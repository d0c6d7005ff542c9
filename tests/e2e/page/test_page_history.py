"""The history of a transcript, and edits in two windows."""

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
    # The browser itself logs lost connections and status 412.
    assert [error for error in tab.errors if "Failed to load resource" not in error] == []


@pytest.fixture
def other(chromium: Any, page: Any, server: Server, job: str) -> Iterator[Tab]:
    """The same recording in a window of another device."""
    context = chromium.new_context(locale="en-GB")
    other = Tab(context)
    opened(other, server, job)
    yield other
    context.close()


def opened(tab: Tab, server: Server, job: str) -> None:
    tab.page.goto(f"{server.url}/#/job/{job}")
    first(tab).wait_for(timeout=WAIT)


def texts(server: Server, job: str, number: int | None = None) -> list[str]:
    """Texts of the current transcript, or of a revision."""
    path = f"/api/jobs/{job}" + (f"/revisions/{number}" if number else "/transcript")
    with server.client() as http:
        segments = http.get(f"{path}?format=json").raise_for_status().json()["segments"]
    return [str(segment["text"]).strip() for segment in segments]


def numbers(server: Server, job: str) -> list[int]:
    with server.client() as http:
        return [
            revision["number"]
            for revision in http.get(f"/api/jobs/{job}/revisions").json()["revisions"]
        ]


def append_to(tab: Tab, index: int, text: str) -> None:
    """Type at the end of a segment."""
    tab.page.locator(".text").nth(index).focus()
    tab.page.keyboard.press("Control+End")
    tab.page.keyboard.type(text)


def test_every_save_is_a_version_that_can_be_restored(
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
    assert "current" in versions.first.inner_text() and "decoded" in versions.nth(2).inner_text()
    # The newest earlier version has the focus; the arrow keys select others.
    assert page.evaluate("document.activeElement.value") == str(numbers(server, job)[1])
    page.keyboard.press("ArrowDown")
    page.locator(".preview ins", has_text="Two.").wait_for(timeout=WAIT)
    assert "1 segment differs" in page.locator(".preview").inner_text()
    page.get_by_role("button", name="Restore this version").click()
    page.get_by_text("Restored.").wait_for(timeout=WAIT)
    assert first(tab).text_content() == decoded[0]
    assert texts(server, job) == decoded and len(numbers(server, job)) == 4
    # Restoring is one undo step, which again makes a version.
    page.get_by_role("button", name="Undo").click()
    saved(tab)
    assert texts(server, job)[0] == f"{decoded[0]} One. Two."
    assert len(numbers(server, job)) == 5


def test_changes_of_different_segments_are_merged(
    page: Any, tab: Tab, other: Tab, server: Server, job: str
) -> None:
    before = texts(server, job)
    last = len(before) - 1
    append_to(tab, 0, " Mine.")
    append_to(other, last, " Theirs.")
    for _ in range(300):
        if texts(server, job) == [f"{before[0]} Mine.", *before[1:-1], f"{before[-1]} Theirs."]:
            break
        page.wait_for_timeout(100)
    for window in (tab, other):
        saved(window)
        window.page.locator(".text", has_text="Mine.").wait_for(timeout=WAIT)
        window.page.locator(".text", has_text="Theirs.").wait_for(timeout=WAIT)
    assert texts(server, job) == [f"{before[0]} Mine.", *before[1:-1], f"{before[-1]} Theirs."]


@pytest.mark.parametrize("answer", ["Keep all of theirs", "Keep the choice"])
def test_conflicting_changes_all_stay_in_the_history(
    page: Any, tab: Tab, other: Tab, server: Server, job: str, answer: str
) -> None:
    """The rejected changes stay in the history, even those that were never saved."""
    before = texts(server, job)
    page.context.set_offline(True)
    append_to(tab, 0, " Mine.")
    append_to(tab, 2, " Also mine.")
    added(other, " Theirs.")
    append_to(other, 2, " Also theirs.")
    saved(other)
    page.context.set_offline(False)
    dialog = page.get_by_role("dialog", name="Changed in two windows")
    dialog.wait_for(timeout=WAIT)
    mine = [f"{before[0]} Mine.", before[1], f"{before[2]} Also mine.", *before[3:]]
    theirs = [f"{before[0]} Theirs.", before[1], f"{before[2]} Also theirs.", *before[3:]]
    expected = theirs
    if answer == "Keep the choice":
        dialog.get_by_role("radio").last.check()
        expected = [mine[0], *theirs[1:]]
    dialog.get_by_role("button", name=answer).click()
    saved(tab)
    assert page.locator(".text").all_text_contents() == expected
    for _ in range(100):
        if texts(server, job) == expected:
            break
        page.wait_for_timeout(100)
    assert texts(server, job) == expected
    history = [texts(server, job, number) for number in numbers(server, job)]
    assert mine in history and theirs in history


def test_a_postponed_conflict_overwrites_nothing(
    page: Any, tab: Tab, other: Tab, server: Server, job: str
) -> None:
    page.context.set_offline(True)
    append_to(tab, 0, " Mine.")
    added(other, " Theirs.")
    page.context.set_offline(False)
    dialog = page.get_by_role("dialog", name="Changed in two windows")
    dialog.wait_for(timeout=WAIT)
    dialog.get_by_role("button", name="Later").click()
    page.get_by_text("Changed elsewhere").wait_for()
    assert texts(server, job)[0].endswith(" Theirs.")
    assert first(tab).text_content().endswith(" Mine.")
    # The next change asks again.
    append_to(tab, 0, " Still.")
    dialog.get_by_role("button", name="Keep all of yours").click(timeout=WAIT)
    saved(tab)
    assert texts(server, job)[0].endswith(" Mine. Still.")
