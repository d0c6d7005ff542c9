"""A server with API keys: playback by tickets, and read-only share links."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser, until
from support.page_scene import submitted, with_silence
from support.page_steps import added, first, give_key, plays, saved, upload
from support.recordings import talking_video
from support.samples import SAMPLES, reference, words
from support.serving import Server, running, until_ended

pytestmark = [pytest.mark.slow, *needs_browser]

KEY = "the newsroom's key"
MINUTES = 10
"""Longer than a browser fetches at once."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("keys"), require_keys="true", api_key=KEY) as server:
        yield server


def test_a_server_with_keys_asks_for_a_key(tab: Tab, tmp_path: Path) -> None:
    """Before any view, and over the editor after the key has changed, without losing edits."""
    with running(tmp_path, require_keys="true", api_key="first") as server:
        tab.page.goto(server.url)
        give_key(tab.page, "wrong")
        tab.page.get_by_text("does not accept this key").wait_for()
        give_key(tab.page, "first")
        upload(tab, server)
        server.stop()
        server.environment["UNISPEECH_API_KEY"] = "second"
        first(tab).focus()
        tab.page.keyboard.press("Control+End")
        tab.page.keyboard.type(" Kept.")
        server.start()
        dialog = tab.page.get_by_role("dialog", name="This server requires an API key")
        give_key(dialog, "second")
        dialog.wait_for(state="detached")
        saved(tab)
        assert first(tab).text_content().endswith("garden. Kept.")


def test_an_address_opened_before_the_key_is_accepted_is_drawn_once(
    tab: Tab, server: Server
) -> None:
    page, requests, answers = tab.page, list[str](), list[Any]()
    with server.client(Authorization=f"Bearer {KEY}") as http:
        job = submitted(http, SAMPLES / "english.wav")
        until_ended(http, job)
    page.goto(server.url)
    page.get_by_label("API key").wait_for()
    page.on("request", lambda request: requests.append(request.url))
    page.route("**/api/info", lambda route: answers.append(route), times=1)
    give_key(page, KEY)
    page.evaluate("address => { location.hash = address }", f"#/job/{job}")
    page.wait_for_timeout(300)
    assert page.get_by_label("API key").is_visible()
    answers.pop().continue_()
    page.locator(".segment").first.wait_for(timeout=WAIT)
    page.wait_for_timeout(300)
    assert sum(url.endswith(f"/api/jobs/{job}") for url in requests) == 1


def test_a_shared_recording_shows_corrections_until_it_is_revoked(
    chromium: Any, tab: Tab, server: Server
) -> None:
    tab.page.goto(server.url)
    give_key(tab.page, KEY)
    upload(tab, server)
    plays(tab)
    link = shared(tab)
    context = chromium.new_context(locale="en-GB")  # a visitor without a key
    reader = Tab(context)
    reader.page.goto(link)
    reads_only(reader)
    assert reader.errors == []
    # Corrections appear without a reload.
    tab.page.go_back()
    added(tab, " Indeed.")
    reader.page.locator(".text", has_text="garden. Indeed.").first.wait_for(timeout=WAIT)
    tab.page.get_by_role("button", name="Share").click()
    tab.page.get_by_role("button", name="Revoke the link: The photo desk").click()
    tab.page.get_by_text("No links yet.").wait_for()
    reader.page.get_by_role("alert").get_by_text("This link has expired").wait_for(timeout=WAIT)
    reader.page.reload()
    reader.page.get_by_role("heading", name="Page not found").wait_for()
    context.close()


def shared(tab: Tab) -> str:
    """Share the open recording and return the address of the link."""
    tab.page.get_by_role("button", name="Share").click()
    tab.page.get_by_label("For whom").fill("The photo desk")
    tab.page.get_by_role("button", name="Create a link").click()
    address = tab.page.get_by_label("The link", exact=True).input_value(timeout=WAIT)
    tab.page.locator(".job .name", has_text="The photo desk").wait_for()
    return str(address)


def reads_only(reader: Tab) -> None:
    page = reader.page
    page.locator(".segment").first.wait_for(timeout=WAIT)
    text = " ".join(page.locator(".text").all_text_contents())
    assert words(text) == words(reference("english"))
    assert page.locator("[contenteditable]").count() == 0
    page.keyboard.type("nothing of this")
    assert " ".join(page.locator(".text").all_text_contents()) == text
    plays(reader)
    assert page.get_by_role("button", name="Share").count() == 0
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Word", exact=True).click()
    assert download.value.suggested_filename.endswith(".docx")


def test_a_share_link_waits_for_the_text(tab: Tab, server: Server, tmp_path: Path) -> None:
    with server.client(Authorization=f"Bearer {KEY}") as http:
        job = submitted(http, with_silence(tmp_path / "long.wav", MINUTES))
        link = http.post(f"/api/jobs/{job}/shares", json={}).raise_for_status().json()
        tab.page.goto(link["url"])
        tab.page.get_by_text("has no text yet").wait_for()
        tab.page.locator(".segment").first.wait_for(timeout=WAIT)
        assert http.delete(f"/api/jobs/{job}").status_code == 200


def test_audio_and_subtitles_survive_expired_tickets(
    tab: Tab, server: Server, tmp_path: Path
) -> None:
    page = tab.page
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    with server.client(Authorization=f"Bearer {KEY}") as http:
        long = submitted(http, with_silence(tmp_path / "long.wav", MINUTES))
        film = submitted(http, talking_video(tmp_path / "film.webm", SAMPLES / "english.wav"))
        for job in (long, film):
            until_ended(http, job)
    page.goto(server.url)
    give_key(page, KEY)
    page.goto(f"{server.url}/#/job/{long}")
    page.locator(".segment").first.wait_for(timeout=WAIT)
    audio = "document.querySelector('audio')"
    until(page, f"{audio}.readyState > 0")
    page.get_by_label("Speed").select_option("1.5")
    end_tickets(server)
    assert tickets(requests) == 1
    page.evaluate(f"{audio}.currentTime = {MINUTES * 60 - 20}")
    page.keyboard.press("Alt+k")
    until(page, f"!{audio}.error && {audio}.currentTime > {MINUTES * 60 - 19}")
    assert tickets(requests) == 2
    assert page.evaluate(f"{audio}.playbackRate") == 1.5

    page.goto(f"{server.url}/#/job/{film}")
    video = "document.querySelector('video')"
    until(page, f"{video}?.textTracks[0]?.mode === 'showing'")
    end_tickets(server)
    added(tab, " Indeed.")
    page.evaluate(f"{video}.currentTime = 3")
    cues = f"[...({video}.textTracks[0].cues ?? [])].map(c => c.text).join(' ')"
    until(page, f"{cues}.includes('Indeed.')")


def tickets(requests: list[str]) -> int:
    """Number of tickets requested."""
    return sum(url.endswith("/ticket") for url in requests)


def end_tickets(server: Server) -> None:
    """Expire all tickets, as happens after twelve hours."""
    with sqlite3.connect(server.folder / "data" / "unispeech.sqlite", timeout=30) as database:
        database.execute("DELETE FROM unispeech_secrets WHERE name = 'tickets'")
    database.close()
