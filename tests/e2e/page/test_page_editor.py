"""Correcting: times, text that moves, new and removed segments, doubtful places, a part again."""

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
"""Where "Thank you for waiting …" is said."""


@pytest.fixture(scope="module")
def walk(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Any]]:
    """A recording with speakers and doubtful words, and its segments."""
    with server.client() as http:
        id = submitted(http, joined(tmp_path_factory.mktemp("sound") / "walk.wav", 1))
        until_ended(http, id)
        corrected(http, id)
        return id, kept(server, id)


@pytest.fixture
def job(server: Server, walk: tuple[str, list[Any]]) -> str:
    """The recording as it was at first."""
    id, segments = walk
    put(server, id, segments)
    return id


@pytest.fixture
def page(tab: Tab, server: Server, job: str) -> Iterator[Any]:
    tab.page.goto(f"{server.url}/#/job/{job}")
    tab.page.locator(".segment").first.wait_for(timeout=WAIT)
    yield tab.page
    assert tab.errors == []


def kept(server: Server, job: str) -> list[dict[str, Any]]:
    with server.client() as http:
        found: list[dict[str, Any]] = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    return found


def put(server: Server, job: str, segments: list[dict[str, Any]], *gaps: Any) -> None:
    names = ("start", "end", "text", "speaker", "words")
    body = {"segments": [{n: one.get(n) for n in names} for one in segments], "gaps": list(gaps)}
    with server.client() as http:
        place = f"/api/jobs/{job}/transcript"
        http.put(place, json=body, headers={"If-Match": "*"}).raise_for_status()


def test_times_are_typed_and_nudged(page: Any, tab: Tab, server: Server, job: str) -> None:
    before = kept(server, job)
    page.locator(".text").nth(1).focus()
    page.keyboard.press("Alt+t")
    asked = page.get_by_role("dialog", name="Change times")
    # Where the caret is at once; what is no time is not taken.
    page.keyboard.press("Control+a")
    page.keyboard.type("soon")
    page.keyboard.press("Enter")
    assert asked.is_visible()
    begins = f"0:0{before[1]['start'] + 0.25:.3f}"
    asked.get_by_label("Begins").first.fill(begins)
    page.keyboard.press("Enter")
    asked.wait_for(state="detached")
    saved(tab)
    after = kept(server, job)
    assert after[1]["start"] == pytest.approx(before[1]["start"] + 0.25, abs=0.002)
    assert after[1]["end"] == before[1]["end"] and after[0] == before[0]
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowRight")
    saved(tab)
    assert kept(server, job)[1]["start"] == pytest.approx(before[1]["start"] + 0.45, abs=0.002)
    # Begins where the player is.
    page.evaluate(f"{AUDIO}.currentTime = 5.5")
    page.keyboard.press("Alt+b")
    saved(tab)
    assert kept(server, job)[1]["start"] == pytest.approx(5.5, abs=0.01)


