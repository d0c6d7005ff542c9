"""The list of recordings: progress, queue, text during decoding; cancel, retry, delete."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.browsing import WAIT, Tab, needs_browser, until
from support.page_scene import joined, submitted
from support.samples import SAMPLES
from support.serving import Server, running, until_ended
from support.wire import Wire

pytestmark = [pytest.mark.slow, *needs_browser]

LONG = "The whole afternoon.wav"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("list")
    with running(
        folder, jobs_at_once=1, rate_limit="100000/minute",
        batch_size=1,  # progress comes soon and lasts long
    ) as server:  # fmt: skip
        yield server


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    """A client; deletes all jobs afterwards."""
    with server.client() as client:
        yield client
        for job in client.get("/api/jobs").json()["jobs"]:
            client.delete(f"/api/jobs/{job['id']}")


@pytest.fixture
def running_job(http: httpx.Client, tmp_path: Path) -> str:
    """Half an hour of audio that is being decoded."""
    return submitted(http, joined(tmp_path / LONG, 55))


def row(tab: Tab, name: str) -> Any:
    return tab.page.get_by_role("listitem").filter(has_text=name)


def test_the_list_shows_progress_time_left_and_queue_position(
    tab: Tab, server: Server, http: httpx.Client, running_job: str
) -> None:
    page = tab.page
    for name in ("Next.wav", "Last.wav"):
        with (SAMPLES / "english.wav").open("rb") as file:
            http.post("/api/jobs", files={"file": (name, file)}).raise_for_status()
    page.goto(server.url)
    row(tab, "Next.wav").get_by_text("next in line").wait_for(timeout=WAIT)
    row(tab, "Last.wav").get_by_text("one ahead of it").wait_for()
    row(tab, LONG).get_by_text(" left").wait_for(timeout=WAIT)
    bar = row(tab, LONG).get_by_role("progressbar", name=f"Progress of {LONG}")
    done = bar.evaluate("bar => bar.value")
    assert 0 < done < 1
    for _ in range(600):
        if (further := bar.evaluate("bar => bar.value")) > done:
            break
        page.wait_for_timeout(100)
    assert done < further < 1
    # Cancelling the first job lets the others run.
    http.post(f"/api/jobs/{running_job}/cancel").raise_for_status()
    row(tab, LONG).get_by_text("Cancelled").wait_for(timeout=WAIT)
    for name in ("Next.wav", "Last.wav"):
        row(tab, name).get_by_text("Done", exact=True).wait_for(timeout=WAIT)
    assert tab.errors == []


def test_text_appears_during_decoding_and_survives_a_closed_tab(
    chromium: Any, tab: Tab, server: Server, http: httpx.Client, running_job: str
) -> None:
    page = tab.page
    page.goto(f"{server.url}/#/job/{running_job}")
    page.locator(".live p").nth(2).wait_for(timeout=WAIT)
    assert "garden" in page.locator(".live").inner_text()
    page.locator(".waiting-head").get_by_text("Transcribing").wait_for()
    page.close()
    assert http.get(f"/api/jobs/{running_job}").json()["state"] == "running"
    other = Tab(tab.page.context)
    other.page.goto(server.url)
    row(other, LONG).get_by_role("link").click()
    other.page.locator(".live p").nth(3).wait_for(timeout=WAIT)
    first = other.page.locator(".live p").first.inner_text()
    assert first.startswith("0:0") and "Good morning" in first
    other.page.get_by_role("button", name="Cancel").click()
    other.page.locator(".waiting-head").get_by_text("Cancelled").wait_for(timeout=WAIT)
    assert http.get(f"/api/jobs/{running_job}").json()["state"] == "cancelled"
    # Wait for the reload: until then the page still shows the text of the first run.
    with other.page.expect_event("load"):
        other.page.get_by_role("button", name="Try again").click()
    other.page.locator(".live p").nth(2).wait_for(timeout=WAIT)
    assert http.get(f"/api/jobs/{running_job}").json()["state"] == "running"
    assert other.errors == []


def test_a_job_is_cancelled_and_retried_from_the_list(
    tab: Tab, server: Server, http: httpx.Client, running_job: str
) -> None:
    page = tab.page
    job = submitted(http, SAMPLES / "english.wav")
    page.goto(server.url)
    row(tab, "english.wav").get_by_text("Waiting").wait_for(timeout=WAIT)
    choose(tab, "english.wav", "Cancel")
    row(tab, "english.wav").get_by_text("Cancelled").wait_for(timeout=WAIT)
    choose(tab, LONG, "Cancel")
    row(tab, LONG).get_by_text("Cancelled").wait_for(timeout=WAIT)
    choose(tab, "english.wav", "Try again")
    row(tab, "english.wav").get_by_text("Done", exact=True).wait_for(timeout=WAIT)
    assert "garden" in http.get(f"/api/jobs/{job}/transcript?format=txt").text
    assert tab.errors == []


def choose(tab: Tab, name: str, entry: str) -> None:
    """Choose an entry of a recording's menu."""
    tab.page.get_by_role("button", name=f"More for {name}").click()
    tab.page.get_by_role("menuitem", name=entry, exact=True).click()


