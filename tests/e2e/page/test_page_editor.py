"""Corrections: times, moved text, new and removed segments, doubtful places, decoding again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser, until
from support.page_scene import corrected, joined, submitted
from support.page_steps import caret, first, saved
from support.samples import words
from support.serving import Server, until_ended

pytestmark = [pytest.mark.slow, *needs_browser]

AUDIO = "document.querySelector('audio')"
GAP = {"start": 25.0, "end": 31.4, "reason": "speech without text"}
"""The time of "Thank you for waiting …"."""


@pytest.fixture(scope="module")
def walk(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Any]]:
    """A recording with speakers and doubtful words, and its segments."""
    with server.client() as http:
        id = submitted(http, joined(tmp_path_factory.mktemp("sound") / "walk.wav", 1))
        until_ended(http, id)
        corrected(http, id)
        return id, segments_of(server, id)


@pytest.fixture
def job(server: Server, walk: tuple[str, list[Any]]) -> str:
    """The recording with its original transcript."""
    id, segments = walk
    put(server, id, segments)
    return id


@pytest.fixture
def page(tab: Tab, server: Server, job: str) -> Iterator[Any]:
    tab.page.goto(f"{server.url}/#/job/{job}")
    tab.page.locator(".segment").first.wait_for(timeout=WAIT)
    yield tab.page
    assert tab.errors == []


def segments_of(server: Server, job: str) -> list[dict[str, Any]]:
    with server.client() as http:
        segments: list[dict[str, Any]] = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    return segments


def put(server: Server, job: str, segments: list[dict[str, Any]], *gaps: Any) -> None:
    names = ("start", "end", "text", "speaker", "words")
    body = {
        "segments": [{n: segment.get(n) for n in names} for segment in segments],
        "gaps": list(gaps),
    }
    with server.client() as http:
        place = f"/api/jobs/{job}/transcript"
        http.put(place, json=body, headers={"If-Match": "*"}).raise_for_status()


def test_times_are_typed_nudged_and_set_to_the_player(
    page: Any, tab: Tab, server: Server, job: str
) -> None:
    before = segments_of(server, job)
    page.locator(".text").nth(1).focus()
    page.keyboard.press("Alt+t")
    dialog = page.get_by_role("dialog", name="Change times")
    # The field has the caret at once; an invalid time is not accepted.
    page.keyboard.press("Control+a")
    page.keyboard.type("soon")
    page.keyboard.press("Enter")
    assert dialog.is_visible()
    begins = f"0:0{before[1]['start'] + 0.25:.3f}"
    dialog.get_by_label("Begins").first.fill(begins)
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    saved(tab)
    after = segments_of(server, job)
    assert after[1]["start"] == pytest.approx(before[1]["start"] + 0.25, abs=0.002)
    assert after[1]["end"] == before[1]["end"] and after[0] == before[0]
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowRight")
    saved(tab)
    assert segments_of(server, job)[1]["start"] == pytest.approx(
        before[1]["start"] + 0.45, abs=0.002
    )
    # Set the start to the player's position.
    page.evaluate(f"{AUDIO}.currentTime = 5.5")
    page.keyboard.press("Alt+b")
    saved(tab)
    assert segments_of(server, job)[1]["start"] == pytest.approx(5.5, abs=0.01)


def test_dragging_an_edge_in_the_waveform_changes_the_time(
    page: Any, tab: Tab, server: Server, job: str
) -> None:
    end = segments_of(server, job)[0]["end"]
    page.evaluate(f"{AUDIO}.currentTime = 1")
    page.locator(".segment.sounding").wait_for()
    box = page.locator(".waveform canvas").bounding_box()
    at = box["x"] + box["width"] * end / 20
    page.mouse.move(at, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(at - box["width"] / 20, box["y"] + 20, steps=5)
    page.mouse.up()
    saved(tab)
    assert segments_of(server, job)[0]["end"] == pytest.approx(end - 1, abs=0.1)


def test_moved_inserted_and_removed_text_is_undone_and_redone(
    page: Any, tab: Tab, server: Server, job: str
) -> None:
    lines = page.locator(".text")
    before = lines.all_text_contents()
    head = before[0].index(" and welcome")
    # Move the end of the first segment to the second and back.
    caret(tab, head)
    page.keyboard.press("Alt+Shift+ArrowDown")
    moved = lines.all_text_contents()
    assert moved[0] == before[0][:head]
    assert moved[1] == f"{before[0][head:].strip()} {before[1]}"
    lines.nth(1).focus()
    page.keyboard.press("Control+Home")
    for _ in range(len(before[0][head:].strip())):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowUp")
    assert lines.all_text_contents() == before
    # Insert a segment after the first, and remove one.
    choose(page, 0, "New segment after this")
    page.keyboard.type("A bird sings.")
    assert lines.all_text_contents()[:3] == [before[0], "A bird sings.", before[1]]
    choose(page, 2, "Delete this segment")
    choose(page, 0, "Join with the next segment")
    after = [f"{before[0]} A bird sings.", *before[2:]]
    assert lines.all_text_contents() == after
    saved(tab)
    assert [segment["text"].strip() for segment in segments_of(server, job)] == after
    # Undo and redo every step, including saved ones.
    undo = page.get_by_role("button", name="Undo")
    while undo.get_attribute("aria-disabled") is None:
        undo.click()
    assert lines.all_text_contents() == before
    saved(tab)
    assert [segment["text"].strip() for segment in segments_of(server, job)] == before
    redo = page.get_by_role("button", name="Redo")
    while redo.get_attribute("aria-disabled") is None:
        redo.click()
    saved(tab)
    page.reload()
    lines.first.wait_for(timeout=WAIT)
    assert lines.all_text_contents() == after


def choose(page: Any, index: int, entry: str) -> None:
    """Choose an entry of a segment's menu."""
    page.locator(".text").nth(index).focus()
    page.keyboard.press("Alt+m")
    page.get_by_role("menuitem", name=entry).click()


