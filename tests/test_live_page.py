"""The page /live in a real browser whose fake microphone plays a real clip."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import SAMPLES, reference, words
from serving import running

CHROMIUM = os.environ.get("UNISPEECH_TEST_CHROMIUM") or shutil.which("chromium") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here"),
    # The real thing warns inside its own event loop.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("page")) as server:
        yield f"{server.url}/live"


def test_somebody_speaks_reads_stops_and_takes_the_text_along(url: str, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    clip = f"--use-file-for-fake-audio-capture={SAMPLES / 'english.wav'}%noloop"
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, clip])
        context = browser.new_context(
            permissions=["microphone", "clipboard-read", "clipboard-write"]
        )
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        page.get_by_role("button", name="Start").click()
        page.locator("#captions .open").filter(has_text="morning").wait_for(timeout=60_000)
        page.get_by_text("the river").wait_for(timeout=90_000)
        page.get_by_role("button", name="Big text").click()
        assert page.locator("body.big").count() == 1
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Stopped.").wait_for(timeout=60_000)
        page.get_by_role("button", name="Copy").click()
        copied = page.evaluate("navigator.clipboard.readText()")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        download.value.save_as(tmp_path / "captions.txt")
        shot = os.environ.get("UNISPEECH_TEST_SHOT")
        if shot:
            page.screenshot(path=shot)
        browser.close()
    assert errors == []
    assert words((tmp_path / "captions.txt").read_text()) == words(copied)
    # The browser's own echo and noise processing is in between: nearly word for word.
    said, wanted = words(copied), words(reference("english"))
    assert len(set(wanted) & set(said)) >= 0.85 * len(set(wanted)), copied
