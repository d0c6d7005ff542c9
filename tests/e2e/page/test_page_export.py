"""Export: every format as the browser saves it, with a correction."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pytest

from support.browsing import WAIT, Tab, browser, needs_browser
from support.page_scene import corrected, joined, submitted
from support.page_steps import added, first
from support.serving import Server, until_ended
from unispeech.text.formats import FORMATS

pytestmark = [pytest.mark.slow, *needs_browser]

NAME = "Garden walk, für Ada"
CUE = re.compile(r"([\d:.,]+) --> ([\d:.,]+)\n(.+?)(?:\n\n|\Z)", re.DOTALL)
PLAIN = "newsroom.local"
"""A host name other than localhost: over plain http a browser restricts such a page."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser(f"--host-resolver-rules=MAP {PLAIN} 127.0.0.1") as launched:
        yield launched


@pytest.fixture(scope="module")
def job(server: Server, chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A recording with speakers and a word added on the page."""
    with server.client() as http:
        id = submitted(http, joined(tmp_path_factory.mktemp("sound") / f"{NAME}.wav", 1))
        until_ended(http, id)
        corrected(http, id)
    context = chromium.new_context(locale="en-GB")
    tab = Tab(context)
    tab.page.goto(f"{server.url}/#/job/{id}")
    first(tab).wait_for(timeout=WAIT)
    added(tab, " Indeed.")
    context.close()
    return id


@pytest.fixture
def segments(server: Server, job: str) -> list[dict[str, Any]]:
    with server.client() as http:
        segments: list[dict[str, Any]] = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    assert segments[0]["text"].endswith("garden. Indeed.") and segments[0]["speaker"] == "Gardener"
    return segments


@pytest.fixture
def page(tab: Tab, server: Server, job: str) -> Iterator[Any]:
    tab.page.goto(f"{server.url}/#/job/{job}/export")
    tab.page.locator(".formats").wait_for(timeout=WAIT)
    yield tab.page
    assert tab.errors == []


def downloaded(page: Any, format: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Download {format}", exact=True).click()
    suffix = format.removeprefix(".")
    assert download.value.suggested_filename == f"{NAME}.{suffix}"
    download.value.save_as(folder / f"export.{suffix}")
    return folder / f"export.{suffix}"


def text(page: Any, format: str, folder: Path) -> str:
    return downloaded(page, format, folder).read_text(encoding="utf-8")


def cues(written: str) -> list[tuple[float, float, str]]:
    """Cues of SRT or WebVTT."""
    return [(moment(start), moment(end), text) for start, end, text in CUE.findall(written)]


def moment(written: str) -> float:
    seconds = 0.0
    for part in written.replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def joined_texts(segments: list[dict[str, Any]]) -> str:
    return " ".join(segment["text"].strip() for segment in segments)


def test_txt(page: Any, segments: list[dict[str, Any]], tmp_path: Path) -> None:
    lines = text(page, "txt", tmp_path).splitlines()
    assert lines == [f"[{segment['speaker']}]: {segment['text'].strip()}" for segment in segments]


@pytest.mark.parametrize("format", ["srt", "vtt"])
def test_subtitles_keep_their_bounds(
    page: Any, segments: list[dict[str, Any]], tmp_path: Path, format: str
) -> None:
    page.get_by_label("Characters per line").fill("30")
    page.get_by_label("Lines").fill("1")
    written = text(page, format, tmp_path)
    assert written.startswith("WEBVTT\n\n" if format == "vtt" else "1\n00:00:0")
    shown = cues(re.sub(r"<v [^>]*>", "", written))
    assert len(shown) > len(segments)
    assert all(len(text) <= 30 and "\n" not in text for _, _, text in shown)
    assert all(start < end for start, end, _ in shown)
    assert all(cue[1] <= following[0] for cue, following in zip(shown, shown[1:], strict=False))
    joined_text = " ".join(text for _, _, text in shown)
    assert re.sub(r"\[\w+\]: ", "", joined_text) == joined_texts(segments)
    first = "<v Gardener>Good morning" if format == "vtt" else "[Gardener]: Good morning"
    assert first in written
    assert shown[0][0] == pytest.approx(segments[0]["start"], abs=0.3)
    if format == "srt":
        numbers = [int(number) for number in re.findall(r"^(\d+)\n\d\d:", written, re.MULTILINE)]
        assert numbers == list(range(1, len(shown) + 1))


def test_house_rules_with_a_value_of_ones_own(page: Any, tmp_path: Path) -> None:
    page.get_by_label("House rules").select_option("bbc")
    width = page.get_by_label("Characters per line")
    assert width.input_value() == "" and width.get_attribute("placeholder") == "37"
    shown = cues(text(page, "srt", tmp_path))
    assert all(len(line) <= 37 for _, _, cue in shown for line in cue.splitlines())
    assert any(len(line) > 22 for _, _, cue in shown for line in cue.splitlines())
    width.fill("22")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Speakers", exact=True).select_option("none")
    again = cues(text(page, "srt", tmp_path))
    assert all(len(line) <= 22 for _, _, cue in again for line in cue.splitlines())
    assert "Gardener" not in str(again)
    page.get_by_label("House rules").select_option("")
    assert width.input_value() == "42"


def test_every_format_of_the_registry_has_a_button(page: Any) -> None:
    for format in FORMATS:
        assert page.get_by_role("button", name=f"Download {format}", exact=True).count() == 1


def test_tsv(page: Any, segments: list[dict[str, Any]], tmp_path: Path) -> None:
    head, *rows = [line.split("\t") for line in text(page, "tsv", tmp_path).splitlines()]
    assert head == ["start", "end", "text"]
    assert rows == [
        [
            str(round(1000 * segment["start"])),
            str(round(1000 * segment["end"])),
            segment["text"].strip(),
        ]
        for segment in segments
    ]


def test_json(page: Any, segments: list[dict[str, Any]], tmp_path: Path) -> None:
    exported = json.loads(text(page, "json", tmp_path))
    assert exported["segments"] == segments and exported["language"] == "en"
    assert exported["text"].strip().endswith("table.") and "garden. Indeed." in exported["text"]
    assert (exported["backend"], exported["model"]) == ("faster", "tiny.en")
    first_words = segments[0]["words"]
    assert first_words[-1]["word"] == " Indeed." and first_words[-2]["word"] == " garden."
    assert (
        0 < first_words[0]["start"] + 0.01 <= first_words[0]["end"]
        and 0 < first_words[0]["probability"] <= 1
    )


def test_jojo(page: Any, job: str, segments: list[dict[str, Any]], tmp_path: Path) -> None:
    exported = json.loads(text(page, ".jojo", tmp_path))
    assert exported["docVersion"] == "1.0" and exported["id"] == job
    assert exported["audiofile"]["url"].endswith(f"{NAME}.wav")
    assert exported["segments"] == [
        {
            "id": str(number),
            "timeStart": int(segment["start"] * 100),
            "timeEnd": int(segment["end"] * 100),
            "text": segment["text"].strip(),
        }
        for number, segment in enumerate(segments)
    ]


def test_docx(page: Any, segments: list[dict[str, Any]], tmp_path: Path) -> None:
    paragraphs = [
        paragraph.text
        for paragraph in docx.Document(str(downloaded(page, "docx", tmp_path))).paragraphs
    ]
    assert paragraphs[0].startswith(NAME)
    everything = " ".join(paragraphs[1:])
    for segment in segments:
        assert segment["text"].strip() in everything
    assert "Gardener" in everything and "Visitor" in everything


@pytest.mark.parametrize("host", ["127.0.0.1", PLAIN])
def test_text_is_copied_with_and_without_the_clipboard_api(
    chromium: Any, server: Server, job: str, segments: list[dict[str, Any]], host: str
) -> None:
    """Over plain http from another machine a browser has no clipboard API."""
    context = chromium.new_context(locale="en-GB")
    tab = Tab(context)
    tab.page.goto(f"http://{host}:{server.port}/#/job/{job}/export")
    copy = tab.page.get_by_role("button", name="Copy")
    copy.click(timeout=WAIT)
    assert tab.page.evaluate("Boolean(navigator.clipboard)") == (host != PLAIN)
    tab.page.get_by_text("The text is on the clipboard.").wait_for()
    assert copy.evaluate("button => button === document.activeElement")
    pasted = context.new_page()
    pasted.goto(f"{server.url}/healthz")
    pasted.set_content("<textarea></textarea>")
    pasted.locator("textarea").focus()
    pasted.keyboard.press("Control+v")
    lines = pasted.locator("textarea").input_value().splitlines()
    assert lines == [f"[{segment['speaker']}]: {segment['text'].strip()}" for segment in segments]
    context.close()
