"""The list of recordings: progress, the queue, text on the way; cancel, try again, delete."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.browsing import WAIT, Tab, needs_browser
from support.page_scene import joined, submitted
from support.samples import SAMPLES
from support.serving import Server, running, until_ended

pytestmark = [pytest.mark.slow, *needs_browser]

LONG = "The whole afternoon.wav"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("list")
    with running(folder, jobs_at_once=1, rate_limit="100000/minute") as server:
        yield server


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    """A client, and after it nothing is left to do."""
    with server.client() as client:
        yield client
        for job in client.get("/api/jobs").json()["jobs"]:
            client.delete(f"/api/jobs/{job['id']}")


@pytest.fixture
def going(http: httpx.Client, tmp_path: Path) -> str:
    """An hour that is being decoded."""
    return submitted(http, joined(tmp_path / LONG, 110))


def row(tab: Tab, name: str) -> Any:
    return tab.page.get_by_role("listitem").filter(has_text=name)


def test_progress_time_left_and_the_place_in_the_queue(
    tab: Tab, server: Server, http: httpx.Client, going: str
) -> None:
    page = tab.page
    for name in ("Next.wav", "Last.wav"):
        with (SAMPLES / "english.wav").open("rb") as file:
            http.post("/api/jobs", files={"file": (name, file)}).raise_for_status()
    page.goto(server.url)
    row(tab, "Next.wav").get_by_text("next in line").wait_for(timeout=WAIT)
    row(tab, "Last.wav").get_by_text("one before it").wait_for()
    row(tab, LONG).get_by_text(" left").wait_for(timeout=WAIT)
    bar = row(tab, LONG).get_by_role("progressbar", name=f"Progress of {LONG}")
    done = bar.evaluate("bar => bar.value")
    assert 0 < done < 1
    for _ in range(600):
        if (further := bar.evaluate("bar => bar.value")) > done:
            break
        page.wait_for_timeout(100)
    assert done < further < 1
    # What stands before them goes, and they move up without a word.
    http.post(f"/api/jobs/{going}/cancel").raise_for_status()
    row(tab, LONG).get_by_text("Cancelled").wait_for(timeout=WAIT)
    for name in ("Next.wav", "Last.wav"):
        row(tab, name).get_by_text("Done", exact=True).wait_for(timeout=WAIT)
    assert tab.errors == []


def test_text_appears_while_it_is_decoded_and_a_closed_tab_loses_nothing(
    chromium: Any, tab: Tab, server: Server, http: httpx.Client, going: str
) -> None:
    page = tab.page
    page.goto(f"{server.url}/#/job/{going}")
    page.locator(".live p").nth(2).wait_for(timeout=WAIT)
    assert "garden" in page.locator(".live").inner_text()
    page.locator(".waiting-head").get_by_text("Transcribing").wait_for()
    page.close()
    assert http.get(f"/api/jobs/{going}").json()["state"] == "running"
    other = Tab(tab.page.context)
    other.page.goto(server.url)
    row(other, LONG).get_by_role("link").click()
    other.page.locator(".live p").nth(3).wait_for(timeout=WAIT)
    first = other.page.locator(".live p").first.inner_text()
    assert first.startswith("0:0") and "Good morning" in first
    other.page.get_by_role("button", name="Cancel").click()
    other.page.locator(".waiting-head").get_by_text("Cancelled").wait_for(timeout=WAIT)
    assert http.get(f"/api/jobs/{going}").json()["state"] == "cancelled"
    # The page reloads, and the text of the first run is no longer there.
    with other.page.expect_event("load"):
        other.page.get_by_role("button", name="Try again").click()
    other.page.locator(".live p").nth(2).wait_for(timeout=WAIT)
    assert http.get(f"/api/jobs/{going}").json()["state"] == "running"
    assert other.errors == []


def test_what_is_cancelled_in_the_list_can_be_tried_again(
    tab: Tab, server: Server, http: httpx.Client, going: str
) -> None:
    page = tab.page
    job = submitted(http, SAMPLES / "english.wav")
    page.goto(server.url)
    row(tab, "english.wav").get_by_text("Waiting").wait_for(timeout=WAIT)
    chosen(tab, "english.wav", "Cancel")
    row(tab, "english.wav").get_by_text("Cancelled").wait_for(timeout=WAIT)
    chosen(tab, LONG, "Cancel")
    row(tab, LONG).get_by_text("Cancelled").wait_for(timeout=WAIT)
    chosen(tab, "english.wav", "Try again")
    row(tab, "english.wav").get_by_text("Done", exact=True).wait_for(timeout=WAIT)
    assert "garden" in http.get(f"/api/jobs/{job}/transcript?format=txt").text
    assert tab.errors == []


def chosen(tab: Tab, name: str, what: str) -> None:
    """An entry of a recording's menu."""
    tab.page.get_by_role("button", name=f"More for {name}").click()
    tab.page.get_by_role("menuitem", name=what, exact=True).click()


def test_who_deletes_is_told_what_goes(tab: Tab, server: Server, http: httpx.Client) -> None:
    page = tab.page
    job = submitted(http, SAMPLES / "english.wav")
    until_ended(http, job)
    changes = {"changes": [{"at": 0, "remove": 1, "segments": []}]}
    place = f"/api/jobs/{job}"
    tag = http.get(f"{place}/transcript").headers["etag"]
    http.patch(f"{place}/transcript", json=changes, headers={"If-Match": tag}).raise_for_status()
    for name in ("The desk", "The lawyer"):
        http.post(f"{place}/shares", json={"name": name}).raise_for_status()
    page.goto(server.url)
    row(tab, "english.wav").get_by_text("Done", exact=True).wait_for(timeout=WAIT)
    chosen(tab, "english.wav", "Delete")
    asked = page.get_by_role("dialog", name="Delete english.wav?")
    told = asked.inner_text()
    assert "the recording (333 kB), its text in 2 versions, and 2 links" in told
    asked.get_by_role("button", name="Cancel").click()
    assert http.get(place).status_code == 200
    chosen(tab, "english.wav", "Delete")
    asked.get_by_role("button", name="Delete").click()
    page.get_by_text("Nothing here yet").wait_for(timeout=WAIT)
    assert http.get(place).status_code == 404
    # And whoever still has its address is told.
    page.goto(f"{server.url}/#/job/{job}")
    page.get_by_role("heading", name="There is no such thing here").wait_for()