def test_the_doubts_button_visits_words_and_gaps(page: Any, server: Server, job: str) -> None:
    put(server, job, segments_of(server, job), GAP)
    page.reload()
    page.locator(".gap").wait_for(timeout=WAIT)
    chip = page.get_by_role("button", name="3 doubtful places")
    selected = "String(getSelection()).trim()"
    for _ in range(2):  # the last is followed by the first
        chip.click()
        until(page, f"{selected} === 'bloom'")
        chip.click()
        until(page, "document.activeElement.textContent === 'Decode again'")
        chip.click()
        until(page, f"{selected} === 'bread'")
    page.locator(".text").first.focus()
    page.keyboard.press("Alt+Shift+n")
    until(page, f"{selected} === 'bread'")
    # A gap can be dismissed, or filled with a segment at its time.
    page.get_by_role("button", name="Nothing to write").click()
    assert page.locator(".gap").count() == 0
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Type the text").click()
    page.keyboard.type("Thank you.")
    page.keyboard.press("Control+s")
    page.get_by_text("Saved", exact=True).wait_for(timeout=WAIT)
    assert [25.0, 31.4, "Thank you."] in [
        [segment["start"], segment["end"], segment["text"].strip()]
        for segment in segments_of(server, job)
    ]


def test_a_gap_is_decoded_again_with_another_backend(
    page: Any, tab: Tab, server: Server, job: str
) -> None:
    put(server, job, [segment for segment in segments_of(server, job) if segment["end"] < 24], GAP)
    page.reload()
    page.locator(".gap").get_by_role("button", name="Decode again").click(timeout=WAIT)
    dialog = page.get_by_role("dialog", name="Decode this part again")
    assert dialog.get_by_label("Begins").input_value() == "0:25.00"
    # An English model offers English; a multilingual one its languages and detection.
    language = dialog.get_by_label("Language")
    assert language.locator("option").all_text_contents() == ["English"]
    dialog.get_by_label("Model").select_option("base")
    offered = language.locator("option").all_text_contents()
    assert offered[0] == "Detect the language" and {"German", "Arabic"} < set(offered)
    assert language.input_value() == "en"
    dialog.get_by_label("Backend").select_option("cpp")
    assert dialog.get_by_label("Model").input_value() == "base"
    dialog.get_by_role("button", name="Decode again").click()
    page.locator(".text", has_text="fresh bread").wait_for(timeout=WAIT)
    assert page.locator(".gap").count() == 0
    text = words(" ".join(page.locator(".text").all_text_contents()))
    assert text[-4:] == ["bread", "on", "the", "table"]
    with server.client() as http:
        (again,) = http.get("/api/jobs", params={"parent": job}).json()["jobs"]
        assert (again["backend"], again["model"]) == ("cpp", "base")
        assert again["options"]["language"] == "en"
        newest = http.get(f"/api/jobs/{job}/revisions").json()["revisions"][0]
        assert newest["kind"] == "decoded_again"
    assert first(tab).text_content().startswith("Good morning")
