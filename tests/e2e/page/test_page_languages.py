"""Scripts from right to left and without spaces, an Arabic page, and subtitles over a video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser, until
from support.page_scene import submitted
from support.page_steps import caret, place, saved
from support.recordings import talking_video
from support.samples import SAMPLES
from support.serving import Server, until_ended

pytestmark = [pytest.mark.slow, *needs_browser]

ARABIC = ["صباح", " الخير", " وأهلا", " بكم", " في", " الحديقة"]
HEBREW = ["בוקר", " טוב", " וברוכים", " הבאים", " לגן", " שלנו"]
CHINESE = ["今天", "天气", "很好", "我们", "去", "公园"]
JAPANESE = ["今日", "は", "天気", "が", "いい", "です"]


@pytest.fixture(scope="module")
def job(server: Server) -> str:
    with server.client() as http:
        id = submitted(http, SAMPLES / "pause.wav")
        until_ended(http, id)
    return id


def opened(tab: Tab, server: Server, job: str, tokens: list[str]) -> Any:
    """Open the editor with one segment of these words, each two seconds long."""
    timed = [
        {"start": 2.0 * i, "end": 2.0 * i + 1.8, "word": word} for i, word in enumerate(tokens)
    ]
    segment = {"start": 0, "end": 2.0 * len(tokens), "text": "".join(tokens), "words": timed}
    with server.client() as http:
        http.put(
            f"/api/jobs/{job}/transcript", json={"segments": [segment]}, headers={"If-Match": "*"}
        ).raise_for_status()
    tab.page.goto("about:blank")
    tab.page.goto(f"{server.url}/#/job/{job}")
    text = tab.page.locator(".text").first
    text.wait_for(timeout=WAIT)
    return text


def segments_of(server: Server, job: str) -> list[dict[str, Any]]:
    with server.client() as http:
        segments: list[dict[str, Any]] = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    return segments


def check_playback_of(tab: Tab, word: str, start: float) -> None:
    """Click a word and check that it plays from its start."""
    at = place(tab, word)
    tab.page.mouse.click(at["x"], at["y"])
    until(tab.page, "!document.querySelector('audio').paused")
    time = tab.page.evaluate("document.querySelector('audio').currentTime")
    assert start <= time < start + 1.9, (word, time)
    tab.page.keyboard.press("Escape")


@pytest.mark.parametrize("tokens", [ARABIC, HEBREW], ids=["arabic", "hebrew"])
def test_right_to_left_scripts(tab: Tab, server: Server, job: str, tokens: list[str]) -> None:
    text = opened(tab, server, job, tokens)
    page = tab.page
    first, last = tokens[0], tokens[-1].strip()
    assert text.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert place(tab, first)["x"] > place(tab, last)["x"]
    check_playback_of(tab, tokens[2].strip(), 4.0)
    # Split before the fourth word.
    caret(tab, len("".join(tokens[:3])))
    page.keyboard.press("Enter")
    assert page.locator(".text").all_text_contents() == [
        "".join(tokens[:3]), "".join(tokens[3:]).strip()
    ]  # fmt: skip
    # Find and replace, then join the segments.
    page.keyboard.press("Control+h")
    page.keyboard.type(last)
    page.get_by_text("1 of 1").wait_for()
    page.get_by_label("Replace with").fill(first)
    page.get_by_role("button", name="All").click()
    page.keyboard.press("Escape")
    page.locator(".text").nth(1).focus()
    page.keyboard.press("Home")
    page.keyboard.press("Backspace")
    saved(tab)
    whole = "".join([*tokens[:-1], f" {first}"])
    (segment,) = segments_of(server, job)
    assert segment["text"].strip() == whole
    assert [word["start"] for word in segment["words"][:5]] == [0, 2, 4, 6, 8]
    assert tab.errors == []


def test_the_page_is_arabic_in_an_arabic_browser(chromium: Any, server: Server, job: str) -> None:
    """On a phone, which does not scroll sideways. The player runs from left to right."""
    context = chromium.new_context(locale="ar-EG", viewport={"width": 390, "height": 664})
    tab = Tab(context)
    opened(tab, server, job, ["Good", " morning"])
    page = tab.page
    direction = "element => getComputedStyle(element).direction"
    expected = {
        "html": "rtl",
        ".toolbar": "rtl",
        ".text": "ltr",
        ".waveform": "ltr",
        ".controls": "ltr",
    }
    assert {part: page.locator(part).first.evaluate(direction) for part in expected} == expected
    page.get_by_role("button", name="تصدير").wait_for(timeout=WAIT)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.errors == []
    context.close()


@pytest.mark.parametrize("tokens", [CHINESE, JAPANESE], ids=["chinese", "japanese"])
def test_scripts_without_spaces(tab: Tab, server: Server, job: str, tokens: list[str]) -> None:
    opened(tab, server, job, tokens)
    page = tab.page
    check_playback_of(tab, tokens[2], 4.0)
    caret(tab, len("".join(tokens[:2])))
    page.keyboard.press("Enter")
    assert page.locator(".text").all_text_contents() == ["".join(tokens[:2]), "".join(tokens[2:])]
    page.keyboard.press("Backspace")
    assert page.locator(".text").all_text_contents() == ["".join(tokens)]
    page.keyboard.press("Control+h")
    page.keyboard.type(tokens[-1])
    page.get_by_role("button", name="Whole words").click()
    page.get_by_text("1 of 1").wait_for()
    page.get_by_label("Replace with").fill(tokens[0])
    page.get_by_role("button", name="All").click()
    page.keyboard.press("Escape")
    saved(tab)
    (segment,) = segments_of(server, job)
    assert segment["text"] == "".join([*tokens[:-1], tokens[0]])
    assert [word["word"] for word in segment["words"][:5]] == tokens[:5]
    assert [word["start"] for word in segment["words"][:5]] == [0, 2, 4, 6, 8]
    assert tab.errors == []


def test_input_method_composition(tab: Tab, server: Server, job: str) -> None:
    """Enter ends a composition without splitting; the composed text is one undo step."""
    text = opened(tab, server, job, CHINESE)
    page = tab.page
    text.focus()
    page.keyboard.press("Control+End")
    keys = page.context.new_cdp_session(page)
    for part in ("h", "ha", "hao"):
        keys.send(
            "Input.imeSetComposition",
            {"text": part, "selectionStart": len(part), "selectionEnd": len(part)},
        )
    assert page.locator(".text").count() == 1
    keys.send("Input.insertText", {"text": "好"})
    assert text.text_content() == "".join(CHINESE) + "好"
    saved(tab)
    assert segments_of(server, job)[0]["text"] == "".join(CHINESE) + "好"
    page.keyboard.press("Control+z")
    assert text.text_content() == "".join(CHINESE)


def test_subtitles_are_shown_over_a_video(tab: Tab, server: Server, tmp_path: Path) -> None:
    page = tab.page
    page.goto(server.url)
    page.get_by_role("button", name="Choose files").wait_for()
    film = talking_video(tmp_path / "film.webm", SAMPLES / "english.wav")
    page.set_input_files("input[type=file]", film)
    page.get_by_role("link", name="film.webm").click(timeout=WAIT)
    page.locator(".segment").first.wait_for(timeout=WAIT)
    video = "document.querySelector('video')"
    until(page, f"{video}.videoWidth === 320 && {video}.textTracks[0]?.mode === 'showing'")
    cues = f"[...({video}.textTracks[0].activeCues ?? [])].map(c => c.text).join(' ')"
    page.evaluate(f"{video}.currentTime = 1.5")
    until(page, f"{cues}.replace(/\\s+/g, ' ').includes('Good morning')")
    until(page, f"{video}.textTracks[0].activeCues[0].line < -1")  # not at the edge
    # The video plays with audio.
    page.keyboard.press("Alt+k")
    until(page, f"{video}.currentTime > 2.5 && {video}.webkitAudioDecodedByteCount > 0")
    page.keyboard.press("Escape")
    # The subtitles show a correction once it is saved.
    page.locator(".text").first.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.type("Well: ")
    saved(tab)
    page.evaluate(f"{video}.currentTime = 1.4")
    until(page, f"{cues}.replace(/\\s+/g, ' ').includes('Well: Good')")
    assert tab.errors == []
