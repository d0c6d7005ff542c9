"""Adding recordings: by keyboard, microphone and address, and refused files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.browsing import WAIT, Tab, browser, files, microphone, needs_browser
from support.samples import SAMPLES, reference, words
from support.serving import Server, running

pytestmark = [pytest.mark.slow, *needs_browser]

LIMIT = 1_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("intake")
    with running(folder, fetch_private="true", max_upload=LIMIT) as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser(*microphone(SAMPLES / "english.wav")) as launched:
        yield launched


@pytest.fixture
def tab(chromium: Any, server: Server) -> Iterator[Tab]:
    context = chromium.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-GB", permissions=["microphone"],
        timezone_id="Asia/Kolkata",
    )  # fmt: skip
    tab = Tab(context)
    tab.page.goto(server.url)
    tab.page.get_by_role("button", name="Choose files").wait_for()
    yield tab
    context.close()


CALLED = """(() => {
  const here = document.activeElement;
  if (!here.matches("a, button, input, select, textarea, summary, [role=textbox]")) return "";
  return here.getAttribute("aria-label") ?? here.textContent;
})()"""
"""Accessible name of the element with the focus."""


def tab_to(tab: Tab, name: str) -> None:
    """Press Tab until the element of this name has the focus."""
    for _ in range(60):
        tab.page.keyboard.press("Tab")
        if name in tab.page.evaluate(CALLED):
            return
    raise AssertionError(f"Tab never comes to {name!r}")


def test_upload_correct_and_download_by_keyboard(tab: Tab, tmp_path: Path) -> None:
    page = tab.page
    # Listen from the start: Playwright can miss a chooser that opens while it is expected.
    page.on("filechooser", lambda chooser: chooser.set_files(SAMPLES / "english.wav"))
    tab_to(tab, "Choose files")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="english.wav").wait_for(timeout=WAIT)
    # Screen readers are told.
    page.locator("#whisper", has_text="english.wav: Done").wait_for(timeout=WAIT, state="attached")
    tab_to(tab, "Choose english.wav")
    page.keyboard.press("Tab")  # from the row's box to its link
    page.keyboard.press("Enter")
    page.locator(".segment").first.wait_for(timeout=WAIT)
    tab_to(tab, "0:00, text")
    page.keyboard.press("Control+End")
    page.keyboard.type(" Indeed.")
    page.keyboard.press("Control+s")
    page.get_by_text("Saved", exact=True).wait_for(timeout=WAIT)
    page.reload()
    page.locator(".segment").first.wait_for(timeout=WAIT)
    tab_to(tab, "Export")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Export").wait_for()
    tab_to(tab, "Download txt")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "english.txt")
    assert "garden. Indeed." in (tmp_path / "english.txt").read_text(encoding="utf-8")
    assert tab.errors == []


@pytest.mark.alone
def test_an_unsent_recording_survives_a_reload(tab: Tab) -> None:
    """The page is reloaded after the first half of the clip of the fake microphone."""
    page = tab.page
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text("0:07", exact=True).wait_for(timeout=WAIT)
    page.reload()
    page.get_by_text("Recorded, not yet sent").wait_for(timeout=WAIT)
    page.get_by_role("button", name="Transcribe").click()
    page.get_by_text("Recorded, not yet sent").wait_for(state="detached")
    page.get_by_role("link", name=re.compile("^Recording 2")).click(timeout=WAIT)
    page.locator(".segment").first.wait_for(timeout=WAIT)
    hypothesis = words(" ".join(page.locator(".text").all_text_contents()))
    expected_words = words(reference("english"))[2:8]  # the recording may miss the first two
    assert len(set(expected_words) & set(hypothesis)) >= 0.75 * len(set(expected_words)), hypothesis


def recorded(server: Server) -> list[str]:
    """States of the jobs recorded from the microphone."""
    with server.client() as http:
        jobs = http.get("/api/jobs").json()["jobs"]
    return [job["state"] for job in jobs if job["filename"].startswith("Recording 2")]


PIECES = """async () => {
  const result = (request) => new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
  });
  const open = await result(indexedDB.open("unispeech", 1));
  const count = await result(open.transaction("pieces").objectStore("pieces").count());
  open.close();
  return count;
}"""
"""The number of pieces of recordings in the browser."""


def test_a_recording_is_kept_until_it_is_a_job(tab: Tab) -> None:
    """The tab is reloaded while the server cannot be reached."""
    page = tab.page
    page.on("dialog", lambda dialog: dialog.accept())  # the upload would be lost
    page.route("**/api/uploads", lambda route: route.abort())
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text("0:01", exact=True).wait_for(timeout=WAIT)
    page.get_by_role("button", name="Stop and transcribe").click()
    page.get_by_text("The upload resumes").wait_for(timeout=WAIT)
    page.reload()
    page.unroute("**/api/uploads")
    page.get_by_text("Recorded, not yet sent").wait_for(timeout=WAIT)
    assert page.evaluate(PIECES)
    page.get_by_role("button", name="Transcribe").click()
    page.get_by_role("link", name=re.compile("^Recording 2")).first.wait_for(timeout=WAIT)
    while page.evaluate(PIECES):  # the list may know the job before the request has its answer
        page.wait_for_timeout(100)
    page.reload()
    page.get_by_role("link", name=re.compile("^Recording 2")).first.wait_for(timeout=WAIT)
    assert not page.get_by_text("Recorded, not yet sent").is_visible()


@pytest.mark.alone
def test_a_recording_is_sent_or_discarded(tab: Tab, server: Server) -> None:
    page = tab.page
    before = recorded(server)
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text("0:02", exact=True).wait_for()
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("dialog").wait_for(state="detached")
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text("0:03", exact=True).wait_for()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("heading", name="Paused").wait_for()
    paused = page.get_by_role("timer").inner_text()
    page.wait_for_timeout(2500)
    assert page.get_by_role("timer").inner_text() == paused
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("0:06", exact=True).wait_for()
    page.get_by_role("button", name="Stop and transcribe").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name=re.compile("^Recording 2")).nth(len(before)).wait_for(
        timeout=WAIT
    )
    page.get_by_role("dialog").wait_for(state="detached")
    assert len(recorded(server)) == len(before) + 1
    # Its name is the local time.
    name = page.get_by_role("link", name=re.compile("^Recording 2")).first.inner_text()
    recorded_at = datetime.strptime(name, "Recording %Y-%m-%d %H.%M.webm")
    here = datetime.now(UTC) + timedelta(hours=5, minutes=30)
    assert abs(here.replace(tzinfo=None) - recorded_at) < timedelta(minutes=30)
    # The browser stores neither any more.
    page.reload()
    page.get_by_role("button", name="Choose files").wait_for()
    page.wait_for_timeout(500)
    assert not page.get_by_text("Recorded, not yet sent").count()
    assert tab.errors == []


def test_an_address_is_fetched_and_a_wrong_one_explained(tab: Tab) -> None:
    page = tab.page
    with files(SAMPLES) as url:
        page.get_by_role("button", name="Paste a link").click()
        page.get_by_label("Address").fill("not an address")
        page.get_by_role("button", name="Fetch").click()
        assert page.get_by_role("dialog").is_visible()  # the browser reports the invalid address
        page.get_by_label("Address").fill(f"{url}/pause.wav")
        page.get_by_role("button", name="Fetch").click()
        page.get_by_role("link", name="pause.wav").wait_for(timeout=WAIT)
        page.get_by_role("button", name="Paste a link").click()
        page.get_by_label("Address").fill(f"{url}/nothing.wav")
        page.get_by_role("button", name="Fetch").click()
        page.get_by_role("dialog").get_by_role("alert").wait_for(timeout=WAIT)
        assert "answered 404" in page.get_by_role("dialog").inner_text()
        assert page.get_by_label("Address").input_value().endswith("nothing.wav")


def test_unusable_uploads_are_refused_before_the_upload(tab: Tab) -> None:
    page = tab.page
    uploads: list[Any] = [
        {"name": "long.wav", "mimeType": "audio/wav", "buffer": b"x" * (LIMIT + LIMIT // 2)},
        {"name": "letter.pdf", "mimeType": "application/pdf", "buffer": b"x"},
        {"name": "folder", "mimeType": "", "buffer": b""},
    ]
    page.set_input_files("input[type=file]", uploads)
    messages = page.get_by_role("alert").inner_text()
    assert "long.wav is 1.5 MB; this server accepts up to 1 MB. Split it" in messages
    assert "letter.pdf is not a recording" in messages and "folder is empty" in messages
    assert not page.get_by_role("link", name="long.wav").count()
    for left in (2, 1, 0):
        page.get_by_role("alert").get_by_role("button", name="Close").first.click()
        assert page.get_by_role("alert").locator(".note").count() == left


def test_a_file_that_is_not_audio_fails_with_advice(tab: Tab) -> None:
    page = tab.page
    noise: Any = {"name": "broken.mp3", "mimeType": "audio/mpeg", "buffer": b"no sound" * 99}
    page.set_input_files("input[type=file]", noise)
    row = page.get_by_role("listitem").filter(has_text="broken.mp3")
    row.get_by_text("not audio or video").wait_for(timeout=WAIT)
    row.get_by_role("link").click()
    page.get_by_text("save it as MP3 or WAV").wait_for()
    assert not page.get_by_text("the transcription continues").count()
    assert not page.get_by_role("log", name="Text so far").is_visible()
    page.get_by_role("button", name="Try again").wait_for()


def test_unsupported_options_are_disabled_with_the_reason(tab: Tab, server: Server) -> None:
    """Compares the form with the options that /api/info refuses for the default backend."""
    page = tab.page
    with server.client() as http:
        info = http.get("/api/info").json()
    default = next(backend for backend in info["backends"] if backend["name"] == info["backend"])
    page.locator(".options summary").click()
    for name, label in (
        ("initial_prompt", "Context"), ("hotwords", "Words to expect"),
        ("speakers", "Speakers"), ("language_per_chunk", "Several languages"),
    ):  # fmt: skip
        allowance = default["options"][name]
        field = page.get_by_label(label)
        assert field.is_enabled() == allowance["allowed"], name
        if not allowance["allowed"]:
            hint = page.locator(f"#{field.get_attribute('aria-describedby')}").inner_text()
            reason, _, advice = allowance["reason"].partition("; ")
            assert not advice or advice not in hint, "advice for the operator"
            assert (reason if name != "speakers" else "does not tell speakers apart") in hint


def test_options_are_remembered_and_used(tab: Tab, server: Server) -> None:
    page = tab.page
    page.locator(".options summary").click()
    language, quality = (page.get_by_label(name, exact=True) for name in ("Language", "Quality"))
    assert (language.input_value(), quality.input_value()) == ("en", "balanced")  # model: tiny.en
    assert "tiny.en" in page.locator("#h-quality").inner_text()
    quality.select_option("Best")
    assert "base" in page.locator("#h-quality").inner_text()
    language.select_option("German")
    assert "base" in page.locator("#h-quality").inner_text()
    page.get_by_label("Context").fill("Über Gärten und Flüsse.")
    page.get_by_label("Words to expect").fill("Rosen, Brückenweg")
    page.reload()
    page.get_by_role("button", name="Choose files").wait_for()
    assert "custom vocabulary" in page.locator(".options summary").inner_text()
    assert language.input_value() == "de"
    assert page.get_by_label("Context").input_value() == "Über Gärten und Flüsse."
    page.set_input_files("input[type=file]", SAMPLES / "german.wav")
    page.get_by_role("link", name="german.wav").click(timeout=WAIT)
    page.locator(".segment").first.wait_for(timeout=WAIT)
    with server.client() as http:
        job = next(
            job for job in http.get("/api/jobs").json()["jobs"] if job["filename"] == "german.wav"
        )
    assert job["model"] == "base"
    expected = {
        "language": "de", "initial_prompt": "Über Gärten und Flüsse.",
        "hotwords": "Rosen, Brückenweg", "word_timestamps": True,
    }  # fmt: skip
    assert {name: job["options"][name] for name in expected} == expected
    hypothesis = words(" ".join(page.locator(".text").all_text_contents()))
    expected_words = words(reference("german"))
    assert len(set(expected_words) & set(hypothesis)) >= 0.75 * len(set(expected_words)), hypothesis
    # An English-only model sets the language.
    page.goto(server.url)
    page.get_by_label("Model").select_option("tiny.en")
    assert language.input_value() == "en"
    assert quality.locator("option:checked").inner_text() == "My own model"
    summary = page.locator(".options summary").inner_text()
    assert all(part in summary for part in ("tiny.en", "custom vocabulary")), summary
    assert tab.errors == []


def test_an_upload_resumes_after_the_server_restarts(chromium: Any, tmp_path: Path) -> None:
    context = chromium.new_context(locale="de-DE")
    tab = Tab(context)
    with running(tmp_path) as server:
        tab.page.goto(server.url)
        tab.page.get_by_role("button", name="Dateien wählen").wait_for()
        server.kill()
        tab.page.set_input_files("input[type=file]", SAMPLES / "english.wav")
        tab.page.get_by_text("Verbindung verloren. Die Übertragung geht von selbst").wait_for()
        server.start()
        row = tab.page.get_by_role("listitem").filter(has_text="english.wav")
        row.get_by_text("Fertig", exact=True).wait_for(timeout=WAIT)
    context.close()
