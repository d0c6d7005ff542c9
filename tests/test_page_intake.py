"""The ways into the page: a link, what it refuses before sending, what it greys and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from browsing import Tab, browser, files, needs_browser
from conftest import SAMPLES
from page_views import WAIT
from serving import Server, running

pytestmark = [pytest.mark.slow, *needs_browser]

LIMIT = 1_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("intake")
    with running(folder, fetch_private="true", max_upload=LIMIT) as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as launched:
        yield launched


@pytest.fixture
def tab(chromium: Any, server: Server) -> Iterator[Tab]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    tab = Tab(context)
    tab.page.goto(server.url)
    tab.page.get_by_role("button", name="Choose files").wait_for()
    yield tab
    context.close()


def test_a_link_is_fetched_and_a_wrong_one_explained(tab: Tab) -> None:
    page = tab.page
    with files(SAMPLES) as url:
        page.get_by_role("button", name="Paste a link").click()
        page.get_by_label("Address").fill("not an address")
        page.get_by_role("button", name="Fetch").click()
        assert page.get_by_role("dialog").is_visible()  # the browser says what is wrong with it
        page.get_by_label("Address").fill(f"{url}/pause.wav")
        page.get_by_role("button", name="Fetch").click()
        page.get_by_role("link", name="pause.wav").wait_for(timeout=WAIT)
        page.get_by_role("button", name="Paste a link").click()
        page.get_by_label("Address").fill(f"{url}/nothing.wav")
        page.get_by_role("button", name="Fetch").click()
        page.get_by_role("dialog").get_by_role("alert").wait_for(timeout=WAIT)
        assert "answered 404" in page.get_by_role("dialog").inner_text()
        assert page.get_by_label("Address").input_value().endswith("nothing.wav")


def test_what_cannot_be_taken_is_refused_before_it_is_sent(tab: Tab) -> None:
    page = tab.page
    given: list[Any] = [
        {"name": "long.wav", "mimeType": "audio/wav", "buffer": b"x" * (LIMIT + LIMIT // 2)},
        {"name": "letter.pdf", "mimeType": "application/pdf", "buffer": b"x"},
        {"name": "folder", "mimeType": "", "buffer": b""},
    ]
    page.set_input_files("input[type=file]", given)
    said = page.get_by_role("alert").inner_text()
    assert "long.wav has 1.5 MB; this server takes 1 MB at most. Send it in parts" in said
    assert "letter.pdf is not a recording" in said and "folder is empty" in said
    assert not page.get_by_role("link", name="long.wav").count()


def test_what_is_no_sound_fails_with_a_way_on(tab: Tab) -> None:
    page = tab.page
    noise: Any = {"name": "broken.mp3", "mimeType": "audio/mpeg", "buffer": b"no sound" * 99}
    page.set_input_files("input[type=file]", noise)
    row = page.get_by_role("listitem").filter(has_text="broken.mp3")
    row.get_by_text("not audio or video").wait_for(timeout=WAIT)
    row.get_by_role("link").click()
    page.get_by_text("save it as MP3 or WAV").wait_for()
    page.get_by_role("button", name="Try again").wait_for()


def test_what_a_backend_cannot_do_is_grey_with_the_reason(tab: Tab, server: Server) -> None:
    """Whatever this server's info refuses of the usual backend."""
    page = tab.page
    with server.client() as http:
        info = http.get("/api/info").json()
    usual = next(one for one in info["backends"] if one["name"] == info["backend"])
    page.locator(".options > summary").click()
    for name, label in (
        ("initial_prompt", "Context"), ("hotwords", "Words to expect"),
        ("speakers", "Tell speakers apart"), ("language_per_chunk", "Several languages"),
    ):  # fmt: skip
        can = usual["options"][name]
        field = page.get_by_label(label)
        assert field.is_enabled() == can["allowed"], name
        if not can["allowed"]:
            about = page.locator(f"#{field.get_attribute('aria-describedby')}")
            assert can["reason"] in about.inner_text()