def test_the_delete_dialog_lists_what_is_deleted(
    tab: Tab, server: Server, http: httpx.Client
) -> None:
    page = tab.page
    job = submitted(http, SAMPLES / "english.wav")
    until_ended(http, job)
    changes = {"changes": [{"at": 0, "remove": 1, "segments": []}]}
    path = f"/api/jobs/{job}"
    tag = http.get(f"{path}/transcript").headers["etag"]
    http.patch(f"{path}/transcript", json=changes, headers={"If-Match": tag}).raise_for_status()
    for name in ("The desk", "The lawyer"):
        http.post(f"{path}/shares", json={"name": name}).raise_for_status()
    page.goto(server.url)
    row(tab, "english.wav").get_by_text("Done", exact=True).wait_for(timeout=WAIT)
    choose(tab, "english.wav", "Delete")
    dialog = page.get_by_role("dialog", name="Delete english.wav?")
    text = dialog.inner_text()
    assert "the recording (333 kB), its text in 2 versions, and 2 shared links" in text
    dialog.get_by_role("button", name="Cancel").click()
    assert http.get(path).status_code == 200
    choose(tab, "english.wav", "Delete")
    dialog.get_by_role("button", name="Delete").click()
    page.get_by_text("Nothing here yet").wait_for(timeout=WAIT)
    assert http.get(path).status_code == 404
    # Its address shows that it no longer exists.
    page.goto(f"{server.url}/#/job/{job}")
    page.get_by_role("heading", name="Page not found").wait_for()


def test_a_word_is_found_and_recordings_are_named_tagged_exported_and_deleted(
    tab: Tab, server: Server, http: httpx.Client
) -> None:
    page = tab.page
    for _ in range(2):
        job = submitted(http, SAMPLES / "english.wav")
    until_ended(http, job)
    page.goto(server.url)
    page.get_by_role("searchbox").fill("garden")
    page.get_by_text("2 recordings found").wait_for(timeout=WAIT)
    place = page.locator(".found a").first
    assert place.locator("mark").inner_text().lower() == "garden"
    place.click()
    page.locator(".segment").first.wait_for(timeout=WAIT)
    page.go_back()
    page.get_by_text("2 recordings found").wait_for(timeout=WAIT)  # the search is kept
    row(tab, "english.wav").first.get_by_role("button").click()
    page.get_by_role("menuitem", name="Rename").click()
    name = page.get_by_role("dialog").get_by_role("textbox")
    name.fill("The garden.wav")
    name.press("Enter")
    row(tab, "The garden.wav").wait_for()
    row(tab, "english.wav").get_by_role("checkbox").click()
    row(tab, "The garden.wav").get_by_role("checkbox").click(modifiers=["Shift"])
    bar = page.get_by_role("toolbar", name="Chosen recordings")
    bar.get_by_role("button", name="Tags").click()
    page.get_by_role("textbox", name="Tags").fill("radio, river")
    page.get_by_role("button", name="Save").click()
    row(tab, "The garden.wav").get_by_role("button", name="river").click()
    until(page, "document.querySelector('[aria-label=Tag]').value === 'river'", seconds=10)
    bar.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "Transcripts.zip"
    bar.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete 2 recordings?").wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("Nothing found").wait_for(timeout=WAIT)
    assert http.get("/api/jobs").json()["total"] == 0
    assert tab.errors == []


def test_views_start_at_their_top_and_are_left_where_they_were(
    tab: Tab, server: Server, http: httpx.Client, tmp_path: Path
) -> None:
    page = tab.page
    page.set_viewport_size({"width": 390, "height": 400})
    for name in ("one", "two", "three"):
        job = submitted(http, joined(tmp_path / f"{name}.wav", 1))
    until_ended(http, job)
    page.goto(server.url)
    page.get_by_text("3 recordings").wait_for(timeout=WAIT)
    # Rows that are out of sight are not in the document.
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    row(tab, "one.wav").wait_for(timeout=WAIT)
    page.wait_for_timeout(300)  # the page hears of the scroll in its next frame
    place = page.evaluate("scrollY")
    assert place > 200
    page.evaluate("id => { location.hash = `#/job/${id}/export` }", job)
    page.get_by_role("heading", name="Export").wait_for()
    page.wait_for_timeout(200)
    assert page.evaluate("scrollY") == 0
    page.go_back()
    until(page, f"scrollY === {place}", seconds=10)


def test_a_view_that_takes_long_says_that_it_loads(tab: Tab, server: Server) -> None:
    wire = Wire(server.port, 40_000)  # bytes per second
    tab.page.goto(f"http://127.0.0.1:{wire.port}")
    tab.page.get_by_text("Loading …").first.wait_for(timeout=WAIT)
    tab.page.get_by_role("button", name="Choose files").wait_for(timeout=WAIT)
    tab.page.get_by_text("Loading …").wait_for(state="detached", timeout=WAIT)
