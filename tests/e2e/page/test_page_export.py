"""What is taken along: every format as the browser saves it, with the correction in it."""

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

pytestmark = [pytest.mark.slow, *needs_browser]

NAME = "Garden walk, für Ada"
CUE = re.compile(r"([\d:.,]+) --> ([\d:.,]+)\n(.+?)(?:\n\n|\Z)", re.DOTALL)
PLAIN = "newsroom.example"
"""A name that is not this machine's own: by plain http a browser trusts such a page less."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser(f"--host-resolver-rules=MAP {PLAIN} 127.0.0.1") as launched:
        yield launched


@pytest.fixture(scope="module")
def job(server: Server, chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A recording with speakers, and a word that was added on the page."""
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
        found: list[dict[str, Any]] = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    assert found[0]["text"].endswith("garden. Indeed.") and found[0]["speaker"] == "Gardener"
    return found


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
    download.value.save_as(folder / f"taken.{suffix}")
    return folder / f"taken.{suffix}"


def text(page: Any, format: str, folder: Path) -> str:
    return downloaded(page, format, folder).read_text(encoding="utf-8")


def cues(written: str) -> list[tuple[float, float, str]]:
    """The cues of SRT or WebVTT."""
    return [(moment(start), moment(end), said) for start, end, said in CUE.findall(written)]


def moment(written: str) -> float:
    seconds = 0.0
    for part in written.replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def whole(segments: list[dict[str, Any]]) -> str:
    return " ".join(one["text"].strip() for one in segments)


def test_text(page: Any, segments: list[dict[str, Any]], tmp_path: Path) -> None:
    lines = text(page, "txt", tmp_path).splitlines()
    assert lines == [f"[{one['speaker']}]: {one['text'].strip()}" for one in segments]


@pytest.mark.parametrize("format", ["srt", "vtt"])
def test_subtitles_keep_their_bounds(
    page: Any, segments: list[dict[str, Any]], tmp_path: Path, format: str
) -> None:
    page.get_by_label("Letters in a line").fill("30")
    page.get_by_label("Lines").fill("1")
    written = text(page, format, tmp_path)
    assert written.startswith("WEBVTT\n\n" if format == "vtt" else "1\n00:00:0")
    found = cues(written)
    assert len(found) > len(segments)
    assert all(len(said) <= 30 and "\n" not in said for _, _, said in found)
    assert all(start < end for start, end, _ in found)
    assert all(one[1] <= other[0] for one, other in zip(found, found[1:], strict=False))
    said = " ".join(said for _, _, said in found)
    assert re.sub(r"\[\w+\]: ", "", said) == whole(segments)
    assert found[0][2].startswith("[Gardener]: Good morning")
    assert found[0][0] == pytest.approx(segments[0]["start"], abs=0.3)
    if format == "srt":
        numbers = [int(one) for one in re.findall(r"^(\d+)\n\d\d:", written, re.MULTILINE)]
        assert numbers == list(range(1, len(found) + 1))


def test_a_table(page: Any, segments: list[dict[str, Any]], tmp_path: Path) -> None:
    head, *rows = [line.split("\t") for line in text(page, "tsv", tmp_path).splitlines()]
    assert head == ["start", "end", "text"]
    assert rows == [
        [str(round(1000 * one["start"])), str(round(1000 * one["end"])), one["text"].strip()]
        for one in segments
    ]


def test_everything(page: Any, segments: list[dict[str, Any]], tmp_path: Path) -> None:
    taken = json.loads(text(page, "json", tmp_path))
    assert taken["segments"] == segments and taken["language"] == "en"
    assert taken["text"].strip().endswith("table.") and "garden. Indeed." in taken["text"]
    assert (taken["backend"], taken["model"]) == ("faster", "tiny.en")
    heard = segments[0]["words"]
    assert heard[-1]["word"] == " Indeed." and heard[-2]["word"] == " garden."
    assert 0 < heard[0]["start"] + 0.01 <= heard[0]["end"] and 0 < heard[0]["probability"] <= 1


def test_jojo(page: Any, job: str, segments: list[dict[str, Any]], tmp_path: Path) -> None:
    taken = json.loads(text(page, ".jojo", tmp_path))
    assert taken["docVersion"] == "1.0" and taken["id"] == job
    assert taken["audiofile"]["url"].endswith(f"{NAME}.wav")
    assert taken["segments"] == [
        {
            "id": str(number),
            "timeStart": int(one["start"] * 100),
            "timeEnd": int(one["end"] * 100),
            "text": one["text"].strip(),
        }
        for number, one in enumerate(segments)
    ]


def test_word(page: Any, segments: list[dict[str, Any]], tmp_path: Path) -> None:
    paragraphs = [
        one.text for one in docx.Document(str(downloaded(page, "docx", tmp_path))).paragraphs
    ]
    assert paragraphs[0].startswith(NAME)
    everything = " ".join(paragraphs[1:])
    for one in segments:
        assert one["text"].strip() in everything
    assert "Gardener" in everything and "Client" in everything


@pytest.mark.parametrize("host", ["127.0.0.1", PLAIN])
def test_text_is_copied_wherever_the_page_is(
    chromium: Any, server: Server, job: str, segments: list[dict[str, Any]], host: str
) -> None:
    """By plain http from another machine a browser has no clipboard for scripts."""
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
    assert lines == [f"[{one['speaker']}]: {one['text'].strip()}" for one in segments]
    context.close()
