"""Playback in the editor: player, waveform and the highlighted word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser, until
from support.page_scene import joined, submitted
from support.page_steps import place
from support.serving import Server, until_ended

pytestmark = [pytest.mark.slow, *needs_browser]

AUDIO = "document.querySelector('audio')"
TIME = f"{AUDIO}.currentTime"
LIT = """[...CSS.highlights.get("speaking")]
  .map((range) => range.startContainer.data.slice(range.startOffset, range.endOffset))
  .join("|").trim()"""
"""The highlighted word."""
PAINTED = """([from, to]) => {
  const canvas = document.querySelector(".waveform canvas");
  const [left, right] = [from, to].map((share) => Math.round(share * canvas.width));
  const { data } = canvas.getContext("2d").getImageData(left, 0, right - left, canvas.height);
  let count = 0;
  for (let at = 3; at < data.length; at += 4) count += data[at] > 0;
  return count / (right - left) / canvas.height;
}"""
"""Coloured share of a part of the waveform."""


@pytest.fixture(scope="module")
def job(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    with server.client() as http:
        id = submitted(http, joined(tmp_path_factory.mktemp("sound") / "walk.wav", 1))
        until_ended(http, id)
    return id


@pytest.fixture
def segments(server: Server, job: str) -> list[dict[str, Any]]:
    with server.client() as http:
        segments: list[dict[str, Any]] = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    return segments


@pytest.fixture
def page(tab: Tab, server: Server, job: str) -> Iterator[Any]:
    """The editor; checks that the console has no errors afterwards."""
    tab.page.goto(f"{server.url}/#/job/{job}")
    tab.page.locator(".segment").first.wait_for(timeout=WAIT)
    until(tab.page, f"{AUDIO}.readyState > 0")
    yield tab.page
    assert tab.errors == []


def test_the_spoken_word_is_highlighted(page: Any, segments: list[dict[str, Any]]) -> None:
    words = [word for segment in segments for word in segment["words"]]
    for word in [word for word in words if word["end"] - word["start"] > 0.1][::4]:
        page.evaluate(f"{TIME} = {(word['start'] + word['end']) / 2}")
        until(page, f"{LIT} === {word['word'].strip()!r}")
        assert page.locator(".segment.sounding").count() == 1


def test_clicking_a_word_plays_it(page: Any, tab: Tab, segments: list[dict[str, Any]]) -> None:
    for name in ("river", "morning"):
        start = next(
            word["start"]
            for segment in segments
            for word in segment["words"]
            if name in word["word"]
        )
        at = place(tab, name)
        page.mouse.click(at["x"], at["y"])
        until(page, f"!{AUDIO}.paused")
        assert start - 0.01 <= page.evaluate(TIME) < start + 1.5
        page.keyboard.press("Escape")
        until(page, f"{AUDIO}.paused")


def test_seeking_by_keys_and_slider(page: Any) -> None:
    page.evaluate(f"{TIME} = 10")
    page.keyboard.press("Alt+l")
    until(page, f"{TIME} === 13")
    page.keyboard.press("Alt+j")
    page.keyboard.press("Alt+j")
    until(page, f"{TIME} === 7")
    slider = page.get_by_role("slider", name="Position")
    slider.focus()
    page.keyboard.press("End")
    until(page, f"{TIME} > 31")
    assert page.locator(".segment.sounding .text").inner_text().endswith("table.")
    page.keyboard.press("Home")
    until(page, f"{TIME} === 0")
    assert slider.get_attribute("aria-valuetext") == "0:00 of 0:31"


def test_speed_is_remembered(page: Any) -> None:
    page.keyboard.press("Alt+.")
    page.keyboard.press("Alt+.")
    assert page.evaluate(f"{AUDIO}.playbackRate") == 1.5
    assert page.get_by_label("Speed").input_value() == "1.5"
    page.keyboard.press("Alt+,")
    assert page.evaluate(f"{AUDIO}.playbackRate") == 1.25
    page.reload()
    page.locator(".segment").first.wait_for(timeout=WAIT)
    assert page.evaluate(f"{AUDIO}.playbackRate") == 1.25


def test_a_segment_is_looped_until_stopped(page: Any, segments: list[dict[str, Any]]) -> None:
    start, end = segments[0]["start"], segments[0]["end"]
    page.get_by_label("Speed").select_option("2")
    page.locator(".text").first.focus()
    page.keyboard.press("Alt+o")
    repeat = page.get_by_role("button", name="Repeat the segment")
    assert repeat.get_attribute("aria-pressed") == "true"
    for _ in range(2):
        until(page, f"{TIME} > {end - 0.7}")
        until(page, f"{TIME} < {start + 0.7}")
    page.keyboard.press("Alt+o")
    assert repeat.get_attribute("aria-pressed") == "false"
    until(page, f"{TIME} > {end + 0.5}")


def test_playing_one_segment_stops_at_its_end(page: Any, segments: list[dict[str, Any]]) -> None:
    page.get_by_label("Speed").select_option("2")
    page.locator(".text").first.focus()
    page.keyboard.press("Alt+p")
    until(page, f"!{AUDIO}.paused")
    until(page, f"{AUDIO}.paused")
    assert segments[0]["end"] <= page.evaluate(TIME) < segments[0]["end"] + 0.5


def test_the_waveform_shows_speech_and_seeks(page: Any) -> None:
    """The waveform shows 20 s. Nobody speaks after 14 s, and the first segment is tinted."""
    until(page, f"({PAINTED})([0.3, 0.48]) > 0.1")
    quiet = page.evaluate(PAINTED, [0.8, 0.95])
    assert page.evaluate(PAINTED, [0.3, 0.48]) > 4 * quiet
    wave = page.locator(".waveform canvas")
    wide = wave.bounding_box()["width"]
    wave.click(position={"x": wide * 0.4, "y": 20})
    until(page, f"Math.abs({TIME} - 8) < 0.1")
    # The needle is there and moves during playback.
    needle = page.locator(".needle")
    assert abs(needle.bounding_box()["x"] - wave.bounding_box()["x"] - wide * 0.4) < 4
    page.keyboard.press("Escape")
    until(page, f"{TIME} > 9")
    page.keyboard.press("Escape")
    assert needle.bounding_box()["x"] > wave.bounding_box()["x"] + wide * 0.44
