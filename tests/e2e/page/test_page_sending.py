"""Recordings on their way to the server: several, dropped, cut off, closed in the middle."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser
from support.page_scene import with_silence
from support.samples import SAMPLES
from support.serving import Server, running
from support.wire import Wire

pytestmark = [pytest.mark.slow, *needs_browser]

MINUTES = 10
"""Of sound: 19 MB, so three pieces."""
RATE = 6_000_000
"""Bytes a second: slow enough to cut in the middle."""
HALF = 9_000_000
DROP = """([names, sound]) => {
  const bytes = Uint8Array.from(atob(sound), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  for (const name of names) dataTransfer.items.add(new File([bytes], name, { type: "audio/wav" }));
  for (const type of ["dragover", "drop"]) {
    document.querySelector("main").dispatchEvent(
      new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  }
}"""
"""Files as a hand lets them fall on the page."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("sending")
    with running(folder, rate_limit="100000/minute") as server:
        yield server


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_silence(tmp_path_factory.mktemp("long") / "long.wav", MINUTES)


@pytest.fixture
def wire(server: Server, tab: Tab) -> Wire:
    """A slow connection, with the page open at its other end."""
    wire = Wire(server.port, RATE)
    opened(tab, wire)
    return wire


def opened(tab: Tab, wire: Wire) -> None:
    tab.page.goto(f"http://127.0.0.1:{wire.port}")
    tab.page.get_by_role("button", name="Choose files").wait_for()


def pieces(tab: Tab) -> list[int]:
    """Where each piece that is sent from now on begins."""
    found: list[int] = []

    def asked(request: Any) -> None:
        if request.method == "PATCH":
            found.append(int(request.headers["upload-offset"]))

    tab.page.on("request", asked)
    return found


def arrived(tab: Tab, server: Server, size: int) -> None:
    """Waits until the server has so much of what is being sent."""
    with server.client() as http:
        for _ in range(1200):
            if any(one["offset"] >= size for one in http.get("/api/uploads").json()["uploads"]):
                return
            tab.page.wait_for_timeout(50)
    raise AssertionError(f"{size} bytes never came")


def kept(tab: Tab, server: Server, name: str) -> bytes:
    """What the server has of the newest recording of that name, once it is one."""
    tab.page.get_by_role("link", name=name).first.wait_for(timeout=WAIT)
    with server.client() as http:
        jobs = http.get("/api/jobs").json()["jobs"]
        newest = max((one for one in jobs if one["filename"] == name), key=lambda j: j["created"])
        sound = http.get(f"/api/jobs/{newest['id']}/audio").raise_for_status().content
        http.delete(f"/api/jobs/{newest['id']}").raise_for_status()
    return sound


def test_a_cut_connection_goes_on_where_it_was(
    tab: Tab, server: Server, wire: Wire, long: Path
) -> None:
    sent = pieces(tab)
    tab.page.set_input_files("input[type=file]", long)
    arrived(tab, server, HALF)
    wire.cut()
    tab.page.get_by_text("It goes on by itself from where it was").wait_for(timeout=10_000)
    assert kept(tab, server, "long.wav") == long.read_bytes()
    begun = len([at for at in sent if at == 0])
    assert begun == 1 and any(at >= HALF and at % 1_048_576 for at in sent), sent


def test_a_closed_tab_is_gone_on_with_when_the_file_is_chosen_again(
    chromium: Any, tab: Tab, server: Server, wire: Wire, long: Path
) -> None:
    page = tab.page
    asked: list[str] = []

    def leave(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.set_input_files("input[type=file]", long)
    arrived(tab, server, HALF)
    page.get_by_role("heading", name="Your recordings").click()  # else no browser asks
    page.reload()
    assert asked == ["beforeunload"]
    row = page.get_by_role("listitem").filter(has_text="Choose the same file again")
    row.get_by_text("long.wav").wait_for(timeout=WAIT)
    sent = pieces(tab)
    page.set_input_files("input[type=file]", long)
    assert kept(tab, server, "long.wav") == long.read_bytes()
    assert sent[0] >= HALF, sent
    row.wait_for(state="detached")


def test_what_is_on_its_way_can_be_stopped(
    tab: Tab, server: Server, wire: Wire, long: Path
) -> None:
    page = tab.page
    page.set_input_files("input[type=file]", [long, SAMPLES / "english.wav"])
    page.get_by_text("Waits for the one before").wait_for()
    arrived(tab, server, HALF)
    page.get_by_role("button", name="Stop sending long.wav").click()
    # The next one goes, and nothing of the stopped one stays.
    page.get_by_role("link", name="english.wav").wait_for(timeout=WAIT)
    with server.client() as http:
        assert http.get("/api/uploads").json()["uploads"] == []
    assert not page.get_by_role("link", name="long.wav").count()
    kept(tab, server, "english.wav")


def test_several_are_dropped_at_once(tab: Tab, server: Server) -> None:
    page = tab.page
    page.goto(server.url)
    page.get_by_role("button", name="Choose files").wait_for()
    sound = base64.b64encode((SAMPLES / "english.wav").read_bytes()).decode()
    names = ["one.wav", "two.wav", "drei, größer.wav"]
    page.evaluate(DROP, [names, sound])
    for name in names:
        row = page.get_by_role("listitem").filter(has_text=name)
        row.get_by_text("Done", exact=True).wait_for(timeout=WAIT)
    with server.client() as http:
        jobs = http.get("/api/jobs").json()["jobs"]
    assert {one["filename"] for one in jobs} >= set(names)
    assert tab.errors == []