def test_an_edge_is_drawn_in_the_waveform(page: Any, tab: Tab, server: Server, job: str) -> None:
    end = kept(server, job)[0]["end"]
    page.evaluate(f"{AUDIO}.currentTime = 1")
    page.locator(".segment.sounding").wait_for()
    box = page.locator(".waveform canvas").bounding_box()
    at = box["x"] + box["width"] * end / 20
    page.mouse.move(at, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(at - box["width"] / 20, box["y"] + 20, steps=5)
    page.mouse.up()
    saved(tab)
    assert kept(server, job)[0]["end"] == pytest.approx(end - 1, abs=0.1)


def test_text_moves_and_segments_come_and_go_and_all_is_undone(
    page: Any, tab: Tab, server: Server, job: str
) -> None:
    lines = page.locator(".text")
    before = lines.all_text_contents()
    head = before[0].index(" and welcome")
    # The end of the first goes on to the second, and back again.
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
    # A new one after the first, written, and one that is removed.
    chosen(page, 0, "New segment after this")
    page.keyboard.type("A bird sings.")
    assert lines.all_text_contents()[:3] == [before[0], "A bird sings.", before[1]]
    chosen(page, 2, "Delete this segment")
    chosen(page, 0, "Join with the one after")
    after = [f"{before[0]} A bird sings.", *before[2:]]
    assert lines.all_text_contents() == after
    saved(tab)
    assert [one["text"].strip() for one in kept(server, job)] == after
    # Back to the beginning and on again, step by step, also what is saved already.
    undo = page.get_by_role("button", name="Undo")
    while undo.get_attribute("aria-disabled") is None:
        undo.click()
    assert lines.all_text_contents() == before
    saved(tab)
    assert [one["text"].strip() for one in kept(server, job)] == before
    redo = page.get_by_role("button", name="Redo")
    while redo.get_attribute("aria-disabled") is None:
        redo.click()
    saved(tab)
    page.reload()
    lines.first.wait_for(timeout=WAIT)
    assert lines.all_text_contents() == after


def chosen(page: Any, index: int, what: str) -> None:
    """An entry of a segment's menu."""
    page.locator(".text").nth(index).focus()
    page.keyboard.press("Alt+m")
    page.get_by_role("menuitem", name=what).click()


def test_doubtful_words_and_gaps_are_gone_through(page: Any, server: Server, job: str) -> None:
    put(server, job, kept(server, job), GAP)
    page.reload()
    page.locator(".gap").wait_for(timeout=WAIT)
    chip = page.get_by_role("button", name="3 doubtful places")
    selected = "String(getSelection()).trim()"
    for _ in range(2):  # and from the last to the first again
        chip.click()
        until(page, f"{selected} === 'bloom'")
        chip.click()
        until(page, "document.activeElement.textContent === 'Decode again'")
        chip.click()
        until(page, f"{selected} === 'bread'")
    page.locator(".text").first.focus()
    page.keyboard.press("Alt+Shift+n")
    until(page, f"{selected} === 'bread'")
    # What is written there is a segment at that time; a gap may also be none.
    page.get_by_role("button", name="Nothing to write").click()
    assert page.locator(".gap").count() == 0
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Write it").click()
    page.keyboard.type("Thank you.")
    page.keyboard.press("Control+s")
    page.get_by_text("Saved", exact=True).wait_for(timeout=WAIT)
    assert [25.0, 31.4, "Thank you."] in [
        [one["start"], one["end"], one["text"].strip()] for one in kept(server, job)
    ]


def test_a_gap_is_decoded_again_by_another_model_and_backend(
    page: Any, tab: Tab, server: Server, job: str
) -> None:
    put(server, job, [one for one in kept(server, job) if one["end"] < 24], GAP)
    page.reload()
    page.locator(".gap").get_by_role("button", name="Decode again").click(timeout=WAIT)
    asked = page.get_by_role("dialog", name="Decode this part again")
    assert asked.get_by_label("Begins").input_value() == "0:25.00"
    # An English model has English; one for many languages has them, and detects.
    language = asked.get_by_label("Language")
    assert language.locator("option").all_text_contents() == ["English"]
    asked.get_by_label("Model").select_option("base")
    offered = language.locator("option").all_text_contents()
    assert offered[0] == "Detect the language" and {"German", "Arabic"} < set(offered)
    assert language.input_value() == "en"
    asked.get_by_label("Backend").select_option("cpp")
    assert asked.get_by_label("Model").input_value() == "base"
    asked.get_by_role("button", name="Decode again").click()
    page.locator(".text", has_text="fresh bread").wait_for(timeout=WAIT)
    assert page.locator(".gap").count() == 0
    said = words(" ".join(page.locator(".text").all_text_contents()))
    assert said[-4:] == ["bread", "on", "the", "table"]
    with server.client() as http:
        (again,) = http.get("/api/jobs", params={"parent": job}).json()["jobs"]
        assert (again["backend"], again["model"]) == ("cpp", "base")
        assert again["options"]["language"] == "en"
        newest = http.get(f"/api/jobs/{job}/revisions").json()["revisions"][0]
        assert newest["kind"] == "decoded_again"
    assert first(tab).text_content().startswith("Good morning")
