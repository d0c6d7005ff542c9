"""Vocabulary lists in the page: shared with colleagues, and used by new recordings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.browsing import WAIT, Tab, needs_browser, until
from support.samples import SAMPLES
from support.serving import Server

pytestmark = [pytest.mark.slow, *needs_browser]

COUNCIL = "/api/vocabularies/City council"


@pytest.fixture
def colleague(server: Server) -> Iterator[httpx.Client]:
    """A client of the same server, who leaves no lists behind."""
    with server.client() as client:
        yield client
        for vocabulary in client.get("/api/vocabularies").json()["vocabularies"]:
            client.delete(f"/api/vocabularies/{vocabulary['name']}")


def test_a_list_is_written_shared_and_used(
    tab: Tab, server: Server, colleague: httpx.Client
) -> None:
    page = tab.page
    page.goto(server.url)
    page.get_by_role("button", name="New list").click()
    page.get_by_label("Name", exact=True).fill("City council")
    page.get_by_label("Names and terms", exact=True).fill("Zyzzyva, Ada Lovelace\nMüller\n")
    page.get_by_text("3 entries").wait_for()
    page.get_by_role("button", name="Save").click()
    chosen = page.get_by_role("button", name="City council", pressed=True)
    chosen.wait_for()

    # A colleague adds a word while this window removes and adds others: nothing is lost.
    page.get_by_role("button", name="Edit lists").click()
    page.get_by_role("dialog").get_by_role("button", name="City council").click()
    words = page.get_by_label("Names and terms", exact=True)
    words.fill("Zyzzyva\nAda Lovelace\nOld Mill Lane")
    theirs = ["Zyzzyva", "Ada Lovelace", "Müller", "Thielemann"]
    colleague.put(COUNCIL, json={"words": theirs}).raise_for_status()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("dialog").get_by_text("4 entries").wait_for()
    merged = ["Zyzzyva", "Ada Lovelace", "Thielemann", "Old Mill Lane"]
    assert colleague.get(COUNCIL).json()["words"] == merged
    page.keyboard.press("Escape")

    page.reload()
    chosen.wait_for()
    sound = (SAMPLES / "english.wav").read_bytes()
    meeting: Any = {"name": "meeting.wav", "mimeType": "audio/wav", "buffer": sound}
    page.set_input_files("input[type=file]", meeting)
    page.get_by_role("link", name="meeting.wav").wait_for(timeout=WAIT)
    job = colleague.get("/api/jobs?limit=1").json()["jobs"][0]
    assert job["options"]["hotwords"] == ", ".join(merged)
    colleague.delete(f"/api/jobs/{job['id']}")
    assert len(tab.errors) == 1 and "412" in tab.errors[0]  # the browser reports the conflict


def test_a_refused_list_keeps_what_was_typed(
    tab: Tab, server: Server, colleague: httpx.Client
) -> None:
    page = tab.page
    colleague.put(COUNCIL, json={"words": ["Zyzzyva"]}).raise_for_status()
    page.goto(server.url)
    page.get_by_role("button", name="City council").click()
    page.get_by_role("button", name="New list").click()
    page.get_by_label("Name", exact=True).fill("City council")
    page.get_by_label("Names and terms", exact=True).fill("precious")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("There is a list of this name already").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Cancel").last.click()  # does not discard it
    page.get_by_label("Name", exact=True).fill("Mine")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Mine", pressed=True).wait_for()
    assert colleague.get("/api/vocabularies/Mine").json()["words"] == ["precious"]

    page.get_by_role("button", name="Edit lists").click()
    page.get_by_role("dialog").get_by_role("button", name="Mine").click()
    page.get_by_role("button", name="Delete the list").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Delete the list").click()
    page.get_by_role("dialog").get_by_text("1 entry").wait_for()
    colleague.delete(COUNCIL).raise_for_status()
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('.vocabulary .list')")
    stored = page.evaluate("JSON.parse(localStorage['unispeech.options']).vocabulary")
    assert stored == ""  # deleted lists are no longer chosen
